import { reconciliationError } from '../errors.js'
import { countText } from '../units.js'
import { GrowableColumn } from './growable-column.js'
import { IdTable } from './id-table.js'
import type { LinePosition } from './line-position.js'
import { PositionColumns } from './position-columns.js'
import { PromiseColumns } from './promise-columns.js'
import { rowClasses, type RowClass } from './rows/row-class.js'
import { nothingPromised, type RequestPromise } from './rows/promise.js'
import { escapedId, type PlainRow } from './scan/scanned-rows.js'

export type AnswerFile = 'output' | 'error'

/** The answer that counts for a request, when several stand in the files. */
export interface LedgerAnswer extends LinePosition {
  readonly file: AnswerFile
  /** As the one judge has it (`judgeAnswer`). */
  readonly class: RowClass
  /** A success of an endpoint that is not known here. */
  readonly isOpaque: boolean
}

/** What else was seen of a request. */
export interface RequestFlags {
  readonly isInOutput: boolean
  readonly isInError: boolean
  /** Two different successes answer it: nobody can say which one counts. */
  readonly isConflicting: boolean
}

/** Above this a triple is refused with `TooManyRequests`; servers take 50,000 in one batch. */
export const defaultMaxRequests = 20_000_000

/**
 * Every request of one input file by its `custom_id`: where its line stands and which answer line counts.
 * Positions and small numbers only, in flat columns: about 60 bytes a request with ids of 15 characters, never a row's
 * content.
 * Requests are numbered from 0 in the order of the input (`ordinal`).
 */
export class RequestLedger {
  readonly #maxRequests: number
  readonly #ids = new IdTable()
  /** Its lines count from the request's own ordinal: zero, and so without cost, where nothing stands between requests. */
  readonly #inputs = new PositionColumns()
  readonly #answers = new PositionColumns()
  readonly #flags = new GrowableColumn(Uint8Array)
  /** Successes are 0, and so without cost. */
  readonly #classes = new GrowableColumn(Uint8Array)
  readonly #promises = new PromiseColumns()

  constructor(options: { readonly maxRequests?: number | undefined } = {}) {
    this.#maxRequests = options.maxRequests ?? defaultMaxRequests
  }

  /** Number of distinct requests. */
  get size(): number {
    return this.#ids.size
  }

  /** Takes a request; `null` when its id is new, else the ordinal of the one that has it. Throws `TooManyRequests`. */
  addRequest(id: string, position: LinePosition, promise: RequestPromise = nothingPromised): number | null {
    const sizeBefore = this.#ids.size
    const ordinal = this.#ids.add(id)
    if (this.#ids.size === sizeBefore) return ordinal
    this.#keepRequest(ordinal, position, promise)
    return null
  }

  #keepRequest(ordinal: number, { line, offset, length }: LinePosition, promise: RequestPromise): void {
    if (this.#ids.size > this.#maxRequests) throw tooManyRequests(this.#maxRequests, line)
    this.#inputs.set(ordinal, line - ordinal - 1, offset, length)
    this.#promises.set(ordinal, promise)
  }

  /** The same for a row that was not parsed; false when its id is not new, and nothing is taken then. */
  addPlainRequest(row: PlainRow, promise: RequestPromise): boolean {
    const sizeBefore = this.#ids.size
    const { bytes, idStart, idEnd, idHash } = row
    const ordinal = row.isIdEscaped
      ? this.#ids.add(escapedId(row))
      : this.#ids.addBytes(bytes, idStart, idEnd, idHash)
    if (this.#ids.size === sizeBefore) return false
    this.#keepRequest(ordinal, row, promise)
    return true
  }

  /** The request with the id of a row that was not parsed, or -1. */
  ordinalOfPlain(row: PlainRow): number {
    const { bytes, idStart, idEnd, idHash } = row
    return row.isIdEscaped
      ? this.#ids.find(escapedId(row))
      : this.#ids.findBytes(bytes, idStart, idEnd, idHash)
  }

  /** The request with this id, or -1. */
  ordinalOf(id: string): number {
    return this.#ids.find(id)
  }

  idAt(ordinal: number): string {
    return this.#ids.at(ordinal)
  }

  /** Line of the request in the input file. */
  inputAt(ordinal: number): LinePosition {
    const { line, offset, length } = this.#inputs.get(ordinal)
    return { line: line + ordinal + 1, offset, length }
  }

  /** What the request lets one expect of its answer. */
  promiseAt(ordinal: number): RequestPromise {
    return this.#promises.get(ordinal)
  }

  /** The answer that counts, or `null` when none was found. */
  answerAt(ordinal: number): LedgerAnswer | null {
    const flags = this.#flags.get(ordinal)
    if (!this.isAnswered(ordinal)) return null
    return {
      file: (flags & bits.winsFromOutput) === 0 ? 'error' : 'output',
      class: rowClasses[this.#classes.get(ordinal)] ?? 'unrecognised',
      isOpaque: (flags & bits.isOpaque) !== 0,
      ...this.#answers.get(ordinal),
    }
  }

  /** The class of that answer, or `null`: what is asked of every request makes no objects. */
  classAt(ordinal: number): RowClass | null {
    return this.isAnswered(ordinal) ? (rowClasses[this.#classes.get(ordinal)] ?? 'unrecognised') : null
  }

  /** It is a success of an endpoint that is not known here. */
  isOpaqueAt(ordinal: number): boolean {
    return (this.#flags.get(ordinal) & bits.isOpaque) !== 0
  }

  flagsAt(ordinal: number): RequestFlags {
    const flags = this.#flags.get(ordinal)
    return {
      isInOutput: (flags & bits.isInOutput) !== 0,
      isInError: (flags & bits.isInError) !== 0,
      isConflicting: (flags & bits.isConflicting) !== 0,
    }
  }

  /** Makes this the answer that counts. */
  setAnswer(ordinal: number, answer: LedgerAnswer): void {
    const { file, isOpaque } = answer
    const kept = this.#flags.get(ordinal) & (bits.isInOutput | bits.isInError | bits.isConflicting)
    const place =
      file === 'output' ? bits.winsFromOutput | bits.isInOutput : bits.winsFromError | bits.isInError
    this.#flags.set(ordinal, kept | place | (isOpaque ? bits.isOpaque : 0))
    this.#classes.set(ordinal, rowClasses.indexOf(answer.class))
    this.#answers.set(ordinal, answer.line, answer.offset, answer.length)
  }

  /** True when some answer counts for the request. */
  isAnswered(ordinal: number): boolean {
    return (this.#flags.get(ordinal) & (bits.winsFromOutput | bits.winsFromError)) !== 0
  }

  /** True when this is the line whose answer counts. */
  isAnsweredAt(ordinal: number, file: AnswerFile, offset: number): boolean {
    const bit = file === 'output' ? bits.winsFromOutput : bits.winsFromError
    return (this.#flags.get(ordinal) & bit) !== 0 && this.#answers.offsetOf(ordinal) === offset
  }

  /** Takes a success that was not parsed as the first answer to a request. */
  setPlainSuccess(ordinal: number, file: AnswerFile, row: PlainRow, isOpaque: boolean): void {
    const place =
      file === 'output' ? bits.winsFromOutput | bits.isInOutput : bits.winsFromError | bits.isInError
    this.#flags.set(ordinal, this.#flags.get(ordinal) | place | (isOpaque ? bits.isOpaque : 0))
    this.#answers.set(ordinal, row.line, row.offset, row.length)
  }

  /** Notes that an answer stands in the file, whether or not it is the one that counts. */
  markSeen(ordinal: number, file: AnswerFile): void {
    this.#flags.set(
      ordinal,
      this.#flags.get(ordinal) | (file === 'output' ? bits.isInOutput : bits.isInError),
    )
  }

  markConflicting(ordinal: number): void {
    this.#flags.set(ordinal, this.#flags.get(ordinal) | bits.isConflicting)
  }

  /** Ordinals of the requests without any answer, in input order. */
  *missing(): Generator<number, void, undefined> {
    for (let ordinal = 0; ordinal < this.size; ordinal += 1) {
      if (!this.isAnswered(ordinal)) yield ordinal
    }
  }
}

const bits = {
  winsFromOutput: 1,
  winsFromError: 2,
  isOpaque: 4,
  isInOutput: 8,
  isInError: 16,
  isConflicting: 32,
} as const

function tooManyRequests(maxRequests: number, line: number): Error {
  const limit = countText(maxRequests)
  return reconciliationError({
    code: 'TooManyRequests',
    message: `The input file holds more than ${limit} requests (line ${line} is one too many).`,
    hint: 'Split the input and its answers into several triples.',
    needsPerson: true,
    facts: { maxRequests, line },
  })
}
