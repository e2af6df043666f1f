import type { PlainRow } from './scanned-rows.js'

/**
 * A row of the same pattern that nobody ever sent: each hole has something of its own in it, by which it is found again
 * in whatever is made of the row. What holds for this row as well as for the one it was made from holds for all rows of
 * the pattern.
 */
export interface Probe {
  /** The row as JSON text. */
  readonly text: string
  /** What stands in each hole. */
  readonly fillings: readonly Filling[]
}

/** What stands in a hole, and what it is written as: as it stands there, and by `JSON.stringify` after it was parsed. */
export interface Filling {
  readonly hole: number
  readonly raw: string
  readonly stringified: string
}

/** `null` for a row that holds what probes are known by. */
export function probeOf(row: PlainRow): Probe | null {
  if (row.bytes.subarray(row.start, row.lineFeed).includes(probeWord)) return null
  const fillings: Filling[] = []
  let text = ''
  let end = row.start
  for (let hole = 0; hole < row.holeCount; hole += 1) {
    const filling = fillingOf(hole, row.bytes.toString('latin1', row.holeStart(hole), row.holeEnd(hole)))
    if (filling === null) continue
    text += row.bytes.toString('utf8', end, row.holeStart(hole)) + filling.raw
    end = row.holeEnd(hole)
    fillings.push(filling)
  }
  return { text: text + row.bytes.toString('utf8', end, row.start + row.length), fillings }
}

/** Stands in no row that anybody writes. */
const probeWord = 'pr0be~'
const firstNumber = 7_100_000_000_000

/** `true`, `false` and `null` stay: the pattern tells them apart. */
function fillingOf(hole: number, value: string): Filling | null {
  const [first = ''] = value
  const number = firstNumber + hole
  const word = `${probeWord}${hole}`
  // An escape that is written in another way, so that both forms differ.
  const escaped = `\\u0070${word.slice(1)}`
  if (first === '"') return { hole, raw: `"${escaped}"`, stringified: `"${word}"` }
  if (first === '{') return { hole, raw: `{"${escaped}":0}`, stringified: `{"${word}":0}` }
  if (/^\[\s*[-\d]/.test(value)) return { hole, raw: `[5E-1,${number}]`, stringified: `[0.5,${number}]` }
  if (first === '[') return { hole, raw: `["${escaped}"]`, stringified: `["${word}"]` }
  return /[-\d]/.test(first) ? { hole, raw: String(number), stringified: String(number) } : null
}
