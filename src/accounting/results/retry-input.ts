import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { reconciliationError } from '../../errors.js'
import { writeFileDurably } from '../../workspace/durable-write.js'
import type { FileSystem } from '../../workspace/file-system.js'
import { readLines, type Line } from '../line-reader.js'
import { asRecord } from '../rows/json-record.js'
import { chunked } from './chunked.js'
import { readRowsOf } from './chosen-rows.js'
import type { RowTable } from './row-table.js'

export interface RetryInputRequest {
  readonly fs: FileSystem
  /** The parent's input. */
  readonly inputPath: string
  /** Of that input as it was proven, where it was. */
  readonly inputSha256?: string | undefined
  /** The requests to send again; see `readRetryIds`. */
  readonly retryableIds: ReadonlySet<string>
  /** `workdir/batch_input_<retry index>.jsonl`. */
  readonly targetPath: string
  readonly signal?: AbortSignal | undefined
}

export interface RetryInput {
  readonly requests: number
  readonly bytes: number
  /** Of the whole file, in hexadecimal. */
  readonly sha256: string
}

/** The ids whose rows say that `retryIndex` tries them again. */
export async function readRetryIds(
  fs: FileSystem,
  attemptRowsPath: string,
  retryIndex: string,
  table: RowTable | null = null,
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  for await (const { row } of readRowsOf(fs, attemptRowsPath, table, (fate) => fate.isRetried)) {
    if (row.retry === retryIndex) ids.add(row.custom_id)
  }
  return ids
}

/**
 * Writes the input of a retry: the failed request lines of the parent, byte for byte and in the parent's order.
 * The same ids give the same file, so a second call finds it there and leaves it.
 *
 * @throws RetryInputConflict when another file stands at the target; it is not touched.
 * @throws FileChangedDuringRun when the parent's input is not the one that was proven; nothing is written then.
 * @throws ReconciliationFailed when the parent's input lacks one of the requests.
 */
export async function writeRetryInput(request: RetryInputRequest): Promise<RetryInput> {
  const { fs, targetPath, retryableIds } = request
  assert(retryableIds.size > 0, 'A retry needs at least one request.')
  const copy = new RequestCopy(request)
  if ((await fs.stat(targetPath)) === null) {
    await writeFileDurably(fs, targetPath, chunked(copy.lines()))
    return copy.written()
  }
  for await (const _ of copy.lines()) continue
  const wanted = copy.written()
  if ((await sha256Of(fs, targetPath)) !== wanted.sha256) throw conflict(request)
  return wanted
}

class RequestCopy {
  readonly #request: RetryInputRequest
  readonly #missing: Set<string>
  readonly #hash = createHash('sha256')
  #requests = 0
  #bytes = 0

  constructor(request: RetryInputRequest) {
    this.#request = request
    this.#missing = new Set(request.retryableIds)
  }

  async *lines(): AsyncGenerator<Uint8Array, void, undefined> {
    const { fs, inputPath, inputSha256, signal } = this.#request
    const hash = createHash('sha256')
    const onChunk = (bytes: Buffer): void => void hash.update(bytes)
    for await (const lines of readLines(fs, inputPath, { signal, onChunk })) {
      for (const line of lines) {
        // An id the input repeats, byte for byte, is sent once.
        if (this.#missing.size > 0 && this.#missing.delete(customIdOf(line))) yield this.#take(line)
      }
    }
    // Before the file is finished: requests of another input would be paid for.
    if (inputSha256 !== undefined && hash.digest('hex') !== inputSha256) throw this.#inputChanged()
    if (this.#missing.size > 0) throw this.#requestsMissing()
  }

  written(): RetryInput {
    return { requests: this.#requests, bytes: this.#bytes, sha256: this.#hash.copy().digest('hex') }
  }

  // Copied, because the reader uses its buffer again before the chunk is written.
  #take({ bytes }: Line): Uint8Array {
    const piece = Buffer.concat([bytes, lineFeed])
    this.#requests += 1
    this.#bytes += piece.byteLength
    this.#hash.update(piece)
    return piece
  }

  #inputChanged(): Error {
    const { inputPath } = this.#request
    return reconciliationError({
      code: 'FileChangedDuringRun',
      message: `${inputPath} has other bytes since its rows were counted; no request of it is sent again.`,
      hint: 'See that nothing else writes to the workspace, then run again: the files are counted anew, as they stand then.',
      facts: { path: inputPath },
    })
  }

  #requestsMissing(): Error {
    const { inputPath } = this.#request
    const [sample = ''] = this.#missing
    return reconciliationError({
      code: 'ReconciliationFailed',
      message: `${basename(inputPath)} lacks ${this.#missing.size} requests that are to be sent again (e.g. ${JSON.stringify(sample.slice(0, 100))}).`,
      hint: 'The input changed since its answers were accounted for. Put back the file that was uploaded.',
      needsPerson: true,
      facts: { path: inputPath, missing: this.#missing.size },
    })
  }
}

const lineFeed = Buffer.from('\n')

// Lines nobody can read are no business of a retry: the accounting has judged the input before.
function customIdOf(line: Line): string {
  if (line.isTooLong) return ''
  try {
    const customId = asRecord(JSON.parse(line.bytes.toString()))?.['custom_id']
    return typeof customId === 'string' ? customId : ''
  } catch {
    return ''
  }
}

async function sha256Of(fs: FileSystem, path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const _ of readLines(fs, path, { onChunk: (bytes) => void hash.update(bytes) })) continue
  return hash.digest('hex')
}

function conflict({ inputPath, targetPath }: RetryInputRequest): Error {
  return reconciliationError({
    code: 'RetryInputConflict',
    message: `${basename(targetPath)} stands already, with other requests than the ones of ${basename(inputPath)} that failed.`,
    hint: `Compare the two, then move ${targetPath} away and run again; nothing was overwritten.`,
    needsPerson: true,
    facts: { path: targetPath, inputPath },
  })
}
