import type { Problem } from '../../machines/index.js'
import type { InputLimits } from './split-input.js'

/**
 * What this project needs from a server that runs batches. The OpenAI wire protocol is the first one;
 * everything above speaks only these words. Implementations never retry `submit` by themselves: two tries
 * of one creation are two paid batches.
 */
export interface BatchProvider {
  /** A short name for messages and metadata, such as `openai`. */
  readonly name: string
  /** What one batch may hold. */
  readonly limits: InputLimits
  /** The server asks not to be polled more often, in milliseconds. */
  readonly minPollDelayMs: number
  /** Where it sends, for messages: `api.openai.com`. */
  readonly host?: string
  /** Tells the accounts of a server apart, without their keys; another one does not know the batches of this one. */
  readonly account?: string
  /** Uploads the input file, awaits `onUploaded` (which makes the file id durable), then creates the batch once. */
  submit(request: SubmitRequest, signal: AbortSignal): Promise<RemoteBatch>
  /**
   * Batches that were made for this submission; looked for after an ambiguous failure or a crash. No batches in the
   * answer means: the server has shown all of its list, and none is there. Rejects when it cannot be sure of that.
   */
  find(query: FindQuery, signal: AbortSignal): Promise<FoundBatches>
  /**
   * What the server says of each batch. A batch it does not know maps to `null`; one it was not asked for this time
   * has no entry, and is asked for again later. Rejects when nothing could be learnt of any.
   *
   * @param tellFailure hears what went wrong with one of several batches, so that its triple can say it. A provider
   * that does not call it gives no entry for such a batch
   */
  status(
    batchIds: readonly string[],
    signal: AbortSignal,
    tellFailure?: TellFailure,
  ): Promise<ReadonlyMap<string, RemoteBatch | null>>
  /** Streams a file's bytes into `write`, in order. Rejects unless the whole file arrived. */
  download(
    fileId: string,
    write: (bytes: Uint8Array) => Promise<void>,
    signal: AbortSignal,
  ): Promise<DownloadReceipt>
  cancel(batchId: string, signal: AbortSignal): Promise<RemoteBatch>
  /**
   * The batches that were made last, by anybody who shares the account, newest first: a look with few calls, and no proof
   * that there are no others. Left out where a server has no list; nobody then notices that requests were sent elsewhere.
   */
  readonly recent?: ((query: RecentQuery, signal: AbortSignal) => Promise<readonly RecentBatch[]>) | undefined
  /** Deletes a file for good. Left out where a server cannot; nothing is cleaned there then. */
  readonly deleteFile?: ((fileId: string, signal: AbortSignal) => Promise<DeletedFile>) | undefined
  /**
   * Of which of these uploads a batch is under way, whoever made it. What it cannot rule out is told as a doubt: on the
   * strength of its answer uploads are deleted. Without it none is.
   */
  readonly uploadsInUse?: ((query: UploadQuery, signal: AbortSignal) => Promise<UploadUse>) | undefined
}

/** `gone`: it was not there any more. */
export type DeletedFile = 'deleted' | 'gone'

export interface UploadQuery {
  readonly fileIds: readonly string[]
  /** No upload is older, by the server's own clock, in milliseconds since 1970; `null` when that is not known. */
  readonly uploadedAtMs: number | null
}

export interface UploadUse {
  readonly inUse: ReadonlySet<string>
  /** Why others may be in use all the same; `null` when they are not. */
  readonly doubt: string | null
}

export interface RecentQuery {
  /** Sizes of inputs, in bytes: where the server lists uploads of one of them, it is read on until their batches. */
  readonly inputBytes: readonly number[]
}

export interface RecentBatch {
  readonly batch: RemoteBatch
  /** Size of its input, where the server tells it. */
  readonly inputBytes: number | null
}

/** One batch of several could not be asked for. */
export type TellFailure = (batchId: string, problem: Problem) => void

export interface SubmitRequest {
  /** Absolute path of the input file, already validated. */
  readonly inputPath: string
  /** The content of that file, from the disk of the workspace; rejects with the system's error. */
  readonly openInput: () => Promise<Blob>
  /** The endpoint all of its lines name, such as `/v1/chat/completions`. */
  readonly endpoint: string
  /** Goes into the batch's own metadata; values are at most 512 characters (OpenAI API reference, "Metadata"). */
  readonly metadata: Readonly<Record<string, string>>
  /** Set when an earlier try uploaded the file already; the upload is then not repeated. */
  readonly inputFileId: string | null
  /** `uploadedAtMs`: when the upload was made, by the server's own clock; `null` when it does not say. */
  readonly onUploaded: (inputFileId: string, uploadedAtMs: number | null) => Promise<void>
  /**
   * Awaited right before the one request that creates the batch; when it rejects, that request is not sent. Gives for how many
   * milliseconds from its call on that request may take, after which it is given up, or not begun; `null`: as long as the
   * provider takes for enough.
   */
  readonly onCreating?: () => Promise<number | null>
}

export interface FindQuery {
  readonly inputFileId: string
  /** A batch whose own metadata names this as `intent_key` is the one, whatever upload it names. */
  readonly intentKey: string | null
  /**
   * When the upload was made, by the server's own clock, in milliseconds since 1970. No batch of it is older, so
   * older ones need not be looked at. `null` when that is not known: then all are.
   */
  readonly uploadedAtMs: number | null
}

export interface FoundBatches {
  readonly batches: readonly RemoteBatch[]
  /** When the server showed this, by its own clock, in milliseconds since 1970; `null` when it does not say. */
  readonly serverNowMs: number | null
}

/** A batch as a server reports it, with the oddities of servers taken out. */
export interface RemoteBatch {
  readonly batchId: string
  /** Lower case; one of the eight known statuses, or whatever else the server says. */
  readonly status: string
  readonly inputFileId: string | null
  /** `null` when the server says `null`, nothing or `''`. */
  readonly outputFileId: string | null
  readonly errorFileId: string | null
  /** As reported and never trusted; the accounting decides. */
  readonly requestCounts: RemoteRequestCounts | null
  /** Why a `failed` batch failed (`errors.data[]`), at most 20 entries. */
  readonly errors: readonly RemoteBatchError[]
  readonly endpoint: string | null
  readonly createdAtMs: number | null
  readonly expiresAtMs: number | null
  /** The batch's own metadata, as it was given at its creation; at most 16 texts. Empty where the server keeps none. */
  readonly metadata: Readonly<Record<string, string>>
}

export interface RemoteRequestCounts {
  readonly total: number | null
  readonly completed: number | null
  readonly failed: number | null
}

export interface RemoteBatchError {
  readonly code: string | null
  readonly message: string | null
  readonly param: string | null
  /** Line of the input file, from 1. */
  readonly line: number | null
}

export interface DownloadReceipt {
  readonly bytes: number
}
