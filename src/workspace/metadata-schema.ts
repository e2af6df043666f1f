import { z } from 'zod'

/**
 * The server's file and batch ids. `null`, absent and `''` all mean "none": the seed insists on text for the first
 * two, so `''` is written for a batch that was never submitted.
 */
const idSchema = z
  .string()
  .nullish()
  .transform((id) => (id === undefined || id === '' ? null : id))

const countSchema = z.number().int().nonnegative()
const textSchema = z.string()

/** A submission that was begun: durable before the server is asked to create anything. */
const submissionSchema = z.looseObject({
  /** Ours; also in the batch's own metadata on the server. */
  intent_key: textSchema,
  intended_at_ms: z.number(),
  input_file_id: textSchema.nullish(),
  /** Of the input that was uploaded. */
  input_sha256: textSchema.nullish(),
  /** What the requests can take at most; reserved of the budget until the answers are here. `null` once it was refused. */
  bound: z
    .looseObject({
      requests: countSchema,
      input_tokens: countSchema,
      output_tokens: countSchema,
      unbounded_requests: countSchema,
    })
    .nullish(),
  /** Of the input, as they count for the tokens that may be at the server at once; `null` where nobody counted. */
  input_tokens: countSchema.nullish(),
  /** When the upload was made, by the server's own clock. */
  uploaded_at_server_ms: z.number().nullish(),
  /** When the server was about to be asked for the batch, for people; `null` again once it refused. */
  asked_at_ms: z.number().nullish(),
  /** Which account of which server was asked, told without the key: only its list can show that no batch is there. */
  account: textSchema.nullish(),
  /** Since when, by the server's own clock, its list has been seen without the batch that was asked for. */
  missing_since_server_ms: z.number().nullish(),
  /** Batches of this upload that the server had no room for, the latest first: none of them is the one looked for. */
  refused_batch_ids: z.array(textSchema).nullish(),
})

/** Somebody wants the batch to stop: durable before the server is asked. */
const cancelSchema = z.looseObject({
  intended_at_ms: z.number(),
  /** When the server took it, or nothing was left to cancel. */
  answered_at_ms: z.number().nullish(),
})

/** Somebody has a batch of the server brought in: durable before its files have their names. */
const importSchema = z.looseObject({
  intended_at_ms: z.number(),
  /** When all that the server had of it by then was here. */
  fetched_at_ms: z.number().nullish(),
})

/** Files at the server are deleted: durable before the first of them is. */
const cleanSchema = z.looseObject({
  intended_at_ms: z.number(),
  file_ids: z.array(textSchema).max(10),
  /** When all of these were gone. */
  answered_at_ms: z.number().nullish(),
})

/** The server refuses the batch for want of room. */
const roomSchema = z.looseObject({
  since_ms: z.number(),
  refusals: countSchema,
  next_try_at_ms: z.number(),
  /** Other batches of the workspace that were under way when this one was last sent. */
  others_under_way: countSchema.nullish(),
})

/** The batch alone is more than the server takes: its requests go on in parts. */
const splitSchema = z.looseObject({
  parts: z.number().int().min(2).max(100),
  reason: textSchema,
  decided_at_ms: z.number(),
})

/** Somebody takes faults of these very files as they are, so that the triple goes on. */
const acceptedSchema = z.looseObject({
  accepted_at_ms: z.number(),
  missing: z.boolean(),
  unrecognised: z.boolean(),
  keep: z.enum(['first', 'last']).nullish(),
  files: z.array(z.looseObject({ kind: textSchema, bytes: countSchema, sha256: textSchema })).max(10),
})

/** A move to `done/` that was begun, with what it moves. */
const moveSchema = z.looseObject({
  intended_at_ms: z.number(),
  files: z.array(z.looseObject({ name: textSchema, bytes: countSchema, sha256: textSchema })),
})

/**
 * The content of `batch_metadata_<index>.jsonl`: one JSON object, the seed's four fields first, ours all optional.
 * Fields this list does not know are kept as they are.
 */
export const metadataSchema = z.looseObject({
  batch_id: idSchema,
  input_file_id: idSchema,
  output_file_id: idSchema,
  error_file_id: idSchema,
  schema_version: countSchema.nullish(),
  /** The last status the server gave, in its words. */
  remote_status: textSchema.nullish(),
  endpoint: textSchema.nullish(),
  model: textSchema.nullish(),
  content_type: z.enum(['json', 'json-lines', 'text']).nullish(),
  input_sha256: textSchema.nullish(),
  request_count: countSchema.nullish(),
  /** 1 for a root triple, one more for each retry. */
  attempt: z.number().int().positive().nullish(),
  /** The triple whose submission this is. */
  index: textSchema.nullish(),
  parent_index: textSchema.nullish(),
  root_index: textSchema.nullish(),
  /** Somebody asked to send these requests although they were sent before. */
  sent_again: z.boolean().nullish(),
  provider: textSchema.nullish(),
  /** Which account of which server has the batch, told without the key. */
  account: textSchema.nullish(),
  submission: submissionSchema.nullish(),
  cancel: cancelSchema.nullish(),
  import: importSchema.nullish(),
  clean: cleanSchema.nullish(),
  room: roomSchema.nullish(),
  split: splitSchema.nullish(),
  accepted: acceptedSchema.nullish(),
  /** A download was replaced by a later one; what it held was paid for as well. */
  superseded: z.boolean().nullish(),
  /** A retry of requests that may have been answered: sent only when somebody says so. */
  needs_leave: z.boolean().nullish(),
  move: moveSchema.nullish(),
  last_polled_at_ms: z.number().nullish(),
  /** When the server made the batch; by our clock where it does not say. */
  submitted_at_ms: z.number().nullish(),
  /** When the server gives the batch up. */
  expires_at_ms: z.number().nullish(),
  /** The batch the server refused for want of room. */
  last_refused_batch_id: textSchema.nullish(),
  /** As the server gave them; the accounting says where it disagrees. */
  request_counts: z
    .looseObject({
      total: z.number().nullish(),
      completed: z.number().nullish(),
      failed: z.number().nullish(),
    })
    .nullish(),
  created_at_ms: z.number().nullish(),
})

/** What we know of a batch beside its files. */
export type BatchMetadata = z.infer<typeof metadataSchema>
export type SubmissionIntent = z.infer<typeof submissionSchema>
export type Acceptance = z.infer<typeof acceptedSchema>
export type MoveIntent = z.infer<typeof moveSchema>
