import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import type { FileSystem, OpenFile } from '../../workspace/file-system.js'
import { IdTable } from '../id-table.js'
import { compactJson } from '../json-text/compact-json.js'
import { RawJson } from '../json-text/raw-json.js'
import { resultRowText, type RowToWrite } from '../rows/result-row.js'
import type { RowClass } from '../rows/row-class.js'
import { headerText, originalRowField, readStoredLines } from './stored-rows.js'

/**
 * The rows of one attempt, in the order they were made. They are the checkpoint of the processing: a row that is
 * here was handed to the callbacks, and is not handed to them again after a restart.
 */
export interface AttemptRows {
  /** Rows so far, those of earlier runs included. */
  readonly size: number
  has(customId: string): boolean
  /** Rows by outcome so far. */
  counts(): ReadonlyMap<RowClass, number>
  /** Rows so far that a later attempt is going to send again. */
  readonly retryable: number
  /**
   * Adds a row; its id must be new. Durable after the next `flush`, which comes by itself every 1,000 rows or 8 MiB.
   *
   * @param originalText the line as the server wrote it; kept for rows that end in `failed-items/`, up to 64 KiB
   */
  append(row: RowToWrite, originalText?: string | null): Promise<void>
  /** Makes every row appended so far durable. Once a write failed, every later one fails the same way. */
  flush(): Promise<void>
  /** Drops every row, those of earlier runs included: the source files turned out to be others. */
  discard(): Promise<void>
  /** Flushes and lets go of the file. */
  close(): Promise<void>
}

/** How many rows, or bytes, a crash may cost: they are made again. */
export const flushRows = 1_000
export const flushBytes = 8 * 1024 * 1024

/** Longest original line that goes to `failed-items/`, in characters. */
export const maxOriginalCharacters = 64 * 1024

/**
 * Opens the rows of an attempt, or begins them. What a crash tore is cut off. Rows that were made from other source
 * files (another key) are dropped: they belong to answers that are no longer here.
 * Rejects with the system's errors.
 *
 * @param sourceKey names what the rows are made from; see `attemptSourceKey`
 */
export async function openAttemptRows(fs: FileSystem, path: string, sourceKey: string): Promise<AttemptRows> {
  const known = await readKnown(fs, path, sourceKey)
  const file = await fs.open(path, 'append')
  try {
    await prepare(file, known, sourceKey)
    await fs.syncDirectory(dirname(path))
  } catch (error) {
    await file.close()
    throw error
  }
  return new AttemptRowsFile(file, known)
}

/** One key for whatever decides the rows, such as the hashes of the source files and the content type. */
export function attemptSourceKey(parts: readonly (string | null)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

interface Known {
  /** What to keep of the file; 0 begins it anew. */
  validBytes: number
  readonly ids: IdTable
  readonly counts: Map<RowClass, number>
  retryable: number
}

async function readKnown(fs: FileSystem, path: string, sourceKey: string): Promise<Known> {
  const known: Known = { validBytes: 0, ids: new IdTable(), counts: new Map(), retryable: 0 }
  if ((await fs.stat(path)) === null) return known
  for await (const stored of readStoredLines(fs, path)) {
    if (stored.type === 'unreadable') break
    if (stored.type === 'header' ? stored.sourceKey !== sourceKey : stored.offset !== known.validBytes) break
    // Rows without our header before them were made from something else.
    if (stored.type === 'row' && known.validBytes === 0) break
    known.validBytes = stored.endOffset
    if (stored.type === 'row') countRow(known, stored.row)
  }
  return known
}

function countRow(known: Known, row: RowToWrite): void {
  known.ids.add(row.custom_id)
  known.counts.set(row.outcome, (known.counts.get(row.outcome) ?? 0) + 1)
  if (row.retry !== undefined) known.retryable += 1
}

async function prepare(file: OpenFile, { validBytes }: Known, sourceKey: string): Promise<void> {
  const { bytes } = await file.stat()
  if (bytes > validBytes) await file.truncate(validBytes)
  if (validBytes === 0) await file.write(Buffer.from(headerText(sourceKey)))
  if (bytes !== validBytes || validBytes === 0) await file.sync()
}

class AttemptRowsFile implements AttemptRows {
  readonly #file: OpenFile
  readonly #known: Known
  #pending: string[] = []
  #pendingCharacters = 0
  /** Writes go one after the other; after a failed one the file may end in half a row, so none may follow it. */
  #lastWrite: Promise<void> = Promise.resolve()
  #isOpen = true

  constructor(file: OpenFile, known: Known) {
    this.#file = file
    this.#known = known
  }

  get size(): number {
    return this.#known.ids.size
  }

  has(customId: string): boolean {
    return this.#known.ids.find(customId) !== -1
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
    const text = `${resultRowText(withOriginal(row, originalText))}\n`
    countRow(this.#known, row)
    this.#pending.push(text)
    this.#pendingCharacters += text.length
    if (this.#pending.length >= flushRows || this.#pendingCharacters >= flushBytes) await this.flush()
  }

  flush(): Promise<void> {
    this.#lastWrite = this.#lastWrite.then(() => this.#writePending())
    return this.#lastWrite
  }

  discard(): Promise<void> {
    this.#pending = []
    this.#pendingCharacters = 0
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

  async #writePending(): Promise<void> {
    if (this.#pending.length === 0) return
    const bytes = Buffer.from(this.#pending.join(''))
    this.#pending = []
    this.#pendingCharacters = 0
    await this.#file.write(bytes)
    await this.#file.sync()
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
