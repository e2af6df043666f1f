import { batchObject } from './batch-object.js'
import { batchesNewestFirst, cancelBatch, createBatch, existingBatch } from './batches-api.js'
import { contentReply } from './content.js'
import type { ListEffect } from './fault.js'
import { createFile, deleteFile, existingFile, fileObject, listFiles } from './files-api.js'
import { pageOf } from './page.js'
import { refusalReply, refuse, RefusalError } from './refusal.js'
import { jsonReply, type AnswerReply } from './reply.js'
import type { TakenFaults } from './scripted-faults.js'
import { settleAll } from './settle.js'
import type { ApiCall, ServerState, StoredBatch } from './state.js'
import type { Operation } from './wire.js'

/** Does what a call asks and gives the server's honest answer; reports and lists may be bent by `taken`. */
export async function executeCall(
  state: ServerState,
  call: ApiCall,
  request: Request,
  taken: TakenFaults,
): Promise<AnswerReply> {
  try {
    checkKey(state, request)
    return await handlers[call.operation]({ state, call, request, taken })
  } catch (error) {
    if (error instanceof RefusalError) return refusalReply(error.refusal)
    throw error
  }
}

interface CallContext {
  readonly state: ServerState
  readonly call: ApiCall
  readonly request: Request
  readonly taken: TakenFaults
}

type Handler = (context: CallContext) => AnswerReply | Promise<AnswerReply>

const handlers: Readonly<Record<Operation, Handler>> = {
  'files.create': async ({ state, request }) => jsonReply(200, await createFile(state, request)),
  'files.list': ({ state, request }) => jsonReply(200, listFiles(state, queryOf(request))),
  'files.retrieve': ({ state, call }) => jsonReply(200, fileObject(existingFile(state, call.id))),
  'files.content': ({ state, call, request }) =>
    contentReply(existingFile(state, call.id), request, state.settings.servesRanges),
  'files.delete': ({ state, call }) => jsonReply(200, deleteFile(state, call.id)),
  'batches.create': async (context) => reported(context, await createBatch(context.state, context.request)),
  'batches.list': ({ state, request, taken }) => jsonReply(200, listBatches(state, queryOf(request), taken)),
  'batches.retrieve': (context) => reported(context, existingBatch(context.state, context.call.id)),
  'batches.cancel': (context) => reported(context, cancelled(context.state, context.call.id)),
}

function queryOf(request: Request): URLSearchParams {
  return new URL(request.url).searchParams
}

function reported({ state, taken }: CallContext, batch: StoredBatch): AnswerReply {
  return jsonReply(200, taken.report(batchObject(state, batch)))
}

function cancelled(state: ServerState, id: string): StoredBatch {
  const batch = cancelBatch(state, id)
  settleAll(state)
  return batch
}

function listBatches(state: ServerState, query: URLSearchParams, taken: TakenFaults): object {
  const visible = batchesNewestFirst(state).filter((batch) => isListed(state, batch, taken.lists))
  for (const batch of state.batches.values()) batch.listCalls += 1
  const ignoresAfter = taken.lists.some((effect) => effect.ignoresAfter === true)
  const asked = new URLSearchParams(query)
  if (ignoresAfter) asked.delete('after')
  const mostEntries = Math.min(...taken.lists.map((effect) => effect.mostEntries ?? Infinity))
  if (mostEntries < Number(asked.get('limit') ?? 20)) asked.set('limit', String(mostEntries))
  const { has_more: hasMore, ...page } = pageOf(visible, asked, { default: 20, maximum: 100 })
  const data = page.data.map((batch) => taken.report(batchObject(state, batch)))
  if (taken.lists.some((effect) => effect.omitsHasMore === true)) return { ...page, data }
  const deniesMore = taken.lists.some((effect) => effect.deniesMore === true)
  return { ...page, data, has_more: !deniesMore && (ignoresAfter || hasMore) }
}

function isListed(state: ServerState, batch: StoredBatch, effects: readonly ListEffect[]): boolean {
  const ageMs = state.now() - batch.createdAtMs
  return effects.every(({ lagCalls = 0, lagMs = 0 }) => batch.listCalls >= lagCalls && ageMs >= lagMs)
}

/** Any key will do unless the server was given one. Azure sends it as `api-key`. */
function checkKey({ settings }: ServerState, request: Request): void {
  const given =
    request.headers.get('api-key') ?? request.headers.get('authorization')?.replace(/^Bearer\s+/i, '')
  if (given === undefined || given === '') {
    throw refuse({ status: 401, message: "You didn't provide an API key.", code: 'missing_api_key' })
  }
  if (settings.apiKey === null || given === settings.apiKey) return
  throw refuse({ status: 401, message: 'Incorrect API key provided.', code: 'invalid_api_key' })
}
