import { checkInput } from './check-input.js'
import { digest } from './deterministic.js'
import { runRequests } from './run-requests.js'
import type { BatchResult, CheckedInput, ServerState, StoredBatch } from './state.js'
import { timelineOf } from './timeline.js'
import type { BatchErrorObject } from './wire.js'

/** Brings every running batch to where the clock says it is: validated, executed, its files written. */
export function settleAll(state: ServerState): void {
  for (const batch of state.running) settle(state, batch)
}

/** The file, unless it was deleted or its time is over; then the API answers 404. */
export function findFile(state: ServerState, id: string) {
  const file = state.files.get(id)
  if (file === undefined) return null
  return file.expiresAtMs !== null && file.expiresAtMs <= state.now() ? null : file
}

function settle(state: ServerState, batch: StoredBatch): void {
  const nowMs = state.now()
  const before = timelineOf(batch)
  const isPastValidation = nowMs >= before.inProgressAtMs || nowMs >= before.endedAtMs
  if (!isPastValidation) return
  batch.checkedInput ??= validated(state, batch)
  const timeline = timelineOf(batch)
  if (nowMs < timeline.endedAtMs) return
  batch.result = resultOf(state, batch, timeline)
  batch.checkedInput = { ...batch.checkedInput, requests: [] }
  state.running.delete(batch)
}

function resultOf(
  state: ServerState,
  batch: StoredBatch,
  { share, endStatus, endedAtMs }: ReturnType<typeof timelineOf>,
): BatchResult {
  const yielded = runRequests(state, batch, share, endStatus)
  const hasFiles = endStatus !== 'failed' || share > 0
  return {
    total: batch.checkedInput?.requests.length ?? 0,
    outputFileId: hasFiles ? storeFile(state, batch, 'output', yielded.files.output, endedAtMs) : null,
    errorFileId: hasFiles ? storeFile(state, batch, 'error', yielded.files.error, endedAtMs) : null,
    completed: yielded.completed,
    failed: yielded.failed,
    usage: yielded.usage,
  }
}

function storeFile(
  state: ServerState,
  batch: StoredBatch,
  kind: 'output' | 'error',
  text: string | null,
  createdAtMs: number,
): string | null {
  if (text === null) return null
  const id = `file-${digest(state.seed, [kind, batch.id], 22)}`
  state.files.set(id, {
    id,
    filename: `${batch.id}_${kind}.jsonl`,
    purpose: 'batch_output',
    bytes: new TextEncoder().encode(text),
    createdAtMs,
    expiresAtMs: createdAtMs + batch.keepFilesMs,
  })
  return id
}

function validated(state: ServerState, batch: StoredBatch): CheckedInput {
  const { settings } = state
  const file = findFile(state, batch.inputFileId)
  if (file === null || file.purpose !== 'batch') return withoutInput(batch.inputFileId)
  const { models, limits } = settings
  const checked = checkInput(file.bytes, { endpoint: batch.endpoint, models, limits })
  const overflow = checked.problems.length > 0 ? [] : tokenOverflow(state, checked)
  return { ...checked, problems: [...checked.problems, ...overflow] }
}

/** As OpenAI words it for an id that is unknown, deleted, or of another project. */
function withoutInput(inputFileId: string): CheckedInput {
  const message = `Cannot find file ${inputFileId}, or organization org-test does not have access to it.`
  return {
    requests: [],
    problems: [{ code: 'invalid_request', message, param: 'file_id', line: null }],
    model: null,
    tokens: 0,
  }
}

/** Counted over all batches of the model that still run; the batch fails, minutes after its creation (openai-python #2084). */
function tokenOverflow(state: ServerState, checked: CheckedInput): BatchErrorObject[] {
  const limit = state.settings.limits.enqueuedTokens
  const enqueued = [...state.running]
    .filter(({ checkedInput }) => checkedInput?.model === checked.model)
    .reduce((sum, { checkedInput }) => sum + (checkedInput?.tokens ?? 0), checked.tokens)
  if (enqueued <= limit) return []
  const message =
    `Enqueued token limit reached for ${checked.model} in organization org-test. Limit: ${limit} enqueued tokens. ` +
    'Please try again once some in_progress batches have been completed.'
  return [{ code: 'token_limit_exceeded', message, param: null, line: null }]
}
