import { describe, expect, test } from 'vitest'
import { parseJournalLine } from '../../src/workspace/journal-entry.js'
import { readMetadata } from '../../src/workspace/metadata.js'
import { isNestedTooDeepValue, maxNesting } from '../../src/workspace/nesting.js'
import { rejection, withWorkspace } from './support.js'

const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`
const nestedInObjects = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

describe('a value that is nested', () => {
  test.each([
    ['lists', nested],
    ['objects', nestedInObjects],
  ])('in %s is too deep one level beyond the bound, and at any depth no stack ends', (_, textOf) => {
    const isTooDeep = (levels: number): boolean => isNestedTooDeepValue(JSON.parse(textOf(levels)))
    expect([1, maxNesting, maxNesting + 1, 100_000].map(isTooDeep)).toEqual([false, false, true, true])
  })

  test('and wide is looked through level by level', () => {
    expect(
      isNestedTooDeepValue({
        wide: Array.from({ length: 100_000 }, () => [[]]),
        deep: JSON.parse(nested(5_000)) as unknown,
      }),
    ).toBe(true)
    expect([null, 7, 'text', {}, []].map(isNestedTooDeepValue)).toEqual([false, false, false, false, false])
  })
})

test('a journal line that nests beyond any stack is a step without facts', () => {
  const step = { at: '2026-01-01T00:00:00.000Z', from: 'a', event: 'b', to: 'c' }
  const line = JSON.stringify({ ...step, facts: { a: 0 } })
  expect(parseJournalLine(line)).toEqual({ ...step, facts: { a: 0 } })
  expect(parseJournalLine(line.replace('0}', `${nested(50_000)}}`))).toEqual(step)
})

test('metadata that nests beyond any stack is refused as unreadable', () =>
  withWorkspace(
    { 'workdir/batch_metadata_4.jsonl': `{"batch_id":null,"more":${nested(50_000)}}` },
    async (workspace) => {
      const error = await rejection(readMetadata(workspace, workspace.layout.workdirFile('metadata', '4')))
      expect([error.code, error.message]).toEqual([
        'BatchMetadataUnreadable',
        expect.stringContaining('nested too deep'),
      ])
    },
  ))
