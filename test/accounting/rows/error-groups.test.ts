import { describe, expect, test } from 'vitest'
import {
  collectErrorGroups,
  errorGroupLines,
  formatErrorGroups,
  maxErrorGroups,
} from '../../../src/accounting/rows/error-groups.js'

const failed = (customId: string, message: string, code = 'server_error') =>
  ({ custom_id: customId, outcome: 'transient', error: { code, message } }) as const

const word = (at: number): string => String.fromCharCode(97 + (at % 26), 97 + Math.floor(at / 26))

describe('collectErrorGroups', () => {
  test('counts rows of one kind together, with the first three ids', () => {
    const groups = collectErrorGroups()
    for (let at = 0; at < 5; at += 1) groups.add(failed(`id-${at}`, 'overloaded'))
    groups.add({ custom_id: 'fine', outcome: 'success' })
    expect(groups.groups()).toEqual([
      {
        outcome: 'transient',
        code: 'server_error',
        message: 'overloaded',
        count: 5,
        sampleIds: ['id-0', 'id-1', 'id-2'],
      },
    ])
  })

  test.each([
    [
      'request ids',
      'Error, request ID req_8f2c0aa91b in your email.',
      'Error, request ID req_77bc19d0ee in your email.',
    ],
    ['numbers', 'Limit 30000, used 29,950.', 'Limit 30000, used 1.'],
    ['UUIDs', 'at 0f8fad5b-d9cb-469f-a165-70867728950e', 'at 7c9e6679-7425-40de-944b-e07fc1f90ae7'],
    ['hashes', 'trace deadbeef0123456789', 'trace 0123456789deadbeef'],
  ])('does not split a group for %s', (_, first, second) => {
    const groups = collectErrorGroups()
    groups.add(failed('a', first))
    groups.add(failed('b', second))
    expect(groups.groups()).toMatchObject([{ count: 2, message: first }])
  })

  test('tells codes and messages apart and puts the largest group first', () => {
    const groups = collectErrorGroups()
    groups.add(failed('a', 'one'))
    groups.add(failed('b', 'two'))
    groups.add(failed('c', 'two'))
    groups.add(failed('d', 'two', 'other_code'))
    expect(groups.groups().map((group) => group.count)).toEqual([2, 1, 1])
  })

  test('stays bounded and still counts every row', () => {
    const groups = collectErrorGroups()
    for (let at = 0; at < 500; at += 1) groups.add(failed(`id-${at}`, `message ${word(at)}`))
    const all = groups.groups()
    expect(all).toHaveLength(maxErrorGroups + 1)
    expect(all.at(-1)).toMatchObject({ outcome: 'other', count: 300 })
    expect(all.reduce((sum, group) => sum + group.count, 0)).toBe(500)
  })

  test('writes groups for people and as JSON lines', () => {
    const groups = collectErrorGroups()
    groups.add(failed('a', 'overloaded\nsecond line'))
    expect(formatErrorGroups(groups.groups())).toBe('1 × server_error (transient): overloaded e.g. "a"')
    expect(JSON.parse(errorGroupLines(groups.groups()))).toEqual({
      outcome: 'transient',
      code: 'server_error',
      message: 'overloaded\nsecond line',
      count: 1,
      sample_custom_ids: ['a'],
    })
  })
})
