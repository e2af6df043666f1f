import type { FileSystem } from '../workspace/file-system.js'
import { LineLookup } from './line-lookup.js'
import { readRows, type ReadRowsOptions } from './read-rows.js'
import { RequestLedger, type AnswerFile } from './request-ledger.js'
import { summarise } from './summarise.js'
import { takeAnswer, takePlainAnswer, takePlainRequest, takeRequest, type RowBooks } from './take-rows.js'
import { Tally } from './tally.js'
import {
  nothingAccepted,
  type AcceptedFaults,
  type AccountedFile,
  type RowFileKind,
  type TripleAccounting,
} from './triple-accounting.js'

export interface AccountForTripleOptions {
  readonly fs: FileSystem
  readonly index: string
  /** Absolute paths; `null` when the triple has no such file. */
  readonly input: string
  readonly output: string | null
  readonly error: string | null
  /** The batch expired or was cancelled: requests without an answer were not executed. */
  readonly isCutShort: boolean
  /** What somebody decided about the triple's faults; nothing unless told. */
  readonly accepted?: AcceptedFaults | undefined
  readonly signal?: AbortSignal | undefined
  /** Called once per chunk. */
  readonly onProgress?: ((progress: AccountingProgress) => void) | undefined
  /** Refused above this with `TooManyRequests`; 20 million unless told. */
  readonly maxRequests?: number | undefined
  /** Longer lines are unreadable, in bytes; 256 MiB unless told. */
  readonly maxLineBytes?: number | undefined
}

export interface AccountingProgress {
  readonly kind: RowFileKind
  /** Of this file, so far. */
  readonly bytesRead: number
}

export interface AccountedTriple {
  readonly accounting: TripleAccounting
  /** Where each request and the answer that counts for it stand. */
  readonly ledger: RequestLedger
}

/**
 * Proves that every request of a triple is accounted for exactly once, or says what is wrong. Each file is read
 * once, the input first, and none is changed. What is wrong with the *content* is a verdict, never a throw.
 *
 * Rejects with `TooManyRequests`, `FileChangedDuringRun`, `Interrupted`, or the disk's problem.
 *
 * @example
 * const { accounting } = await accountForTriple({ fs, index: '7', input, output, error: null, isCutShort: false })
 * if (accounting.verdict.type === 'mismatch') console.error(accounting.verdict.problem.message)
 */
export async function accountForTriple(options: AccountForTripleOptions): Promise<AccountedTriple> {
  const { fs, index, input, output, error, isCutShort, accepted = nothingAccepted } = options
  const ledger = new RequestLedger({ maxRequests: options.maxRequests })
  const tally = new Tally()
  const lookup = new LineLookup(fs)
  const paths = { input, output, error }
  const books: RowBooks = { ledger, tally, lookup, paths, keep: accepted.keep }
  try {
    const files = await readTriple(options, books)
    return { accounting: summarise({ index, files, books, isCutShort, accepted }), ledger }
  } finally {
    await lookup.close()
  }
}

async function readTriple(options: AccountForTripleOptions, books: RowBooks): Promise<AccountedFile[]> {
  const { input, output, error } = options
  const files = [await readOne(options, books, 'input', input, requestsInto(books))]
  if (output !== null)
    files.push(await readOne(options, books, 'output', output, answersInto(books, 'output')))
  if (error !== null) files.push(await readOne(options, books, 'error', error, answersInto(books, 'error')))
  return files
}

type RowHandlers = Pick<ReadRowsOptions, 'onRow' | 'onPlainRow'>

function requestsInto(books: RowBooks): RowHandlers {
  return {
    onPlainRow: (row) => takePlainRequest(books, row),
    onRow: (row) => takeRequest(books, row),
  }
}

function answersInto(books: RowBooks, file: AnswerFile): RowHandlers {
  return {
    onPlainRow: (row) => takePlainAnswer(books, file, row),
    onRow: (row) => takeAnswer(books, file, row),
  }
}

function readOne(
  { fs, index, signal, maxLineBytes, onProgress }: AccountForTripleOptions,
  { tally }: RowBooks,
  kind: RowFileKind,
  path: string,
  handlers: RowHandlers,
): Promise<AccountedFile> {
  return readRows({
    fs,
    index,
    kind,
    path,
    signal,
    maxLineBytes,
    ...handlers,
    onBytes: (bytesRead) => onProgress?.({ kind, bytesRead }),
    onUnreadable: (line) => tally.addUnreadable(line),
  })
}
