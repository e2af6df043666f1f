import { tokenKinds, type TokenCounts } from '../../../machines/index.js'
import { asRecord } from '../rows/json-record.js'
import { tokensOf } from './token-counts.js'

/** Where the numbers stand in all texts that differ in nothing but digits. */
interface UsageShape {
  /** The text with one zero for each run of digits. */
  readonly bytes: Uint8Array
  /** Which run is which kind; -1: the kind is not there, and none was used. */
  readonly runs: Readonly<Record<keyof TokenCounts, number>>
}

/**
 * Reads `usage` objects that stand as JSON in bytes, as `tokensOf` reads them. A server writes all of a batch in one way, so
 * after the first only digits are looked at: parsing each of a hundred thousand costs more than all else that is done
 * with a row.
 */
export class UsageReader {
  readonly #shapes: UsageShape[] = []
  /** Of the shape that is tried; no text that is learned has more. */
  readonly #numbers = new Float64Array(mostRuns)

  /** `null` where nobody can tell. The bytes must be valid JSON. */
  read(bytes: Buffer, start: number, end: number): TokenCounts | null {
    for (const shape of this.#shapes) {
      if (this.#fits(shape.bytes, bytes, start, end)) {
        const counts = this.#countsOf(shape)
        if (counts !== null) return counts
      }
    }
    const text = bytes.toString('utf8', start, end)
    const usage = asRecord(JSON.parse(text))
    const shape = this.#shapes.length < mostShapes ? shapeOf(text) : null
    if (shape !== null && !this.#shapes.some((known) => isSameShape(known, shape))) this.#shapes.push(shape)
    return usage === null ? null : tokensOf(usage)
  }

  /** Compares, and keeps the numbers. */
  #fits(shape: Uint8Array, bytes: Buffer, start: number, end: number): boolean {
    let at = start
    let run = 0
    for (let position = 0; position < shape.length; position += 1) {
      if (shape[position] !== zero) {
        if (at === end || bytes[at] !== shape[position]) return false
        at += 1
        continue
      }
      const first = at
      let number = 0
      for (let byte = bytes[at] ?? 0; at < end && isDigit(byte); byte = bytes[at] ?? 0) {
        number = number * 10 + byte - zero
        at += 1
      }
      if (at === first || at - first > mostDigits) return false
      this.#numbers[run] = number
      run += 1
    }
    return at === end
  }

  /** `null` for counts that cannot be. */
  #countsOf({ runs }: UsageShape): TokenCounts | null {
    const [input, cached, output, reasoning] = [
      this.#numberOf(runs.input),
      this.#numberOf(runs.cached),
      this.#numberOf(runs.output),
      this.#numberOf(runs.reasoning),
    ]
    return cached <= input && reasoning <= output ? { input, cached, output, reasoning } : null
  }

  #numberOf(run: number): number {
    return run === -1 ? 0 : (this.#numbers[run] ?? 0)
  }
}

const mostShapes = 4
const mostRuns = 40
/** Fewer than a double holds exactly. */
const mostDigits = 15
const zero = 0x30
const isDigit = (byte: number): boolean => byte >= zero && byte <= 0x39

/** What makes digits something else than a whole number, and what is not one byte a character. */
// eslint-disable-next-line no-control-regex
const strange = /[-.\\]|\d[eE]|[^\x20-\x7e]/

/** Finds out which run of digits is which kind, by other numbers in their places; `null` where that does not tell. */
function shapeOf(text: string): UsageShape | null {
  const count = text.match(/\d+/g)?.length ?? 0
  if (strange.test(text) || count > mostRuns) return null
  // A part is never more than its whole: falling numbers where parts stand behind it, rising ones where they stand before.
  const runs = runsIn(text, count, (run) => farOff - run) ?? runsIn(text, count, (run) => farOff + run)
  return runs === null ? null : { bytes: Buffer.from(text.replaceAll(/\d+/g, '0'), 'latin1'), runs }
}

const farOff = 7_000_000

function runsIn(text: string, count: number, numberOf: (run: number) => number): UsageShape['runs'] | null {
  let next = 0
  const marked = text.replaceAll(/\d+/g, () => String(numberOf(next++)))
  const usage = asRecord(JSON.parse(marked))
  const counts = usage === null ? null : tokensOf(usage)
  if (counts === null) return null
  const marks = Array.from({ length: count }, (_, run) => numberOf(run))
  const runs = tokenKinds.map((kind) => [kind, marks.indexOf(counts[kind])] as const)
  return Object.fromEntries(runs) as UsageShape['runs']
}

const isSameShape = (one: UsageShape, other: UsageShape): boolean =>
  Buffer.compare(one.bytes, other.bytes) === 0
