import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import type { FileSystem, OpenFile } from '../../workspace/file-system.js'
import { compactJson } from '../json-text/compact-json.js'
import { RawJson } from '../json-text/raw-json.js'
import { resultRowText, type RowToWrite } from '../rows/result-row.js'
import type { RowClass } from '../rows/row-class.js'
import type { PlainResults } from '../scan/plain-results.js'
import type { PlainRow } from '../scan/scanned-rows.js'
import { PendingBytes } from './pending-bytes.js'
import { fateOfRow, successFate, type RowFate } from './row-fate.js'
import { GrowingRowTable, type TabledRow } from './row-table.js'
import { headerText, originalRowField, readStoredLines } from './stored-rows.js'

/**
 * The rows of one attempt, in the order they were made. They are the checkpoint of the processing: a row that is
 * here was handed to the callbacks, and is not handed to them again after a restart.
 */
export interface AttemptRows {
  /** Rows so far, those of earlier runs included. */
  readonly size: number
  has(customId: string): boolean
  /** The same for a row that was not parsed, whose id has no escapes. */
  hasPlain(row: PlainRow): boolean
  /** Rows by outcome so far. */
  counts(): ReadonlyMap<RowClass, number>
  /** Rows so far that a later attempt is going to send again. */
  readonly retryable: number
  /**
   * Adds a row; its id must be new. Written with the next `flush`, which comes by itself every 1,000 rows or 8 MiB.
   *
   * @param originalText the line as the server wrote it; kept for rows that end in `failed-items/`, up to 64 KiB
   */
  append(row: RowToWrite, originalText?: string | null): Promise<void>
  /** Adds a row that was never parsed; a promise only when it has to be waited for. */
  appendPlain(row: PlainRow, results: PlainResults): Promise<void> | undefined
  /** Where each row stands; complete once the rows are closed. */
  readonly table: GrowingRowTable
  /** Writes every row appended so far; makes them durable where they are a checkpoint. Once a write failed, every later one fails the same way. */
  flush(): Promise<void>
  /** Drops every row, those of earlier runs included: the source files turned out to be others. */
  discard(): Promise<void>
  /** Flushes and lets go of the file. */
  close(): Promise<void>
}

/** How many rows, or bytes, a crash may cost: they are made again. */
export const flushRows = 1_000
export const flushBytes = 8 * 1024 * 1024

/** Where nothing waits for the disk, a write is as large as it is of use. */
const unsyncedFlushBytes = 256 * 1024

/** Longest original line that goes to `failed-items/`, in characters. */
export const maxOriginalCharacters = 64 * 1024

export interface OpenAttemptRowsOptions {
  /**
   * False when a row that is lost is made again at no cost, since no code of the user has seen it: the rows are then
   * written, and left to the system to be made durable. What a crash tore is cut off at the next opening all the same.
   */
  readonly isCheckpoint?: boolean
  /** The rows as they were closed earlier in this run, which need not be read again. */
  readonly known?: GrowingRowTable | null
}

/**
 * Opens the rows of an attempt, or begins them. What a crash tore is cut off. Rows that were made from other source
 * files (another key) are dropped: they belong to answers that are no longer here.
 * Rejects with the system's errors.
 *
 * @param sourceKey names what the rows are made from; see `attemptSourceKey`
 */
export async function openAttemptRows(
  fs: FileSystem,
  path: string,
  sourceKey: string,
  { isCheckpoint = true, known: kept = null }: OpenAttemptRowsOptions = {},
): Promise<AttemptRows> {
  const known =
    (kept === null ? null : await stillKnown(fs, path, kept)) ?? (await readKnown(fs, path, sourceKey))
  const file = await fs.open(path, 'append')
  try {
    const rows = new AttemptRowsFile(file, known, isCheckpoint)
    await rows.prepare(sourceKey)
    if (isCheckpoint) await fs.syncDirectory(dirname(path))
    return rows
  } catch (error) {
    await file.close()
    throw error
  }
}

/** One key for whatever decides the rows, such as the hashes of the source files and the content type. */
export function attemptSourceKey(parts: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

interface Known {
  /** What to keep of the file; 0 begins it anew. */
  validBytes: number
  readonly table: GrowingRowTable
  readonly counts: Map<RowClass, number>
  retryable: number
}

const nothingKnown = (): Known => ({
  validBytes: 0,
  table: new GrowingRowTable(),
  counts: new Map(),
  retryable: 0,
})

/** `null` when the file is not as it was closed. */
async function stillKnown(fs: FileSystem, path: string, table: GrowingRowTable): Promise<Known | null> {
  if ((await fs.stat(path))?.bytes !== table.endOffset) return null
  const known = { ...nothingKnown(), table, validBytes: table.endOffset }
  for (let ordinal = 0; ordinal < table.size; ordinal += 1) countFate(known, table.fateOf(ordinal))
  return known
}

async function readKnown(fs: FileSystem, path: string, sourceKey: string): Promise<Known> {
  const known = nothingKnown()
  if ((await fs.stat(path)) === null) return known
  for await (const stored of readStoredLines(fs, path)) {
    if (stored.type === 'unreadable') break
    if (stored.type === 'header' ? stored.sourceKey !== sourceKey : stored.offset !== known.validBytes) break
    // Rows without our header before them were made from something else.
    if (stored.type === 'row' && known.validBytes === 0) break
    known.validBytes = stored.endOffset
    if (stored.type === 'row') {
      const { row, offset, endOffset } = stored
      const fate = fateOfRow(row)
      known.table.add(row.custom_id, { offset, length: endOffset - offset, attempt: row.attempt, fate })
      countFate(known, fate)
    }
  }
  return known
}

function countFate(known: Known, { rowClass, isRetried }: RowFate): void {
  known.counts.set(rowClass, (known.counts.get(rowClass) ?? 0) + 1)
  if (isRetried) known.retryable += 1
}

class AttemptRowsFile implements AttemptRows {
  readonly #file: OpenFile
  readonly #known: Known
  readonly #isCheckpoint: boolean
  readonly #pending = new PendingBytes()
  #pendingRows = 0
  /** Writes go one after the other; after a failed one the file may end in half a row, so none may follow it. */
  #lastWrite: Promise<void> = Promise.resolve()
  #isOpen = true

  constructor(file: OpenFile, known: Known, isCheckpoint: boolean) {
    this.#file = file
    this.#known = known
    this.#isCheckpoint = isCheckpoint
  }

  /** Cuts off what is not kept, and begins a file that has nothing yet. */
  async prepare(sourceKey: string): Promise<void> {
    const { validBytes } = this.#known
    const { bytes } = await this.#file.stat()
    if (bytes > validBytes) await this.#file.truncate(validBytes)
    // After a power cut, rows that were made from something else could stand behind ours.
    if (bytes > 0 && validBytes === 0 && !this.#isCheckpoint) await this.#file.sync()
    if (validBytes === 0) {
      const header = Buffer.from(headerText(sourceKey))
      await this.#file.write(header)
      this.#known.validBytes = header.length
    }
    if (this.#isCheckpoint && (bytes !== validBytes || validBytes === 0)) await this.#file.sync()
  }

  get size(): number {
    return this.#known.table.size
  }

  get table(): GrowingRowTable {
    return this.#known.table
  }

  has(customId: string): boolean {
    return this.#known.table.find(customId) !== -1
  }

  hasPlain({ bytes, idStart, idEnd, idHash }: PlainRow): boolean {
    return this.#known.table.findBytes(bytes, idStart, idEnd, idHash) !== -1
  }

  counts(): ReadonlyMap<RowClass, number> {
    return this.#known.counts
  }

  get retryable(): number {
    return this.#known.retryable
  }

  async append(row: RowToWrite, originalText: string | null = null): Promise<void> {
    assert(this.#isOpen, 'The rows of this attempt are closed.')
    assert(!this.has(row.custom_id), `A second row for "${row.custom_id.slice(0, 200)}" in one attempt.`)
    const length = this.#pending.addText(`${resultRowText(withOriginal(row, originalText))}\n`)
    const fate = fateOfRow(row)
    this.#known.table.add(row.custom_id, this.#added(length, row.attempt, fate))
    await this.#flushWhenFull()
  }

  appendPlain(row: PlainRow, results: PlainResults): Promise<void> | undefined {
    const { bytes, idStart, idEnd, idHash } = row
    const length = this.#pending.addWith(results.maxBytesOf(row), (target, at) =>
      results.write(row, target, at),
    )
    this.#known.table.addBytes(
      bytes,
      idStart,
      idEnd,
      idHash,
      this.#added(length, results.attempt, successFate),
    )
    return this.#flushWhenFull()
  }

  flush(): Promise<void> {
    this.#lastWrite = this.#lastWrite.then(() => this.#writePending())
    return this.#lastWrite
  }

  discard(): Promise<void> {
    this.#pending.take()
    this.#lastWrite = this.#lastWrite.then(async () => {
      // Without its header too: whoever opens it next begins anew.
      await this.#file.truncate(0)
      await this.#file.sync()
    })
    return this.#lastWrite
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    try {
      await this.flush()
    } finally {
      await this.#file.close()
    }
  }

  #added(length: number, attempt: number, fate: RowFate): TabledRow {
    const offset = this.#known.validBytes
    this.#known.validBytes += length
    this.#pendingRows += 1
    countFate(this.#known, fate)
    return { offset, length, attempt, fate }
  }

  #flushWhenFull(): Promise<void> | undefined {
    const { size } = this.#pending
    const isFull = this.#isCheckpoint
      ? size >= flushBytes || this.#pendingRows >= flushRows
      : size >= unsyncedFlushBytes
    return isFull ? this.flush() : undefined
  }

  async #writePending(): Promise<void> {
    if (this.#pending.size === 0) return
    const bytes = this.#pending.take()
    this.#pendingRows = 0
    await this.#file.write(bytes)
    if (this.#isCheckpoint) await this.#file.sync()
    this.#pending.giveBack(bytes)
  }
}

/** As the last field: `publishResults` cuts it off again. */
function withOriginal(row: RowToWrite, originalText: string | null): RowToWrite {
  const isKept = originalText !== null && row.outcome !== 'success' && row.retry === undefined
  if (!isKept || originalText.length > maxOriginalCharacters) return row
  return { ...row, [originalRowField]: new RawJson(onOneLine(originalText)) }
}

/** A lone CR may stand between tokens, and many readers end a line there. */
function onOneLine(text: string): string {
  return text.includes('\r') ? compactJson(text) : text
}
