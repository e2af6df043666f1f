import { describe, expect, test } from 'vitest'
import { patternOf, rowOf, scan, scanners, wasmScanner } from './scanners.js'

const row = '{"custom_id":"a"}\n'
const withContent = (length: number, fill = 'x'): string =>
  `{"custom_id":"a","response":{"body":{"choices":[{"message":{"content":"${fill.repeat(length)}"}}]}}}\n`

const lineOf = (number: number): string => `{"custom_id":"a","kept":${number}}`
const longLineOf = (number: number): string =>
  `{"custom_id":"a",${Array.from({ length: 240 }, (_item, at) => `"k${at}":"${String(number).padEnd(50, 'x')}"`).join()}}`
const wide = (count: number, value: string): string =>
  `{"custom_id":"a",${Array.from({ length: count }, (_item, at) => `"k${at}":${value}`).join()}}`
const withHoles = (count: number): string =>
  `{"custom_id":"a","response":{"body":{"choices":[${'{"logprobs":1},'.repeat(count - 2)}{"logprobs":1}]}}}`

describe.each(scanners)('the scanner (%s)', (_, create) => {
  test('keeps 1,024 patterns and no more', () => {
    const scanner = create()
    for (let number = 1; number <= 1_024; number += 1) expect(patternOf(scanner, lineOf(number))).toBe(number)
    expect(patternOf(scanner, lineOf(1_025))).toBe(0)
    expect(rowOf(scanner, lineOf(1_025))?.pattern).toBe(0)
    for (let number = 1; number <= 1_024; number += 1)
      expect(rowOf(scanner, lineOf(number))?.pattern).toBe(number)
    expect(rowOf(create(), lineOf(1))?.pattern).toBe(0)
  })

  test('keeps patterns as long as there is room for them', () => {
    const scanner = create()
    let known = 0
    while (patternOf(scanner, longLineOf(known)) !== 0) known += 1
    expect(known).toBe(47)
    for (let number = 0; number < known; number += 1)
      expect(rowOf(scanner, longLineOf(number))?.pattern).toBe(number + 1)
    expect(patternOf(scanner, '{"custom_id":"a"}')).toBeGreaterThan(0)
  })

  test('refuses a row whose pattern is too long, and takes the next one', () => {
    const scanner = create()
    for (const value of ['1', 'null', '{}', '[[],[]]', `"${'x'.repeat(64)}"`, '{"a":[{"b":"c"}]}']) {
      const taken = [10, 5_000].map((count) => rowOf(scanner, wide(count, value)) !== undefined)
      expect(taken, value).toEqual([true, false])
      expect(rowOf(scanner, '{"custom_id":"a"}')).toMatchObject({
        idStart: 14,
        idEnd: 15,
        holes: [{ start: 13 }],
      })
    }
    expect(rowOf(scanner, `{"custom_id":"a","kept":[${'null,'.repeat(50_000)}null]}`)).toBeUndefined()
    expect(
      rowOf(
        scanner,
        `{"custom_id":"a","kept":${'[{"a":'.repeat(31)}[${'"",'.repeat(50_000)}""]${'}]'.repeat(31)}}`,
      ),
    ).toBeUndefined()
  })

  test('refuses a row with more holes than there is room for, and takes the next one', () => {
    const scanner = create()
    expect(rowOf(scanner, withHoles(1_000))?.holes).toHaveLength(1_000)
    expect(rowOf(scanner, withHoles(16_385))).toBeUndefined()
    const [first, second] = scan(create(), `${withHoles(900)}\n${withHoles(900)}\n`).rows
    expect(first?.holes).toHaveLength(900)
    expect(second?.holes).toHaveLength(900)
    expect(second?.holes[0]?.start).toBe((second?.idStart ?? 0) - 1)
  })

  test('ends where there is no room for the holes of one more row', () => {
    const scanner = create()
    const line = `{"custom_id":"a","response":{"body":{"choices":[${'{"logprobs":1},'.repeat(199)}{"logprobs":1}]}}}\n`
    const text = line.repeat(256)
    const { rows, stop, position } = scan(scanner, text)
    expect(stop).toBe('full')
    expect(rows.length).toBe(Math.ceil((16_384 - 1_024 + 1) / 201))
    expect(position).toBe(rows.length * line.length)
    let from = 0
    let count = 0
    while (from < text.length) {
      count += scan(scanner, text, { from }).rows.length
      from = scanner.position
    }
    expect(count).toBe(256)
  })

  test('takes long rows, and short ones behind them', () => {
    const scanner = create()
    for (const length of [1, 100_000, 1_048_576, 5_000_000, 10]) {
      const text = `${row}${withContent(length)}${row}`
      const { rows, stop } = scanAll(scanner, text)
      expect(stop).toBe('no-more-lines')
      expect(rows).toBe(3)
    }
    const escapes = withContent(300_000, '\\n\\u00e9é')
    expect(scanAll(scanner, escapes + row)).toEqual({ rows: 2, stop: 'no-more-lines' })
  })

  test('is not misled by what it scanned before', () => {
    const scanner = create()
    scan(scanner, `{"custom_id":"long","response":{"body":{"usage":"${'x'.repeat(500)}"}}}\n`)
    for (const cut of [
      '{"custom_id":"',
      '{"custom_id":"a","kept":"',
      '{"custom_id":"a","kept":12',
      '{"custom_id":"a","kept":tr',
    ])
      expect(scan(scanner, cut)).toMatchObject({ rows: [], position: 0, stop: 'no-more-lines' })
  })
})

/** Scans on until all is scanned, or a line is not plain. */
function scanAll(
  scanner: ReturnType<typeof wasmScanner>,
  text: string,
): { readonly rows: number; readonly stop: string } {
  const bytes = Buffer.from(text)
  let rows = 0
  let from = 0
  do {
    rows += scan(scanner, bytes, { from }).rows.length
    from = scanner.position
  } while (scanner.stop === 'full')
  return { rows, stop: scanner.stop }
}

test('takes the last row wherever the memory ends', () => {
  const page = 65_536
  const fresh = wasmScanner()
  const grown = wasmScanner()
  // The bytes begin at 1 MiB of the memory, which has 2 MiB at first, and 64 bytes behind them are looked at.
  for (const [pages, scanner] of [
    [16, fresh],
    [17, grown],
  ] as const) {
    for (let behind = -2; behind <= 130; behind += behind < 66 ? 1 : 16) {
      const length = pages * page - behind
      const text = row + withContent(length - row.length - withContent(0).length)
      expect(text.length).toBe(length)
      expect(scanAll(scanner, text)).toEqual({ rows: 2, stop: 'no-more-lines' })
      expect(scanAll(scanner, text.slice(0, -7))).toEqual({ rows: 1, stop: 'no-more-lines' })
    }
  }
})

test('lines that are too long for the memory are left to others, and those around them are not', () => {
  const scanner = wasmScanner()
  const long = withContent(17 * 1024 * 1024)
  const bytes = Buffer.from(row + long + row)
  expect(scan(scanner, bytes)).toMatchObject({ rows: [{}], lines: 1, position: row.length, stop: 'full' })
  expect(scan(scanner, bytes, { from: row.length })).toMatchObject({
    rows: [],
    lines: 0,
    position: row.length,
    stop: 'not-plain',
  })
  const isCut = scan(scanner, bytes, { from: row.length, to: row.length + long.length - 1 })
  expect(isCut).toMatchObject({ rows: [], position: row.length, stop: 'no-more-lines' })
  expect(scan(scanner, bytes, { from: row.length + long.length })).toMatchObject({
    rows: [{}],
    stop: 'no-more-lines',
  })
})

test('however the lines follow each other, each is seen once', () => {
  const scanner = wasmScanner()
  const lines = Array.from({ length: 3_000 }, (_, at) => {
    if (at % 7 === 3) return 'nonsense\n'
    if (at % 11 === 5) return ' \n'
    return at % 97 === 1 ? withContent(at * 100) : row
  })
  const bytes = Buffer.from(lines.join(''))
  const seen = { rows: 0, lines: 0, refused: 0 }
  for (let from = 0; from < bytes.length;) {
    const { rows, lines: passed, position, stop } = scan(scanner, bytes, { from })
    seen.rows += rows.length
    seen.lines += passed
    from = position
    if (stop !== 'not-plain') continue
    expect(bytes.toString('latin1', from, from + 9)).toBe('nonsense\n')
    seen.refused += 1
    from += 9
  }
  const refused = lines.filter((line) => line === 'nonsense\n').length
  const blank = lines.filter((line) => line === ' \n').length
  expect(seen).toEqual({ rows: 3_000 - refused - blank, lines: 3_000 - refused, refused })
})

test('the views of the memory are those of the memory after it grew', () => {
  const scanner = wasmScanner()
  const before = scanner.rows
  expect(patternOf(scanner, row.trim())).toBe(1)
  expect(scan(scanner, withContent(9_000_000)).rows).toHaveLength(1)
  expect(scanner.rows === before).toBe(false)
  expect(before).toHaveLength(0)
  // What was learned is still known.
  expect(rowOf(scanner, row.trim())).toMatchObject({ pattern: 1, idStart: 14, idEnd: 15 })
})
