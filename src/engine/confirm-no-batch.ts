import { isNoProof } from '../actors/submission-doubt.js'
import { noteRefusal } from '../actors/submission-record.js'
import { reconciliationError } from '../errors.js'
import type { BatchProvider, RemoteBatch } from '../providers/batch-provider.js'
import type { BatchIndex } from '../workspace/batch-index.js'
import { findTriple } from '../workspace/locate-triple.js'
import { metadataPath, readMetadata, type BatchMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { shellWord } from '../workspace/shell-word.js'
import type { ReconcileOptions } from './options.js'
import { withWorkspace } from './reconcile-workspace.js'

export interface NoBatchReport {
  readonly index: BatchIndex
}

/**
 * Somebody looked at the server and says that the creation which was not answered made no batch: the next run makes
 * one from the same upload. For lists that cannot show it by themselves; what they do show is believed first.
 *
 * @param text the index of a triple in `workdir/` whose submission is in doubt
 * @throws InvalidBatchIndex, NoBatchFileTripleAtIndex; AdoptionRefused when nothing is in doubt, or the list shows a batch
 */
export function confirmNoBatch(
  workspace: BatchWorkspace,
  text: string,
  options: ReconcileOptions = {},
): Promise<NoBatchReport> {
  return withWorkspace(workspace, options, async ({ provider, signal }) => {
    const triple = await findTriple(workspace, text)
    const { index } = triple
    const path = metadataPath(workspace, triple)
    const metadata = await readMetadata(workspace, path)
    requireDoubt(index, metadata)
    const [listed] = provider === null ? [] : await batchesListed(provider, metadata, signal)
    if (listed !== undefined) throw isListed(workspace, index, listed)
    await noteRefusal({ workspace }, { index, path })
    return { index }
  })
}

function requireDoubt(index: BatchIndex, metadata: BatchMetadata | null): void {
  const batchId = metadata?.batch_id ?? null
  if (batchId !== null) {
    throw refused(
      index,
      `Triple ${index} has batch ${batchId}.`,
      'Nothing is in doubt; the next run asks the server for it.',
    )
  }
  if (metadata?.submission?.asked_at_ms == null) {
    throw refused(
      index,
      `No creation for triple ${index} is without an answer.`,
      'Nothing is in doubt; `submit` or `run` sends it.',
    )
  }
}

async function batchesListed(
  provider: BatchProvider,
  metadata: BatchMetadata | null,
  signal: AbortSignal,
): Promise<readonly RemoteBatch[]> {
  const submission = metadata?.submission
  const inputFileId = submission?.input_file_id ?? null
  if (submission == null || inputFileId === null) return []
  const { intent_key: intentKey, uploaded_at_server_ms: uploadedAtMs = null } = submission
  const refusedIds = new Set(submission.refused_batch_ids)
  try {
    const { batches } = await provider.find({ inputFileId, intentKey, uploadedAtMs }, signal)
    return batches.filter(({ batchId }) => !refusedIds.has(batchId))
  } catch (error) {
    // That is what somebody's word is for.
    if (isNoProof(error)) return []
    throw error
  }
}

function isListed({ root }: BatchWorkspace, index: BatchIndex, { batchId }: RemoteBatch): Error {
  return refused(
    index,
    `The server lists batch ${batchId}, which was made for triple ${index}.`,
    `Adopt that one: batch-reconciler adopt ${shellWord(root)} ${index} ${batchId}`,
  )
}

function refused(index: BatchIndex, message: string, hint: string): Error {
  return reconciliationError(
    { code: 'AdoptionRefused', message, hint, needsPerson: true, facts: { index } },
    { index },
  )
}
