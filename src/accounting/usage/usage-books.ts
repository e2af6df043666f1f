import { decodeBytes } from '../decode-line.js'
import { IdTable } from '../id-table.js'
import { nowhere, parseResultLine, readResultLine, type ResultLine } from '../rows/result-line.js'
import type { PaidHoles, PlainPaid } from '../scan/plain-answers.js'
import type { PlainRow } from '../scan/scanned-rows.js'
import { answerKey, paidRowOf } from './paid-row.js'
import { UsageReader } from './usage-reader.js'
import { UsageTally, type ModelCounter, type Usage } from './usage-tally.js'

/** The usage of a triple while its answers are counted. */
export class UsageBooks {
  readonly #tally = new UsageTally()
  /** Of this triple: odd ones must not fill it for those that follow. */
  readonly #reader = new UsageReader()
  /** Of answers that are not the first to their request. */
  readonly #names = new IdTable()
  /** Nearly all rows of a batch name one model. */
  #lastModel: Buffer | null = null
  #lastCounter: ModelCounter | null = null

  /** A first answer to a request. */
  add(line: ResultLine): void {
    this.#tally.addRow(paidRowOf(line), null)
  }

  /** The same of a row that was not parsed. */
  addPlain(row: PlainRow, paid: PlainPaid): void {
    if (paid === null)
      this.add(parseResultLine(row.bytes.toString('utf8', row.start, row.start + row.length)))
    else if ('type' in paid) this.#tally.addRow(paid, null)
    else this.#addHoles(row, paid)
  }

  /** A line of an answer file that nobody can read. */
  addUnreadable(): void {
    this.#tally.addUntold()
  }

  /** A row that may repeat an answer: it counts once, by the name that the server gave it. */
  addNamed(id: string, line: ResultLine): void {
    if (this.#names.addNew(answerKey(id, line))) this.add(line)
  }

  /** The row that stands for a request when another answer to it comes: it was counted, and its name was not looked at. */
  nameEarlier(id: string, bytes: Buffer): void {
    const decoded = decodeBytes(bytes)
    if (decoded.type === 'object')
      this.#names.addNew(answerKey(id, readResultLine(decoded.value, nowhere, decoded)))
  }

  get usage(): Usage {
    return this.#tally.usage
  }

  #addHoles(row: PlainRow, { modelHole, usageHole }: PaidHoles): void {
    const tokens = this.#reader.read(row.bytes, row.holeStart(usageHole), row.holeEnd(usageHole))
    if (tokens === null) return this.#tally.addUntold()
    const counter = this.#counterOf(row, modelHole)
    counter.answers += 1
    counter.input += tokens.input
    counter.cached += tokens.cached
    counter.output += tokens.output
    counter.reasoning += tokens.reasoning
  }

  #counterOf(row: PlainRow, modelHole: number | null): ModelCounter {
    if (modelHole === null) return this.#tally.counterOf(null, null)
    const [start, end] = [row.holeStart(modelHole), row.holeEnd(modelHole)]
    if (
      this.#lastCounter === null ||
      this.#lastModel?.length !== end - start ||
      row.bytes.compare(this.#lastModel, 0, end - start, start, end) !== 0
    ) {
      this.#lastModel = Buffer.from(row.bytes.subarray(start, end))
      this.#lastCounter = this.#tally.counterOf(JSON.parse(this.#lastModel.toString()) as string, null)
    }
    return this.#lastCounter
  }
}
