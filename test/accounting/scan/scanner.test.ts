import { describe, expect, test } from 'vitest'
import { hashOfBytes } from '../../../src/accounting/id-hash.js'
import { holeFlags } from '../../../src/accounting/scan/line-scanner.js'
import { holesOf, rowOf, scan, scanners } from './scanners.js'

/** A row with that value in a field which anybody may look at, one which nobody does, and a text. */
const withValue = (value: string): readonly string[] => [
  `{"custom_id":"a","kept":${value}}`,
  `{"custom_id":"a","response":{"body":{"usage":${value}}}}`,
  `{"custom_id":"a","response":{"body":{"usage":{"x":[1,${value}]}}}}`,
  `{"custom_id":"a","response":{"body":{"choices":[{"message":{"content":${value}}}]}}}`,
]

const good = {
  numbers: [
    '0',
    '-0',
    '1',
    '-1',
    '10',
    '0.0',
    '1.5',
    '-0.25',
    '1e5',
    '1E+05',
    '1e-07',
    '0e0',
    '1e99',
    '5E-1',
  ],
  words: ['true', 'false', 'null', '""', '"a"', '{}', '[]', '[[]]', '{"a":{}}', '[1,"2",null]'],
  escapes: [
    '"x\\n\\r\\t\\b\\f\\"\\\\"',
    '"x\\/"',
    '"x\\u00e9\\u00E9\\uD83D\\uDE00"',
    '"x\\ud800"',
    '"x\\u0000"',
  ],
  texts: ['"é"', '"😀"', '"\u2028\u2029x"', '"\u007f"', '"{[,:]}"', '"/* */ //"', '"\uFEFFx"'],
  spaces: ['\t1', ' 1 ', '\r1', '{ "a"\t:\r1 , "b" : 2 }', '[ 1 , 2 ]', '[ ]', '{ }'],
}

const bad = {
  numbers: [
    '01',
    '-01',
    '1.',
    '.5',
    '-.5',
    '+1',
    '-',
    '--1',
    '1e',
    '1e+',
    '1E-',
    '1.e5',
    '0x1',
    '1_0',
    '٣',
    '1f',
  ],
  words: [
    'True',
    'nul',
    'nulll',
    'tru',
    'falsey',
    'NaN',
    'Infinity',
    '-Infinity',
    'undefined',
    "'a'",
    'a',
    '',
  ],
  escapes: ['"\\x41"', '"\\u00g0"', '"\\u12"', '"\\U0041"', '"\\a"', '"\\\'"', '"\\u 041"', '"\\', '"a\\"'],
  texts: ['"a\tb"', '"a\u0000b"', '"a\u001fb"', '"a', 'a"', '"a"b"', '"a" "b"'],
  lists: ['[1,]', '[,1]', '[,]', '[1 2]', '[1', '1]', '[1}', '[1:2]', '[1,,2]', '[1;2]'],
  objects: [
    '{"a":1,}',
    '{,}',
    '{"a"}',
    '{"a":}',
    '{a:1}',
    '{1:2}',
    '{"a" 1}',
    '{"a":1 "b":2}',
    '{"a":1]',
    '{"a"::1}',
  ],
  spaces: ['\u000b1', '\f1', '\u00a01', '\uFEFF1', '\u20281', '1\u0000', '\u00001', '1/*c*/'],
}

/** JSON that the scanner leaves to `JSON.parse` all the same. */
const unsure = ['1e400', '1e100', '1e005', '-1e-400', '9'.repeat(201), `-${'9'.repeat(400)}.5e1`]

const isParsed = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const nested = (levels: number): readonly string[] => [
  `{"custom_id":"a","kept":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`,
  `{"custom_id":"a","kept":${'{"a":'.repeat(levels - 1)}1${'}'.repeat(levels - 1)}}`,
  `{"custom_id":"a","body":{"usage":${'['.repeat(levels - 2)}${']'.repeat(levels - 2)}}}`,
  `{"custom_id":"a","body":{"usage":${'{"a":'.repeat(levels - 2)}1${'}'.repeat(levels - 2)}}}`,
]

const depthOf = (text: string): number => {
  let deepest = 0
  let depth = 0
  for (const character of text) {
    if ('[{'.includes(character)) depth += 1
    if (']}'.includes(character)) depth -= 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

describe.each(scanners)('the scanner (%s)', (_, create) => {
  const scanner = create()
  const flagsOf = (text: string): readonly (number | undefined)[] =>
    [
      `{"custom_id":"${text}"}`,
      `{"custom_id":"a","id":"x${text}"}`,
      `{"custom_id":"a","body":{"usage":"${text}"}}`,
      `{"custom_id":"a","body":{"usage":[{"${text}":1}]}}`,
    ].map((line) => rowOf(scanner, line)?.holes.at(-1)?.flags)
  const idIn = (line: string): string | undefined => {
    const row = rowOf(scanner, line)
    const bytes = Buffer.from(line)
    if (row === undefined) return undefined
    expect(row.idHash).toBe(hashOfBytes(bytes, row.idStart, row.idEnd))
    expect(row.isIdEscaped).toBe(bytes.subarray(row.idStart, row.idEnd).includes('\\'))
    return JSON.parse(`"${bytes.toString('utf8', row.idStart, row.idEnd)}"`) as string
  }
  const kept = (value: string): boolean => rowOf(scanner, `{"custom_id":"a","kept":${value}}`) !== undefined

  test.each(Object.entries(good))('takes rows with good %s', (_kind, values) => {
    for (const line of values.flatMap(withValue)) {
      // A text without words that has escapes is looked at by others.
      expect(isParsed(line), line).toBe(true)
      if (!line.includes('"kept":"x\\')) expect(rowOf(scanner, line), line).toBeDefined()
    }
  })

  test.each(Object.entries(bad))('refuses rows with bad %s', (_kind, values) => {
    for (const line of values.flatMap(withValue)) {
      expect(isParsed(line), line).toBe(false)
      expect(rowOf(scanner, line), line).toBeUndefined()
    }
  })

  test('refuses numbers that a double may not hold', () => {
    for (const line of unsure.flatMap(withValue)) expect(rowOf(scanner, line), line).toBeUndefined()
    for (const value of ['9'.repeat(200), `0.${'1'.repeat(5_000)}`]) {
      const [, ignored = ''] = withValue(value)
      expect(rowOf(scanner, ignored)).toBeDefined()
    }
  })

  test('refuses what is no object, and what stands beside one', () => {
    const row = '{"custom_id":"a"}'
    const rows = ['[]', '"a"', '1', 'null', `[${row}]`, `${row}${row}`, `${row} ${row}`, `${row},`, `${row}x`]
    for (const line of [...rows, `x${row}`, `\uFEFF${row}`, `\u0000${row}`, '{', '}', '{}', '{"a":1}']) {
      expect(rowOf(scanner, line), line).toBeUndefined()
    }
  })

  test('takes lists and objects within each other up to a depth of 64', () => {
    for (const line of [...nested(62), ...nested(63), ...nested(64), ...nested(65), ...nested(66)]) {
      expect(isParsed(line), line).toBe(true)
      expect(rowOf(scanner, line) !== undefined, line).toBe(depthOf(line) <= 64)
    }
  })

  test('takes keys as they are, and none with escapes where keys matter', () => {
    const key = 'k'.repeat(64)
    expect(rowOf(scanner, `{"custom_id":"a","${key}":1,"":2,"é":3,"__proto__":4}`)).toBeDefined()
    expect(rowOf(scanner, `{"custom_id":"a","${key}k":1}`)).toBeUndefined()
    expect(rowOf(scanner, '{"custom_id":"a","ke\\u0079":1}')).toBeUndefined()
    expect(rowOf(scanner, '{"custom\\u005fid":"a"}')).toBeUndefined()
    const inIgnored = `{"custom_id":"a","body":{"usage":{"${key.repeat(9)}":1,"\\u0061":2}}}`
    expect(rowOf(scanner, inIgnored)?.holes.at(-1)?.flags).toBe(holeFlags.hasStrangeEscapes)
  })

  test('knows the id where there is one that is a text', () => {
    const same = [
      'a',
      'a\\"b',
      '\\\\',
      'é😀',
      '\\u00e9',
      '\\ud800',
      ' ',
      '\u2028',
      'x'.repeat(32_766),
      'é'.repeat(9),
    ]
    for (const id of same) {
      const line = `{"x":0,"custom_id":"${id}","y":{"custom_id":"no"}}`
      expect(idIn(line)).toBe((JSON.parse(line) as { custom_id: string }).custom_id)
    }
    for (const id of ['""', '7', 'null', '{"a":1}', '["a"]', 'true', `"${'x'.repeat(32_767)}"`]) {
      expect(idIn(`{"custom_id":${id}}`)).toBeUndefined()
    }
    expect(idIn('{"y":{"custom_id":"no"}}')).toBeUndefined()
    expect(idIn('{"custom_id":"a","custom_id":"b"}')).toBe('b')
    expect(idIn('{"custom_id":"a","custom_id":7}')).toBeUndefined()
    expect(idIn('{"custom_id":7,"custom_id":"a"}')).toBeUndefined()
    expect(idIn('{"Custom_id":"a"}')).toBeUndefined()
  })

  test('keeps short values, and refuses rows with long ones', () => {
    expect(kept(`"${'x'.repeat(64)}"`)).toBe(true)
    expect(kept(`"${'x'.repeat(65)}"`)).toBe(false)
    expect(kept(`"${'é'.repeat(32)}"`)).toBe(true)
    expect(kept(`"${'é'.repeat(33)}"`)).toBe(false)
    expect(kept('1'.repeat(64))).toBe(true)
    expect(kept('1'.repeat(65))).toBe(false)
    expect(kept('"a\\n"')).toBe(false)
  })

  test('finds what stands in the holes', () => {
    const line =
      '{"custom_id":"a","id":"r 1","response":{"request_id":7,"body":{"choices":[{"message":{"content":"h\\u0069"}}],' +
      '"data":[{"embedding":[1, 2]},{"embedding":"AAAA"}],"usage":{"a" :1},"output":[{"summary":null,"id":true}]}},"error":null}'
    expect(holesOf(scanner, line)).toEqual([
      '"a"',
      '"r 1"',
      '7',
      '"h\\u0069"',
      '[1, 2]',
      '{"a" :1}',
      'null',
      'true',
    ])
    const { hasSpaces, hasStrangeEscapes } = holeFlags
    expect(rowOf(scanner, line)?.holes.map(({ flags }) => flags)).toEqual([
      0,
      0,
      0,
      hasStrangeEscapes,
      hasSpaces,
      hasSpaces,
      0,
      0,
    ])
    const request =
      '{"custom_id":"b","method":"POST","url":"/v1/x","body":{"n":2,"input":[ "a","b"],"prompt":"c","x":[ {}]}}'
    expect(holesOf(scanner, request, 'request')).toEqual(['"b"', '"POST"', '"c"', '[ {}]'])
  })

  test('says of which texts JSON.stringify writes an escape in another way', () => {
    for (const text of ['a', 'é😀', '\\n', '\\r', '\\t', '\\b', '\\f', '\\"', '\\\\', '\\\\u0041', '\u2028'])
      expect(flagsOf(text), text).toEqual([0, 0, 0, 0])
    const { hasStrangeEscapes } = holeFlags
    for (const text of [
      '\\/',
      '\\u0041',
      '\\u001F',
      '\\u00e9',
      '\\ud83d\\ude00',
      '\\uD800',
      '\\n\\/',
      '\\u000a',
    ])
      expect(flagsOf(text), text).toEqual(Array(4).fill(hasStrangeEscapes))
  })

  test('finds the rows between blank lines, and says where they stand', () => {
    const row = '{"custom_id":"a"}'
    const text = `\n  \t\r\n${row}\r\n\n \t${row} \t\r\n\r\n${row}\n\n`
    const { rows, lines, position, stop } = scan(scanner, text)
    expect(rows.map(({ line }) => line)).toEqual([2, 4, 6])
    const texts = rows.map(({ start, end }) => text.slice(start, end))
    expect(texts).toEqual([`${row}\r`, ` \t${row} \t\r`, row])
    expect({ lines, position, stop }).toEqual({ lines: 8, position: text.length, stop: 'no-more-lines' })
  })

  test('begins at the row after a blank first line', () => {
    expect(scan(scanner, '\n{"custom_id":"a"}\n').rows).toHaveLength(1)
    expect(scan(scanner, '\n')).toMatchObject({ rows: [], lines: 1, position: 1, stop: 'no-more-lines' })
    expect(scan(scanner, '')).toMatchObject({ rows: [], lines: 0, position: 0, stop: 'no-more-lines' })
  })

  test('leaves out a last line without a line feed, plain or not', () => {
    const row = '{"custom_id":"a"}\n'
    for (const rest of [
      '{"custom_id":"b"}',
      '{"custom_id":"b"',
      '{"custom_id":"b',
      '[',
      ' ',
      'x',
      '{"x":1.',
      '{"x":"\\',
    ])
      expect(scan(scanner, row + rest)).toMatchObject({
        rows: [{}],
        lines: 1,
        position: row.length,
        stop: 'no-more-lines',
      })
  })

  test('stops at a line that is not plain, and goes on behind it when told', () => {
    const text = '{"custom_id":"a"}\nnonsense\n{"custom_id":"c"}\n'
    expect(scan(scanner, text)).toMatchObject({ rows: [{}], lines: 1, position: 18, stop: 'not-plain' })
    expect(scan(scanner, text, { from: 18 })).toMatchObject({
      rows: [],
      lines: 0,
      position: 18,
      stop: 'not-plain',
    })
    const { rows, position } = scan(scanner, text, { from: 27 })
    expect(position).toBe(text.length)
    expect(rows).toMatchObject([{ start: 0, end: 17, idStart: 14, idEnd: 15, line: 0 }])
  })

  test('looks at nothing outside of the bytes it was given', () => {
    const row = '{"custom_id":"a"}\n'
    const text = `${row}${row}${row}`
    for (let to = row.length; to <= 2 * row.length; to += 1) {
      const { rows, position } = scan(scanner, text, { from: row.length, to })
      expect(rows).toHaveLength(to === 2 * row.length ? 1 : 0)
      expect(position).toBe(to === 2 * row.length ? to : row.length)
    }
    const inside = Buffer.concat([Buffer.from('"}'), Buffer.from(row), Buffer.from('{"x":')]).subarray(2, -5)
    expect(scan(scanner, inside).rows).toHaveLength(1)
  })

  test('finds no more rows at once than there is room for', () => {
    const row = '{"custom_id":"a"}\n'
    const text = row.repeat(300)
    expect(scan(create(), text)).toMatchObject({ lines: 256, position: 256 * row.length, stop: 'full' })
    expect(scan(scanner, text, { from: 256 * row.length })).toMatchObject({
      lines: 44,
      stop: 'no-more-lines',
    })
    expect(scan(scanner, text, { maxRows: 3 })).toMatchObject({ lines: 3, stop: 'full' })
    expect(scan(scanner, row.repeat(3), { maxRows: 3 })).toMatchObject({ lines: 3, stop: 'no-more-lines' })
  })
})
