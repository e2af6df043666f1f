import type { FileSystem } from '../workspace/file-system.js'
import type { RequestLedger } from './request-ledger.js'
import type { RowFileKind, TripleAccounting } from './triple-accounting.js'

export interface AccountForTripleOptions {
  readonly fs: FileSystem
  readonly index: string
  /** Absolute paths; `null` when the triple has no such file. */
  readonly input: string
  readonly output: string | null
  readonly error: string | null
  /** The batch expired or was cancelled: requests without an answer were not executed. */
  readonly isCutShort: boolean
  readonly signal?: AbortSignal | undefined
  /** Called once per chunk. */
  readonly onProgress?: ((progress: AccountingProgress) => void) | undefined
  /** Refused above this with `TooManyRequests`; five million unless told. */
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
