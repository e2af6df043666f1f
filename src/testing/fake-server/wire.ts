/** The objects of the OpenAI files and batches API as they travel, field names included (OpenAI API reference). */

/** What an API call asks for. */
export type Operation =
  | 'files.create'
  | 'files.list'
  | 'files.retrieve'
  | 'files.content'
  | 'files.delete'
  | 'batches.create'
  | 'batches.list'
  | 'batches.retrieve'
  | 'batches.cancel'

export type BatchStatus =
  | 'validating'
  | 'failed'
  | 'in_progress'
  | 'finalizing'
  | 'completed'
  | 'expired'
  | 'cancelling'
  | 'cancelled'

/** A file as the API shows it; times in seconds since 1970. */
export interface FileObject {
  readonly id: string
  readonly object: 'file'
  readonly bytes: number
  readonly created_at: number
  readonly expires_at: number | null
  readonly filename: string
  readonly purpose: string
  readonly status: 'processed'
  readonly status_details: null
}

/** One entry of `errors.data` of a failed batch; `line` counts from 1. */
export interface BatchErrorObject {
  readonly code: string
  readonly message: string
  readonly param: string | null
  readonly line: number | null
}

export interface BatchUsage {
  readonly input_tokens: number
  readonly input_tokens_details: { readonly cached_tokens: number }
  readonly output_tokens: number
  readonly output_tokens_details: { readonly reasoning_tokens: number }
  readonly total_tokens: number
}

/** A batch as the API shows it; times in seconds since 1970. */
export interface BatchObject {
  readonly id: string
  readonly object: 'batch'
  readonly endpoint: string
  readonly model: string | null
  readonly errors: { readonly object: 'list'; readonly data: readonly BatchErrorObject[] } | null
  readonly input_file_id: string
  readonly completion_window: string
  readonly status: BatchStatus
  readonly output_file_id: string | null
  readonly error_file_id: string | null
  readonly created_at: number
  readonly in_progress_at: number | null
  readonly expires_at: number | null
  readonly finalizing_at: number | null
  readonly completed_at: number | null
  readonly failed_at: number | null
  readonly expired_at: number | null
  readonly cancelling_at: number | null
  readonly cancelled_at: number | null
  readonly request_counts: { readonly total: number; readonly completed: number; readonly failed: number }
  readonly usage: BatchUsage | null
  readonly metadata: Readonly<Record<string, string>> | null
}

/** One line of an input file, parsed and checked. */
export interface BatchRequest {
  readonly custom_id: string
  readonly method: string
  readonly url: string
  readonly body: Readonly<Record<string, unknown>>
}

/** One line of an output or error file. Servers bend this shape, so a scripted line may be any object. */
export interface ResultLine {
  readonly id: string
  readonly custom_id: string
  readonly response: {
    readonly status_code: number
    readonly request_id: string
    readonly body: unknown
  } | null
  readonly error: { readonly code: string; readonly message: string } | null
}

/** True for the parsed JSON of `{…}`. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
