import type { FileSystem } from '../workspace/file-system.js'
import { nothingAccepted, type AcceptedFaults, type RowFileKind } from './triple-accounting.js'
import { TripleBooks, type AccountedTriple } from './triple-books.js'

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

export type { AccountedTriple }

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
  const { fs, index, input, output, error, isCutShort, accepted = nothingAccepted, maxRequests } = options
  const paths = { input, output, error }
  const books = new TripleBooks({ fs, index, paths, keep: accepted.keep, maxRequests })
  try {
    for (const kind of ['input', 'output', 'error'] as const) {
      const path = paths[kind]
      if (path !== null) await books.read(kind, path, readingOf(options, kind))
    }
    return books.close(isCutShort, accepted)
  } finally {
    await books.release()
  }
}

function readingOf({ signal, maxLineBytes, onProgress }: AccountForTripleOptions, kind: RowFileKind) {
  return { signal, maxLineBytes, onBytes: (bytesRead: number) => onProgress?.({ kind, bytesRead }) }
}
