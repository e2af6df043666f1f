import { describe, expect, test } from 'vitest'
import { jsonLine } from '../../../src/cli/render/json-lines.js'
import { problemText } from '../../../src/cli/render/problem-text.js'
import { plainStyle } from '../../../src/cli/render/style.js'
import { tableText } from '../../../src/cli/render/table.js'
import { bytesText, countOf, countText, durationText } from '../../../src/units.js'

describe('units', () => {
  test.each([
    [0, '0'],
    [999, '999'],
    [1_000, '1,000'],
    [12_345_678, '12,345,678'],
  ])('%i is written %s', (count, text) => {
    expect(countText(count)).toBe(text)
  })

  test('one is singular', () => {
    expect([countOf(1, 'row'), countOf(0, 'row'), countOf(1_000, 'row')]).toEqual([
      '1 row',
      '0 rows',
      '1,000 rows',
    ])
  })

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_500, '1.5 kB'],
    [20_000_000, '20 MB'],
    [3_400_000_000, '3.4 GB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text)
  })

  test.each([
    [-5, '0 s'],
    [1, '1 s'],
    [119_000, '119 s'],
    [120_000, '2 min'],
    [7_200_000, '2 h'],
    [172_800_000, '2 d'],
  ])('%i milliseconds are %s', (durationMs, text) => {
    expect(durationText(durationMs)).toBe(text)
  })
})

describe('a problem', () => {
  const problem = { code: 'RequestIdsMismatch', message: 'Ids differ.' } as const

  test('is its code and what happened', () => {
    expect(problemText(problem, plainStyle)).toBe('✗ RequestIdsMismatch: Ids differ.')
  })

  test('names its triple, its cause and what to do', () => {
    const whole = { ...problem, causeMessage: 'EIO: i/o error', hint: 'Look at the disk.' }
    expect(problemText(whole, plainStyle, '7')).toBe(
      '✗ 7 RequestIdsMismatch: Ids differ.\n  caused by: EIO: i/o error\n  → Look at the disk.',
    )
  })

  test('does not repeat a cause that the message quotes', () => {
    const whole = { ...problem, message: 'Cannot read: EIO', causeMessage: 'EIO' }
    expect(problemText(whole, plainStyle)).toBe('✗ RequestIdsMismatch: Cannot read: EIO')
  })

  test('is bounded, whatever a server wrote into it', () => {
    const long = { ...problem, message: 'x\n'.repeat(100_000) }
    expect(problemText(long, plainStyle).length).toBeLessThan(1_100)
    expect(problemText(long, plainStyle)).not.toContain('\n')
  })
})

describe('a table', () => {
  const columns = [
    { title: 'name', text: (row: readonly string[]) => row[0] ?? '' },
    { title: 'count', isNumber: true, text: (row: readonly string[]) => row[1] ?? '' },
    { title: 'note', text: (row: readonly string[]) => row[2] ?? '' },
  ]
  const rows = [
    ['a', '1', 'short'],
    ['你好', '1,000', 'a note that goes on and on'],
  ]

  test('lines numbers up on the right, and counts wide characters twice', () => {
    expect(tableText(columns, rows, { style: plainStyle, width: null })).toBe(
      ['name  count  note', 'a         1  short', '你好  1,000  a note that goes on and on', ''].join('\n'),
    )
  })

  test('cuts only the last column to the width of the terminal', () => {
    const text = tableText(columns, rows, { style: plainStyle, width: 30 })
    expect(text).toContain('你好  1,000  a note that goes…')
  })

  test('without rows is its heading', () => {
    expect(tableText(columns, [], { style: plainStyle, width: null })).toBe('name  count  note\n')
  })
})

describe('a line of JSON', () => {
  test('holds no character that a terminal acts on, and reads back the same', () => {
    const value = { text: '\u001b[2J \u009b31m \u007f \u2028 ok' }
    const line = jsonLine(value)
    expect(line).not.toMatch(/[^\x20-\x7e\n]/)
    expect(JSON.parse(line)).toEqual(value)
  })
})
