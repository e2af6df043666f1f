import type { TripleFacts } from '../../machines/index.js'
import { reconciliationError, type BatchReconciliationError } from '../errors.js'
import type { BatchProvider, RemoteBatch } from '../providers/batch-provider.js'
import { readMetadata, type BatchMetadata } from '../workspace/metadata.js'
import { shellWord } from '../workspace/shell-word.js'
import { adoptFound } from './adopt-found.js'
import type { TripleDependencies } from './dependencies.js'
import { isNoProof } from './submission-doubt.js'
import { noteBatch } from './submission-record.js'

/** Whose batch is asked for, and where its metadata stands. */
export interface BatchPlace {
  readonly facts: TripleFacts
  /** Of the metadata, absolute. */
  readonly path: string
}

/**
 * The server knows no batch of the id that the metadata names. Somebody may have edited the id, or it is another account:
 * so the batch is looked for by its upload, and taken up when the server has it. `null` when the account that made it shows
 * all its batches, and none is of this upload: only then its results are lost.
 *
 * @throws BatchUnknown when nobody can tell, AccessDenied when it is another account
 */
export async function batchInPlaceOfUnknown(
  dependencies: TripleDependencies,
  provider: BatchProvider,
  place: BatchPlace,
  signal: AbortSignal,
): Promise<RemoteBatch | null> {
  const { facts, path } = place
  const metadata = await readMetadata(dependencies.workspace, path)
  requireSameAccount(provider, facts, metadata)
  const found = await batchesOfUpload(provider, metadata, signal)
  if (found.type === 'unclear') throw unknown(dependencies, facts, found.why)
  if (found.batches.length > 0) return takeUp(dependencies, provider, place, found.batches, signal)
  if (provider.account === undefined || metadata?.account == null)
    throw unknown(dependencies, facts, 'nothing tells whether this is the account that made it')
  return null
}

/**
 * The batch that the metadata names is that of another upload, and its answers are those of other requests, though they may
 * have the same ids. The right one is taken up when the server has it. Gives `said` where nothing is known to be wrong:
 * gateways give one upload several ids.
 *
 * @throws BatchUnknown when it is the batch of another submission of ours, and the right one is not found
 */
export async function batchOfOwnUpload(
  dependencies: TripleDependencies,
  provider: BatchProvider,
  place: BatchPlace,
  said: RemoteBatch,
  signal: AbortSignal,
): Promise<RemoteBatch> {
  const metadata = await readMetadata(dependencies.workspace, place.path)
  const intentKey = metadata?.submission?.intent_key ?? null
  const saidKey = said.metadata['intent_key'] ?? null
  const upload = metadata?.submission?.input_file_id ?? null
  if (upload === null || upload === said.inputFileId || saidKey === intentKey) return said
  // A server that gives back neither upload nor key says nothing against it, and its list would say no more.
  if (said.inputFileId === null && saidKey === null) return said
  const found = await batchesOfUpload(provider, metadata, signal)
  if (found.type === 'shown' && found.batches.length > 0)
    return takeUp(dependencies, provider, place, found.batches, signal)
  if (saidKey === null || intentKey === null) return said
  throw unknown(dependencies, place.facts, 'it was made for another submission')
}

/** An account that never had the batch does not know it, which says nothing of its results. */
function requireSameAccount(
  { account }: BatchProvider,
  { index, batchId }: TripleFacts,
  metadata: BatchMetadata | null,
): void {
  const made = metadata?.account ?? null
  if (made === null || account === undefined || made === account) return
  throw reconciliationError({
    code: 'AccessDenied',
    message: `${account} does not know batch ${batchId} of triple ${index}; it was last seen with ${made}.`,
    hint: 'What stands behind # tells keys, organisations and projects apart. Run again with those it was made with (OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_ORG_ID, OPENAI_PROJECT_ID); nothing is lost.',
    needsPerson: true,
    facts: { index, batchId, account, made },
  })
}

type Found =
  | { readonly type: 'shown'; readonly batches: readonly RemoteBatch[] }
  | { readonly type: 'unclear'; readonly why: string }

/** By the id of the upload and our key, as after a creation that was not answered. */
async function batchesOfUpload(
  provider: BatchProvider,
  metadata: BatchMetadata | null,
  signal: AbortSignal,
): Promise<Found> {
  const submission = metadata?.submission
  const inputFileId = submission?.input_file_id ?? metadata?.input_file_id ?? null
  if (inputFileId === null)
    return { type: 'unclear', why: 'its metadata does not say from which upload it was made' }
  const { intent_key: intentKey = null, uploaded_at_server_ms: uploadedAtMs = null } = submission ?? {}
  const refusedIds = new Set(submission?.refused_batch_ids)
  try {
    const { batches } = await provider.find({ inputFileId, intentKey, uploadedAtMs }, signal)
    return { type: 'shown', batches: batches.filter(({ batchId }) => !refusedIds.has(batchId)) }
  } catch (error) {
    if (!isNoProof(error)) throw error
    const why = error.facts['why']
    return { type: 'unclear', why: typeof why === 'string' ? why : error.message }
  }
}

async function takeUp(
  dependencies: TripleDependencies,
  provider: BatchProvider,
  { facts: { index, batchId }, path }: BatchPlace,
  batches: readonly RemoteBatch[],
  signal: AbortSignal,
): Promise<RemoteBatch> {
  const message = `The metadata of triple ${index} names batch ${batchId}, which is not that of its upload.`
  dependencies.report({ type: 'warning', index, message })
  const batch = await adoptFound(dependencies, provider, index, batches, signal)
  await noteBatch(dependencies, { index, path }, provider, batch)
  return batch
}

function unknown(
  { workspace: { root } }: TripleDependencies,
  { index, batchId, input }: TripleFacts,
  why: string,
): BatchReconciliationError {
  const again = `batch-reconciler submit ${shellWord(root)} ${shellWord(input?.path ?? '')} --again`
  return reconciliationError(
    {
      code: 'BatchUnknown',
      message: `The server does not know batch ${batchId} of triple ${index} as its own: ${why}.`,
      hint: `Check that key, project and base URL are those it was sent with, and the batch id with the server's list. To put it right: \`batch-reconciler adopt ${shellWord(root)} ${index} <batch id>\`. Only when you have seen that the batch is gone there, its results are lost: \`${again}\`, then take the files of triple ${index} out of workdir/.`,
      needsPerson: true,
      facts: { index, batchId, why },
    },
    { index },
  )
}
