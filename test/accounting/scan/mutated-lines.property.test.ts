import { isUtf8 } from 'node:buffer'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { isJsonObject } from '../../../src/accounting/decode-line.js'
import { hashOfBytes } from '../../../src/accounting/id-hash.js'
import { compactJson } from '../../../src/accounting/json-text/compact-json.js'
import { requestIdOf } from '../../../src/accounting/request-id.js'
import type { ScannedKind } from '../../../src/accounting/scan/field-roles.js'
import { holeFlags, type LineScanner } from '../../../src/accounting/scan/line-scanner.js'
import { PlainScanner } from '../../../src/accounting/scan/plain-scanner.js'
import { answerRows, pick, randomOf, requestRows, textOf, type Random } from './random-rows.js'
import { scan, wasmScanner, type FoundRow } from './scanners.js'

/**
 * Lines with changed bytes, read by both scanners and by `JSON.parse`. Millions of them:
 * `SCAN_MUTATIONS=3000000 SCAN_SEED=1 npx vitest run …/mutated-lines.property.test.ts`.
 */
const mutations = Number(process.env['SCAN_MUTATIONS'] ?? 20_000)
const seed = Number(process.env['SCAN_SEED'] ?? 1)

interface Sample {
  readonly kind: ScannedKind
  readonly bytes: Buffer
}

const samplesPath = fileURLToPath(new URL('../../../../shared/samples/', import.meta.url))
const longestSample = 2_000

const madeUp = (kind: ScannedKind, rows: typeof answerRows): Sample[] =>
  rows.map((row) => ({ kind, bytes: Buffer.from(textOf(row)) }))

function samples(): readonly Sample[] {
  return [...madeUp('answer', answerRows), ...madeUp('request', requestRows), ...spacedOut(), ...recorded()]
}

/** The same rows with white space, escapes and all planes of Unicode in them. */
function spacedOut(): readonly Sample[] {
  return answerRows.map((row) => {
    const text = textOf(row).replaceAll(':', ' :\t').replaceAll(',"', ' ,\r "')
    return {
      kind: 'answer',
      bytes: Buffer.from(text.replaceAll('"x"', '"é\\u00e9 😀\\n\\"\\\\ 𝄞\u2028\\/"')),
    }
  })
}

/** Lines of real files, where they are at hand. */
function recorded(): readonly Sample[] {
  if (!existsSync(samplesPath)) return []
  const paths = readdirSync(samplesPath, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.jsonl'),
  )
  return paths.flatMap((path) => {
    const lines = readFileSync(`${samplesPath}${path}`, 'utf8').split('\n').slice(0, 40)
    const kind: ScannedKind = path.includes('input') ? 'request' : 'answer'
    return lines
      .filter((line) => line !== '' && line.length <= longestSample)
      .map((line) => ({ kind, bytes: Buffer.from(line) }))
  })
}

const characters = '"\\{}[]:,0123456789eE+-.tfnul /\t\r\n\0\u001f\u007f'.split('')
const pieces = [
  ...characters,
  'true',
  'false',
  'null',
  '\\u',
  '\\u00',
  '\\ud83d',
  '\\n',
  '\\"',
  '""',
  '{}',
  '[]',
  '1e5',
  '-',
  '0.',
  '\uFEFF',
  'é',
  '"custom_id":',
  '"custom_id":"b",',
  '"body":',
  '"usage":',
  '"content":" "',
  '"embedding":[1,2]',
  '\u2028',
  '😀',
].map((piece) => Buffer.from(piece))

function mutated(random: Random, bytes: Buffer, others: readonly Sample[]): Buffer {
  const from = random(bytes.length + 1)
  const length = random(4) === 0 ? random(bytes.length - from + 1) : random(4)
  const end = Math.min(bytes.length, from + length)
  const chunk = bytes.subarray(from, end)
  const joined = (...parts: readonly Uint8Array[]): Buffer =>
    Buffer.concat([bytes.subarray(0, from), ...parts, bytes.subarray(end)])
  switch (random(9)) {
    case 0:
      return flipped(random, bytes)
    case 1:
      return joined()
    case 2:
      return joined(chunk, pick(random, pieces))
    case 3:
      return joined(pick(random, pieces))
    case 4:
      return joined(chunk, chunk)
    case 5:
      return random(3) === 0 ? Buffer.from(bytes.subarray(0, from)) : joined(Buffer.from([random(256)]))
    case 6: {
      const at = random(bytes.length + 1)
      return Buffer.concat([bytes.subarray(0, at), chunk, bytes.subarray(at)])
    }
    case 7: {
      const other = pick(random, others).bytes
      const at = random(other.length)
      return joined(other.subarray(at, at + random(40)))
    }
    default:
      return Buffer.concat([bytes.subarray(end), bytes.subarray(from, end), bytes.subarray(0, from)])
  }
}

function flipped(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  if (copy.length > 0) {
    const at = random(copy.length)
    copy[at] = (copy[at] ?? 0) ^ (1 << random(8))
  }
  return copy
}

interface Both {
  readonly wasm: LineScanner
  readonly plain: LineScanner
}

/** What is behind and before the line must not matter: half of a row that would fit, and bytes that end nothing. */
const surroundings = [
  Buffer.from('"}]}\n'),
  Buffer.from('{"custom_id":"'),
  Buffer.from('\\'),
  Buffer.alloc(0),
]

interface Counts {
  taken: number
  refused: number
  refusedRows: number
}

function check(random: Random, { wasm, plain }: Both, { kind, bytes }: Sample, counts: Counts): void {
  const before = pick(random, surroundings)
  const behind = pick(random, surroundings)
  const all = Buffer.concat([before, bytes, Buffer.from('\n'), behind])
  const to = all.length - behind.length
  // A line feed may have got into it.
  for (let from = before.length; from < to;) {
    const found = scan(wasm, all, { from, to, kind })
    const twin = scan(plain, all, { from, to, kind })
    const lineEnd = all.indexOf('\n', found.position)
    const isText = isUtf8(all.subarray(from, Math.max(found.position, lineEnd)))
    if (isText) expect(twin, all.toString()).toEqual(found)
    for (const row of found.rows) checkRow(all.subarray(from), row)
    counts.taken += found.rows.length
    learnBoth({ wasm, plain }, all, { kind, from }, isText ? found.rows : [])
    if (found.stop !== 'not-plain') return
    counts.refused += 1
    if (isRow(all.subarray(found.position, lineEnd))) counts.refusedRows += 1
    from = lineEnd + 1
  }
}

/** The same patterns have the same numbers. */
function learnBoth(
  { wasm, plain }: Both,
  all: Buffer,
  { kind, from }: { readonly kind: ScannedKind; readonly from: number },
  rows: readonly FoundRow[],
): void {
  for (const { pattern, start, end } of rows) {
    if (pattern !== 0) continue
    const place = { kind, from: from + start, to: from + end + 1 }
    const [again, twin] = [scan(wasm, all, place).rows[0], scan(plain, all, place).rows[0]]
    expect(twin?.pattern).toBe(again?.pattern)
    if (again?.pattern === 0) expect(plain.learn()).toBe(wasm.learn())
  }
}

function isRow(line: Buffer): boolean {
  if (!isUtf8(line)) return false
  try {
    const value: unknown = JSON.parse(line.toString())
    return isJsonObject(value) && requestIdOf(value).type === 'id'
  } catch {
    return false
  }
}

function checkRow(bytes: Buffer, row: FoundRow): void {
  const line = bytes.subarray(row.start, row.end)
  if (!isUtf8(line)) return
  const text = line.toString()
  const value: unknown = JSON.parse(text)
  if (!isJsonObject(value)) throw new Error(`The scanner took what is no object: ${text}`)
  const idText = bytes.toString('utf8', row.idStart, row.idEnd)
  expect(requestIdOf(value)).toEqual({ type: 'id', id: JSON.parse(`"${idText}"`) as string })
  if (!row.isIdEscaped) expect(value['custom_id']).toBe(idText)
  expect(row.idHash).toBe(hashOfBytes(bytes, row.idStart, row.idEnd))
  checkHoles(bytes, row, value)
}

/** With a mark in each hole the line is read as before, but for the marks. */
function checkHoles(bytes: Buffer, row: FoundRow, value: unknown): void {
  let marked = ''
  let end = row.start
  const values = new Map<string, unknown>()
  for (const hole of row.holes) {
    expect(hole.start).toBeGreaterThanOrEqual(end)
    expect(hole.end).toBeGreaterThan(hole.start)
    const mark = `hole ${values.size} of the row`
    const text = bytes.toString('utf8', hole.start, hole.end)
    values.set(mark, checkedHole(text, hole.flags))
    marked += `${bytes.toString('utf8', end, hole.start)}"${mark}"`
    ;({ end } = hole)
  }
  marked += bytes.toString('utf8', end, row.end)
  const filled: unknown = JSON.parse(marked, (_name, found: unknown) =>
    typeof found === 'string' && values.has(found) ? values.get(found) : found,
  )
  expect(JSON.stringify(filled)).toBe(JSON.stringify(value))
}

const isWrittenAlike = (token: string): boolean => JSON.stringify(JSON.parse(token)) === token
const stringTokens = /"(?:[^"\\]|\\.)*"/g

function checkedHole(text: string, flags: number): unknown {
  const value: unknown = JSON.parse(text)
  const hasStrangeEscapes = text.match(stringTokens)?.every(isWrittenAlike) === false
  if (hasStrangeEscapes) expect(flags & holeFlags.hasStrangeEscapes, text).not.toBe(0)
  if (compactJson(text) !== text) expect(flags & holeFlags.hasSpaces, text).not.toBe(0)
  return value
}

test('rows as servers write them are taken', () => {
  const both = { wasm: wasmScanner(), plain: new PlainScanner() }
  const counts: Counts = { taken: 0, refused: 0, refusedRows: 0 }
  const ofServers = [...answerRows, ...requestRows].map(textOf).filter((text) => !text.includes('"call_id"'))
  for (const text of ofServers) {
    const kind = text.includes('"method"') ? 'request' : 'answer'
    check(() => 3, both, { kind, bytes: Buffer.from(text) }, counts)
  }
  expect(counts).toEqual({ taken: ofServers.length, refused: 0, refusedRows: 0 })
})

test('whatever line the scanners take, JSON.parse reads the same from it', () => {
  const random = randomOf(seed)
  const all = samples()
  const counts: Counts = { taken: 0, refused: 0, refusedRows: 0 }
  let both = { wasm: wasmScanner(), plain: new PlainScanner() }
  for (let number = 0; number < mutations; number += 1) {
    if (number % 5_000 === 0) both = { wasm: wasmScanner(), plain: new PlainScanner() }
    const { kind, bytes } = pick(random, all)
    let line = bytes
    for (let left = random(3); left >= 0; left -= 1) line = mutated(random, line, all)
    check(random, both, { kind, bytes: line }, counts)
  }
  if (process.env['SCAN_MUTATIONS'] !== undefined) console.info(counts)
  expect(counts.taken).toBeGreaterThan(mutations / 10)
  expect(counts.refused).toBeGreaterThan(mutations / 10)
  // Rows that are left to JSON.parse: long values, escapes in names, numbers beyond a double.
  expect(counts.refusedRows).toBeLessThan(counts.taken / 2)
})
