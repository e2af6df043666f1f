import { basename } from 'node:path'
import { reconciliationError } from '../../errors.js'
import { writeFileDurably } from '../../workspace/durable-write.js'
import type { FileSystem } from '../../workspace/file-system.js'
import { throwIfInterrupted } from '../line-reader.js'
import { findMember } from '../json-text/top-level-member.js'
import { lineageTally, type LineageRows } from './lineage-rows.js'
import { PendingBytes } from './pending-bytes.js'
import { originalRowField } from './stored-rows.js'
import { readRowTable, type RowTable } from './row-table.js'
import { RowWindow } from './row-window.js'

export interface PublishRequest {
  readonly fs: FileSystem
  /** Rows of the attempt; whole, and closed. */
  readonly attemptRowsPath: string
  /** Where they stand, when that is known; else they are read once more. */
  readonly attemptRows?: RowTable | null | undefined
  /** Ids of the root's requests in input order; or `results`: the order of the results that stand at the target. */
  readonly baseOrder: Iterable<string> | AsyncIterable<string> | 'results'
  /** `target/batch_results_<root index>.jsonl`. */
  readonly targetPath: string
  readonly signal?: AbortSignal | undefined
}

export interface Published {
  /** Rows in the file: one for each request of the root. */
  readonly rows: number
  /** How many of them come from this attempt. */
  readonly rowsOfAttempt: number
  /** What the rows in the file are. */
  readonly lineage: LineageRows
}

/**
 * Writes the results of a lineage anew: one row for each `custom_id` of its root, in the root's order. A row of this
 * attempt takes the place of one of an earlier attempt, never of a later one, so publishing may be repeated
 * at any time, in any order, with the same result. Row contents pass through; only ids are held in memory.
 *
 * @throws ReconciliationFailed when ids and rows do not fit together; nothing is replaced then.
 */
export async function publishResults(request: PublishRequest): Promise<Published> {
  const { fs, attemptRowsPath, targetPath } = request
  const rows = request.attemptRows ?? (await readRowTable(fs, attemptRowsPath))
  const existing = await readExisting(request, rows)
  const files = [await fs.open(attemptRowsPath, 'read')]
  try {
    if (existing !== null) files.push(await fs.open(targetPath, 'read'))
    const [ofAttempt, ofTarget] = files.map((file) => new RowWindow(file))
    const merge = new Merge(request, { table: rows, file: ofAttempt }, { table: existing, file: ofTarget })
    await writeFileDurably(fs, targetPath, merge.pieces())
    return merge.published
  } finally {
    for (const file of files) await file.close()
  }
}

/** For a root only rows of later attempts matter: its own are made anew. */
async function readExisting(
  { fs, targetPath, baseOrder }: PublishRequest,
  rows: RowTable,
): Promise<RowTable | null> {
  if ((await fs.stat(targetPath)) === null) {
    if (baseOrder === 'results') throw resultsMissing(targetPath)
    return null
  }
  if (baseOrder === 'results') return readRowTable(fs, targetPath)
  return readRowTable(fs, targetPath, (row) => {
    const ordinal = rows.find(row.custom_id)
    if (ordinal === -1) throw foreignResults(targetPath, row.custom_id)
    return row.attempt > rows.attemptOf(ordinal)
  })
}

/** Where a row of the new file is read. */
interface RowPlace {
  readonly file: RowWindow
  readonly offset: number
  readonly length: number
  readonly mayHaveOriginal: boolean
}

const readRow = ({ file, offset, length }: RowPlace): Promise<Buffer> => file.read(offset, length)

function rowIn({ mayHaveOriginal }: RowPlace, row: Buffer): Buffer {
  return mayHaveOriginal ? withoutOriginal(row) : row
}

/** A promise for each id would cost more than its row. */
async function* inBatches(ids: Iterable<string> | AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  if (Symbol.asyncIterator in ids) {
    for await (const id of ids) yield [id]
    return
  }
  let batch: string[] = []
  for (const id of ids) {
    if (batch.push(id) < idsOfBatch) continue
    yield batch
    batch = []
  }
  yield batch
}

const idsOfBatch = 200
const chunkBytes = 256 * 1024

interface Side<Table> {
  readonly table: Table
  readonly file: RowWindow | undefined
}

class Merge {
  readonly #request: PublishRequest
  readonly #attempt: Side<RowTable>
  readonly #existing: Side<RowTable | null>
  /** By number of the attempt's row: the id was in the order. */
  readonly #isTaken: Uint8Array
  #taken = 0
  #rows = 0
  #rowsOfAttempt = 0
  readonly #tally = lineageTally()

  constructor(request: PublishRequest, attempt: Side<RowTable>, existing: Side<RowTable | null>) {
    this.#request = request
    this.#attempt = attempt
    this.#existing = existing
    this.#isTaken = new Uint8Array(attempt.table.size)
  }

  get published(): Published {
    return { rows: this.#rows, rowsOfAttempt: this.#rowsOfAttempt, lineage: this.#tally.counts }
  }

  /** The rows of the new file. Throws before the end when something does not fit, so the file is never finished. */
  async *pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    const pending = new PendingBytes()
    for await (const customIds of inBatches(this.#order())) {
      throwIfInterrupted(this.#request.signal)
      for (const customId of customIds) {
        const place = this.#placeOf(customId)
        if (place === null) continue
        const row = rowIn(place, place.file.held(place.offset, place.length) ?? (await readRow(place)))
        pending.addWith(row.length, (target, at) => at + row.copy(target, at))
      }
      if (pending.size < chunkBytes) continue
      const bytes = pending.take()
      yield bytes
      pending.giveBack(bytes)
    }
    if (this.#taken < this.#attempt.table.size) throw this.#strangers()
    yield pending.take()
  }

  #order(): Iterable<string> | AsyncIterable<string> {
    const { baseOrder } = this.#request
    return baseOrder === 'results' ? (this.#existing.table?.ids() ?? []) : baseOrder
  }

  /** `null` for an id that came before: an id the input repeats still gets one row. */
  #placeOf(customId: string): RowPlace | null {
    const ordinal = this.#attempt.table.find(customId)
    const earlier = this.#existing.table?.find(customId) ?? -1
    if (ordinal === -1 && (earlier === -1 || this.#request.baseOrder !== 'results'))
      throw this.#missing(customId)
    if (ordinal !== -1 && this.#isTaken[ordinal] === 1) return null
    this.#rows += 1
    if (ordinal !== -1) this.#take(ordinal)
    if (ordinal === -1 || this.#isSuperseded(ordinal, earlier)) return this.#placeIn(this.#existing, earlier)
    this.#rowsOfAttempt += 1
    return this.#placeIn(this.#attempt, ordinal)
  }

  #placeIn({ table, file }: Side<RowTable | null>, ordinal: number): RowPlace {
    if (table === null || file === undefined) throw new TypeError('The rows are not open.')
    const fate = table.fateOf(ordinal)
    this.#tally.add(fate)
    // Only an attempt keeps the lines of the server, and none of a success.
    const mayHaveOriginal = table === this.#attempt.table && fate.rowClass !== 'success'
    return { file, offset: table.offsetOf(ordinal), length: table.lengthOf(ordinal), mayHaveOriginal }
  }

  #take(ordinal: number): void {
    this.#isTaken[ordinal] = 1
    this.#taken += 1
  }

  #isSuperseded(ordinal: number, earlier: number): boolean {
    if (earlier === -1 || this.#existing.table === null) return false
    return this.#existing.table.attemptOf(earlier) > this.#attempt.table.attemptOf(ordinal)
  }

  #missing(customId: string): Error {
    const { attemptRowsPath } = this.#request
    return reconciliationError({
      code: 'ReconciliationFailed',
      message: `${basename(attemptRowsPath)} has no row for request ${shown(customId)}; every request needs one.`,
      hint: 'Run again: the missing rows are made anew. If it stays, please report it.',
      facts: { path: attemptRowsPath, customId: customId.slice(0, 200) },
    })
  }

  #strangers(): Error {
    const { attemptRowsPath } = this.#request
    const { table } = this.#attempt
    const stranger = table.idAt(this.#isTaken.indexOf(0))
    const count = table.size - this.#taken
    return reconciliationError({
      code: 'ReconciliationFailed',
      message: `${basename(attemptRowsPath)} has ${count} rows for requests the root triple does not have (e.g. ${shown(stranger)}).`,
      hint: 'The rows and the results do not belong together; compare root_index in the metadata with the input.',
      needsPerson: true,
      facts: { path: attemptRowsPath, count, customId: stranger.slice(0, 200) },
    })
  }
}

const originalKey = Buffer.from(JSON.stringify(originalRowField))

/** The original line is for `failed-items/`. It is cut out of the bytes: every other one stays as it is. */
function withoutOriginal(line: Buffer): Buffer {
  if (!line.includes(originalKey)) return line
  // As Latin-1, positions in the text are positions in the bytes.
  const member = findMember(line.toString('latin1'), originalRowField)
  return member === null ? line : Buffer.concat([line.subarray(0, member.start), line.subarray(member.end)])
}

function resultsMissing(path: string): Error {
  return reconciliationError({
    code: 'ReconciliationFailed',
    message: `${basename(path)} is gone; a retry can only replace rows in the results of its root.`,
    hint: `Put ${path} back; or move the files of the root triple (the index in that name) from done/ back into workdir/ and run: it makes them anew, and the retry follows.`,
    needsPerson: true,
    facts: { path },
  })
}

function foreignResults(path: string, customId: string): Error {
  return reconciliationError({
    code: 'ReconciliationFailed',
    message: `${basename(path)} holds results of another batch (e.g. ${shown(customId)}, which this input does not have).`,
    hint: `Move ${path} away, then run again; nothing was replaced.`,
    needsPerson: true,
    facts: { path, customId: customId.slice(0, 200) },
  })
}

function shown(customId: string): string {
  return JSON.stringify(customId.slice(0, 100))
}
