import { batchObject } from './batch-object.js'
import { readCreateBody, type CreateBody } from './create-body.js'
import { digest } from './deterministic.js'
import { refuse } from './refusal.js'
import type { ServerState, StoredBatch } from './state.js'

const hourMs = 3600 * 1000
const windowMs = 24 * hourMs
const thirtyDaysMs = 30 * windowMs

/** `POST /batches`: stores the batch and answers `validating`, even when its input file does not exist. */
export async function createBatch(state: ServerState, request: Request): Promise<StoredBatch> {
  const body = readCreateBody(await request.text())
  checkRate(state)
  const batch = newBatch(state, body)
  state.batches.set(batch.id, batch)
  state.running.add(batch)
  return batch
}

/** Newest first, as OpenAI lists them; the batch list has no filter and no other order. */
export function batchesNewestFirst(state: ServerState): readonly StoredBatch[] {
  return [...state.batches.values()].toReversed()
}

/** `GET /batches/{id}`. */
export function existingBatch(state: ServerState, id: string): StoredBatch {
  const batch = state.batches.get(id)
  if (batch === undefined) throw refuse({ status: 404, message: `No batch found with id '${id}'.` })
  return batch
}

/** `POST /batches/{id}/cancel`: a second cancel is fine, cancelling what has ended otherwise is a conflict. */
export function cancelBatch(state: ServerState, id: string): StoredBatch {
  const batch = existingBatch(state, id)
  const { status } = batchObject(state, batch)
  if (status === 'completed' || status === 'failed' || status === 'expired') {
    throw refuse({ status: 409, message: `Cannot cancel a batch with status '${status}'.` })
  }
  if (status !== 'cancelling' && status !== 'cancelled') batch.cancelledByCallAtMs = state.now()
  return batch
}

function newBatch(state: ServerState, body: CreateBody): StoredBatch {
  const number = state.batches.size + 1
  const createdAtMs = state.now()
  const { inputFileId, endpoint, metadata, completionWindow, keepOutputSeconds } = body
  const asked = { number, inputFileId, endpoint, metadata }
  const plan = state.nextPlans.shift() ?? state.settings.planFor(asked) ?? {}
  return {
    ...asked,
    id: `batch_${digest(state.seed, ['batch', number], 32)}`,
    completionWindow,
    plan: { ...state.settings.defaults, ...plan },
    createdAtMs,
    expiresAtMs: createdAtMs + windowMs,
    keepFilesMs: keepOutputSeconds === null ? thirtyDaysMs : keepOutputSeconds * 1000,
    cancelledByCallAtMs: null,
    checkedInput: null,
    result: null,
    listCalls: 0,
  }
}

function checkRate(state: ServerState): void {
  const sinceMs = state.now() - hourMs
  const recent = [...state.batches.values()].filter(({ createdAtMs }) => createdAtMs > sinceMs).length
  if (recent < state.settings.limits.createsPerHour) return
  throw refuse({
    status: 429,
    message: 'Rate limit reached for batch creation.',
    type: 'rate_limit_error',
    code: 'rate_limit_exceeded',
  })
}
