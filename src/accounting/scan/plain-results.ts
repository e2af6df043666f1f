import { evaluateRow } from '../rows/evaluate-row.js'
import type { RequestPromise } from '../rows/promise.js'
import { parseResultLine } from '../rows/result-line.js'
import { resultRowText, toResultRow } from '../rows/result-row.js'
import { copyCompact } from './copy-compact.js'
import { holeFlags } from './line-scanner.js'
import { isSamePromise, plainSuccess } from './plain-answers.js'
import { PatternKnowledge } from './pattern-knowledge.js'
import { probeOf, type Filling } from './probe.js'
import { lineScanner } from './scanner-of-process.js'
import type { PlainRow } from './scanned-rows.js'

/** Which rows the results are of. */
export interface ResultContext {
  readonly index: string
  readonly attempt: number
  readonly file: 'output' | 'error'
}

/** A piece of a result: text that the results of all rows of a pattern share, or what differs from row to row. */
type Piece =
  | { readonly type: 'text'; readonly bytes: Buffer }
  | { readonly type: 'line' | 'index' | 'attempt' }
  /** `raw`: as it stands in the row, but for white space; `stringified`: as `JSON.stringify` writes the text it means. */
  | { readonly type: 'raw' | 'stringified'; readonly hole: number }

interface Template {
  readonly promise: RequestPromise
  readonly file: ResultContext['file']
  /** `null`: the results of these rows cannot be put together from their bytes. */
  readonly pieces: readonly Piece[] | null
}

const knowledge = new PatternKnowledge<Template[]>()
/** As for the verdicts: requests that promise different things. */
const maxTemplates = 64

/**
 * Writes the results of rows that are plain successes from their bytes, without parsing them: what the results of a
 * pattern look like is learned from the result of one row. Only for content of the type `text` that no schema and no
 * callback sees.
 */
export class PlainResults {
  readonly #context: ResultContext
  readonly #indexJson: string
  readonly #attemptJson: string
  #pieces: readonly Piece[] = []

  constructor(context: ResultContext) {
    this.#context = context
    this.#indexJson = JSON.stringify(context.index)
    this.#attemptJson = String(context.attempt)
  }

  get attempt(): number {
    return this.#context.attempt
  }

  /** True when the result of the row can be written now. */
  canWrite(row: PlainRow, promise: RequestPromise): boolean {
    const pieces = templateOf(row.pattern, promise, this.#context.file)?.pieces ?? null
    if (pieces === null) return false
    this.#pieces = pieces
    return true
  }

  /** At least as many bytes as the result has. */
  maxBytesOf(row: PlainRow): number {
    return this.#pieces.reduce((sum, piece) => sum + this.#maxBytesOfPiece(piece, row), 0)
  }

  /** Writes the result and a line feed; gives where it ends. */
  write(row: PlainRow, target: Buffer, start: number): number {
    let at = start
    for (const piece of this.#pieces) at = this.#writePiece(piece, row, target, at)
    return at
  }

  /**
   * Learns from the result of a row what the results of its pattern look like.
   *
   * @param text the result, without its line feed
   */
  async learn(row: PlainRow, promise: RequestPromise, text: string): Promise<void> {
    const { file } = this.#context
    if (plainSuccess(row, promise) === undefined || templateOf(row.pattern, promise, file) !== undefined)
      return
    const { pattern } = row
    const templates = knowledge.of(pattern) ?? []
    knowledge.learn(pattern, templates)
    if (templates.length === maxTemplates) return
    const pieces = await learnPieces(row, promise, file)
    const isRight = pieces !== null && this.#textOf(row, pieces) === `${text}\n`
    templates.push({ promise, file, pieces: isRight ? pieces : null })
  }

  #textOf(row: PlainRow, pieces: readonly Piece[]): string {
    this.#pieces = pieces
    const target = Buffer.alloc(this.maxBytesOf(row))
    return target.toString('utf8', 0, this.write(row, target, 0))
  }

  #maxBytesOfPiece(piece: Piece, row: PlainRow): number {
    switch (piece.type) {
      case 'text':
        return piece.bytes.length
      case 'line':
      case 'attempt':
        return maxNumberBytes
      case 'index':
        return this.#indexJson.length * 3
      case 'raw':
      case 'stringified':
        // No escape is shorter than what it is written as in another way.
        return row.holeEnd(piece.hole) - row.holeStart(piece.hole)
    }
  }

  #writePiece(piece: Piece, row: PlainRow, target: Buffer, at: number): number {
    switch (piece.type) {
      case 'text':
        return at + piece.bytes.copy(target, at)
      case 'line':
        return at + target.write(String(row.line), at, 'latin1')
      case 'attempt':
        return at + target.write(this.#attemptJson, at, 'latin1')
      case 'index':
        return at + target.write(this.#indexJson, at)
      case 'raw':
        return writeRaw(row, piece.hole, target, at)
      case 'stringified':
        return writeStringified(row, piece.hole, target, at)
    }
  }
}

const maxNumberBytes = 24

function writeRaw(row: PlainRow, hole: number, target: Buffer, at: number): number {
  const [start, end] = [row.holeStart(hole), row.holeEnd(hole)]
  const hasSpaces = (row.flagsOf(hole) & holeFlags.hasSpaces) !== 0
  return hasSpaces
    ? copyCompact(row.bytes, start, end, target, at)
    : at + row.bytes.copy(target, at, start, end)
}

function writeStringified(row: PlainRow, hole: number, target: Buffer, at: number): number {
  const [start, end] = [row.holeStart(hole), row.holeEnd(hole)]
  if ((row.flagsOf(hole) & holeFlags.hasStrangeEscapes) === 0)
    return at + row.bytes.copy(target, at, start, end)
  return lineScanner().copyStringified(row.bytes, start, end, target, at)
}

function templateOf(
  pattern: number,
  promise: RequestPromise,
  file: ResultContext['file'],
): Template | undefined {
  return knowledge.of(pattern)?.find((one) => one.file === file && isSamePromise(one.promise, promise))
}

const probeIndex = 'pr0be~index'
const probeLine = 7_200_000_000_001
const probeAttempt = 7_200_000_000_002

/** Puts a probe through all that makes a result of a row, and looks where its fillings came out. */
async function learnPieces(
  row: PlainRow,
  promise: RequestPromise,
  file: ResultContext['file'],
): Promise<readonly Piece[] | null> {
  const probe = probeOf(row)
  if (probe === null) return null
  const { text, fillings } = probe
  const line = parseResultLine(text, { file, line: probeLine })
  const result = await evaluateRow(line, { contentType: 'text', repairJson: false }, promise)
  const facts = { index: probeIndex, attempt: probeAttempt, retryIndex: null }
  return piecesOf(`${resultRowText(toResultRow(result, facts))}\n`, [
    { text: JSON.stringify(probeIndex), piece: { type: 'index' } },
    { text: String(probeLine), piece: { type: 'line' } },
    { text: String(probeAttempt), piece: { type: 'attempt' } },
    ...fillings.flatMap(marksOf),
  ])
}

/** Where this text comes out, that piece belongs; `null`: no piece can be put there. */
interface Mark {
  readonly text: string
  readonly piece: Piece | null
}

function marksOf({ hole, raw, stringified }: Filling): readonly Mark[] {
  const asItStands: Mark = { text: raw, piece: { type: 'raw', hole } }
  if (raw === stringified) return [asItStands]
  // Only of a text it is known what `JSON.stringify` makes of it.
  const piece: Piece | null = raw.startsWith('"') ? { type: 'stringified', hole } : null
  return [asItStands, { text: stringified, piece }]
}

function piecesOf(text: string, marks: readonly Mark[]): readonly Piece[] | null {
  const pieces: Piece[] = []
  let rest = text
  for (;;) {
    const found = marks
      .map((mark) => ({ mark, at: rest.indexOf(mark.text) }))
      .filter(({ at }) => at !== -1)
      .toSorted((one, other) => one.at - other.at)[0]
    const end = found?.at ?? rest.length
    if (end > 0) pieces.push({ type: 'text', bytes: Buffer.from(rest.slice(0, end)) })
    if (found === undefined) return pieces
    if (found.mark.piece === null) return null
    pieces.push(found.mark.piece)
    rest = rest.slice(end + found.mark.text.length)
  }
}
