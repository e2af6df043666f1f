import { expect } from 'vitest'
import type { ScannedKind } from '../../../src/accounting/scan/field-roles.js'
import {
  holeFields,
  rowFields,
  type LineScanner,
  type ScanStop,
} from '../../../src/accounting/scan/line-scanner.js'
import { PlainScanner } from '../../../src/accounting/scan/plain-scanner.js'
import { createWasmScanner } from '../../../src/accounting/scan/wasm-scanner.js'

/** The scanner in WebAssembly, which has to run where the tests do. */
export function wasmScanner(): LineScanner {
  const scanner = createWasmScanner()
  if (scanner === null) throw new Error('WebAssembly does not run here.')
  return scanner
}

/** Takes no row, so that each one is parsed. */
export const scannerOfNothing: LineScanner = {
  position: 0,
  stop: 'no-more-lines',
  lines: 0,
  rows: new Uint32Array(0),
  holes: new Uint32Array(0),
  scan: () => 0,
  learn: () => 0,
  forget: () => undefined,
  copyStringified: () => {
    throw new Error('There is no row to copy from.')
  },
}

/** Both scanners, for tests that hold for each: a name and what makes a new one. */
export const scanners: readonly (readonly [name: string, create: () => LineScanner])[] = [
  ['WebAssembly', wasmScanner],
  ['plain', () => new PlainScanner()],
]

export interface FoundHole {
  readonly start: number
  readonly end: number
  readonly flags: number
}

/** A row as a scan gives it; offsets are from where the scan began. */
export interface FoundRow {
  readonly start: number
  readonly end: number
  readonly line: number
  readonly idStart: number
  readonly idEnd: number
  readonly idHash: number
  readonly pattern: number
  readonly isIdEscaped: boolean
  readonly holes: readonly FoundHole[]
}

export interface FoundRows {
  readonly rows: readonly FoundRow[]
  readonly position: number
  readonly stop: ScanStop
  readonly lines: number
}

export interface ScanOptions {
  readonly from?: number
  readonly to?: number
  readonly kind?: ScannedKind
  readonly maxRows?: number
}

/** Scans once, and copies what was found. */
export function scan(scanner: LineScanner, text: string | Uint8Array, options: ScanOptions = {}): FoundRows {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const { from = 0, to = bytes.length, kind = 'answer', maxRows } = options
  const count = scanner.scan(bytes, from, to, kind, maxRows)
  const rows = Array.from({ length: count }, (_, at) => rowAt(scanner, at))
  return { rows, position: scanner.position, stop: scanner.stop, lines: scanner.lines }
}

/** The only row of a line; `undefined` when the scanner does not take it. */
export function rowOf(
  scanner: LineScanner,
  line: string | Uint8Array,
  options?: ScanOptions,
): FoundRow | undefined {
  const bytes = typeof line === 'string' ? Buffer.from(`${line}\n`) : line
  const { rows, stop } = scan(scanner, bytes, options)
  expect(stop).toBe(rows.length === 0 ? 'not-plain' : 'no-more-lines')
  return rows[0]
}

/** The number of the line's pattern, which is learned when it is new; 0 for a line that is not taken. */
export function patternOf(scanner: LineScanner, line: string, kind: ScannedKind = 'answer'): number {
  const [row] = scan(scanner, `${line}\n`, { kind }).rows
  return row === undefined ? 0 : row.pattern || scanner.learn()
}

/** What stands in the holes of a line. */
export function holesOf(scanner: LineScanner, line: string, kind: ScannedKind = 'answer'): readonly string[] {
  const bytes = Buffer.from(`${line}\n`)
  const holes = rowOf(scanner, line, { kind })?.holes ?? []
  return holes.map(({ start, end }) => bytes.toString('utf8', start, end))
}

function rowAt({ rows, holes }: LineScanner, at: number): FoundRow {
  const field = (name: Exclude<keyof typeof rowFields, 'count'>): number =>
    rows[at * rowFields.count + rowFields[name]] ?? Number.NaN
  const hole = (number: number): FoundHole => {
    const [start = 0, end = 0, flags = 0] = holes.subarray(
      number * holeFields.count,
      (number + 1) * holeFields.count,
    )
    return { start, end, flags }
  }
  const first = field('firstHole')
  return {
    start: field('start'),
    end: field('end'),
    line: field('line'),
    idStart: field('idStart'),
    idEnd: field('idEnd'),
    idHash: field('idHash'),
    pattern: field('pattern'),
    isIdEscaped: field('isIdEscaped') !== 0,
    holes: Array.from({ length: field('endHole') - first }, (_, number) => hole(first + number)),
  }
}
