import { describe, expect, test } from 'vitest'
import { isJsonObject, type JsonObject } from '../../../src/accounting/decode-line.js'
import type { ScannedKind } from '../../../src/accounting/scan/field-roles.js'
import type { LineScanner } from '../../../src/accounting/scan/line-scanner.js'
import { saidOfAnswer, saidOfRequest } from './judged-rows.js'
import {
  answerRows,
  changed,
  pick,
  randomOf,
  requestRows,
  textOf,
  type Random,
  type Written,
} from './random-rows.js'
import { patternOf, scanners } from './scanners.js'

/**
 * The one thing that all depends on: whatever is said of one row of a pattern holds for each other row of it. For more
 * than the usual number of rows: `SCAN_ROWS=1000000 npx vitest run …/patterns.property.test.ts`.
 */
const rowsPerKind = Number(process.env['SCAN_ROWS'] ?? 24_000)
const variants = 60
/** A scanner keeps 1,024 patterns. */
const roundsPerScanner = 16

interface Round {
  readonly kind: ScannedKind
  readonly rows: readonly Written[]
  readonly saidOf: (value: JsonObject) => unknown
}

const rounds: readonly Round[] = [
  { kind: 'answer', rows: answerRows, saidOf: saidOfAnswer },
  { kind: 'request', rows: requestRows, saidOf: saidOfRequest },
]

function* linesOf(random: Random, rows: readonly Written[]): Generator<string> {
  let base = pick(random, rows)
  for (let changes = random(3); changes > 0; changes -= 1) base = changed(random, base)
  yield textOf(base)
  for (let left = variants; left > 0; left -= 1) {
    const variant = changed(random, base)
    yield textOf(random(3) === 0 ? changed(random, variant) : variant)
  }
}

/** Gives how many rows were taken that are of the pattern of another one. */
function checkRound(scanner: LineScanner, { kind, saidOf }: Round, lines: Iterable<string>): number {
  const known = new Map<number, { readonly line: string; readonly said: unknown }>()
  let shared = 0
  for (const line of lines) {
    const pattern = patternOf(scanner, line, kind)
    if (pattern === 0) continue
    const value: unknown = JSON.parse(line)
    if (!isJsonObject(value)) throw new Error(`The scanner took what is no object: ${line}`)
    const earlier = known.get(pattern)
    if (earlier === undefined) known.set(pattern, { line, said: saidOf(value) })
    else {
      shared += 1
      expect(saidOf(value), `${line} and ${earlier.line} are of one pattern`).toEqual(earlier.said)
    }
  }
  return shared
}

describe.each(scanners)('the patterns (%s)', (_, create) => {
  test.each(rounds)('are the same for rows of which the same is said: $kind', (round) => {
    const seed = Number(process.env['SCAN_SEED'] ?? 7)
    const random = randomOf(seed)
    let scanner = create()
    let shared = 0
    for (let number = 0; number * variants < rowsPerKind; number += 1) {
      if (number % roundsPerScanner === 0) scanner = create()
      shared += checkRound(scanner, round, linesOf(random, round.rows))
    }
    // Else nothing was compared.
    expect(shared).toBeGreaterThan(rowsPerKind / 10)
  })
})
