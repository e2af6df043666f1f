import { isFailedStatus } from '../../machines/index.js'
import type { ExpectedContentType } from '../accounting/rows/content.js'
import { noteBatch } from '../actors/submission-record.js'
import { reconciliationError } from '../errors.js'
import type { BatchProvider, RemoteBatch } from '../providers/batch-provider.js'
import type { BatchIndex } from '../workspace/batch-index.js'
import { findTriple, locateTriple } from '../workspace/locate-triple.js'
import { lostMetadata } from '../workspace/lost-metadata.js'
import { metadataPath, readMetadata, updateMetadata, type BatchMetadata } from '../workspace/metadata.js'
import { ownerOfMetadata } from '../workspace/mixed-up-metadata.js'
import { standingPath } from '../workspace/move-intent.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import { batchOwners } from '../actors/batch-owners.js'
import type { ReconcileOptions } from './options.js'
import { withWorkspace } from './reconcile-workspace.js'
import type { Run } from './run.js'
import { noProvider } from './no-provider.js'

export interface AdoptReport {
  readonly index: BatchIndex
  /** As the server reports it now. */
  readonly batch: RemoteBatch
  /** The triple had this batch already; nothing changed. */
  readonly isKnown: boolean
}

/**
 * Gives a triple the batch that was made from its input, when its id was lost: the metadata was deleted, or the batch
 * was created by other means. The server is asked for it first; nothing is created, and the next run goes on from
 * there.
 *
 * @param text the index of a triple in `workdir/` that has an input
 * @throws InvalidBatchIndex, NoBatchFileTripleAtIndex, NoProvider; AdoptionRefused when the two cannot belong together
 */
export function adoptBatch<Content = unknown, Type extends ExpectedContentType = 'text'>(
  workspace: BatchWorkspace,
  text: string,
  batchId: string,
  options: ReconcileOptions<Content, Type> = {},
): Promise<AdoptReport> {
  return withWorkspace(workspace, options, async (run) => {
    const { provider } = run
    if (provider === null) throw noProvider('A batch is looked up at its server before it is adopted')
    const triple = await findTriple(workspace, text)
    const path = metadataPath(workspace, triple)
    const metadata = await readMetadata(workspace, path)
    const inputPath = await requireFree(workspace, triple, batchId)
    await requireNoOther(provider, triple.index, { metadata, batchId }, run.signal)
    const batch = await batchAtServer(provider, triple.index, batchId, run.signal)
    requireSameUpload(triple.index, metadata, batch)
    if (metadata?.batch_id === batchId) return { index: triple.index, batch, isKnown: true }
    await note(run, { index: triple.index, path }, { provider, batch, metadata, inputPath })
    return { index: triple.index, batch, isKnown: false }
  })
}

/** Gives the path of its input. */
async function requireFree(
  workspace: BatchWorkspace,
  { index, input }: BatchFileTriple,
  batchId: string,
): Promise<string> {
  if (input === null) {
    throw refused(
      index,
      `Triple ${index} has no input file; a batch is adopted for the input it was made from.`,
      `Put batch_input_${index}.jsonl into workdir/ first.`,
    )
  }
  const owner = (await batchOwners(workspace)).get(batchId)
  if (owner !== undefined && owner !== index && !(await isMixedUp(workspace, owner))) {
    throw refused(index, `Batch ${batchId} is that of triple ${owner} already.`, 'Compare the batch id.')
  }
  return input
}

/** What another triple names by metadata that is not its own says nothing of whose batch it is. */
async function isMixedUp(workspace: BatchWorkspace, index: BatchIndex): Promise<boolean> {
  const triple = await locateTriple(workspace, index)
  const inputPath = standingPath(workspace, triple, 'input')
  const metadata = await readMetadata(workspace, metadataPath(workspace, triple))
  if (inputPath === null || metadata === null) return false
  return (await ownerOfMetadata(workspace, { index, inputPath, metadata })) !== null
}

/** An id that the server does not know is that of no batch: somebody puts it right. */
async function requireNoOther(
  provider: BatchProvider,
  index: BatchIndex,
  { metadata, batchId }: { readonly metadata: BatchMetadata | null; readonly batchId: string },
  signal: AbortSignal,
): Promise<void> {
  const current = metadata?.batch_id ?? null
  if (current === null || current === batchId) return
  if ((await provider.status([current], signal)).get(current) === null) return
  throw refused(
    index,
    `Triple ${index} has batch ${current} already, and the server knows it; it cannot have ${batchId} too.`,
    'If the id in its metadata is wrong, set batch_id to "" there and adopt again.',
  )
}

async function batchAtServer(
  provider: BatchProvider,
  index: BatchIndex,
  batchId: string,
  signal: AbortSignal,
): Promise<RemoteBatch> {
  const batch = (await provider.status([batchId], signal)).get(batchId) ?? null
  if (batch === null) {
    throw refused(
      index,
      `The server does not know batch ${batchId}.`,
      'Compare the id with the list on the server, and check that key, project and base URL are those it was made with.',
    )
  }
  if (isFailedStatus(batch.status) && batch.outputFileId === null && batch.errorFileId === null) {
    throw refused(
      index,
      `Batch ${batchId} failed at the server and holds no results${reasonOf(batch)}.`,
      'Nothing of it was executed. Mend the input if that is the reason, and submit it.',
    )
  }
  return batch
}

function reasonOf({ errors: [first] }: RemoteBatch): string {
  return first === undefined ? '' : ` (${first.code ?? 'error'}: ${(first.message ?? '').slice(0, 200)})`
}

/** An upload has one id: a batch of another upload answers other requests, or the same ones a second time. */
function requireSameUpload(index: BatchIndex, metadata: BatchMetadata | null, batch: RemoteBatch): void {
  const ours = metadata?.input_file_id ?? metadata?.submission?.input_file_id ?? null
  if (ours === null || batch.inputFileId === null || ours === batch.inputFileId) return
  const intentKey = metadata?.submission?.intent_key
  if (intentKey !== undefined && batch.metadata['intent_key'] === intentKey) return
  throw refused(
    index,
    `Batch ${batch.batchId} was made from upload ${batch.inputFileId}; triple ${index} was uploaded as ${ours}.`,
    `Look for the batch of ${ours} in the server's list.`,
  )
}

async function note(
  run: Run,
  place: { readonly index: BatchIndex; readonly path: string },
  { provider, batch, metadata, inputPath }: Adopted,
): Promise<void> {
  if (metadata === null) {
    const lost = await lostMetadata(run.workspace, place.index, inputPath)
    await updateMetadata(run.workspace, place.path, {
      endpoint: batch.endpoint,
      attempt: lost?.attempt ?? 1,
      parent_index: lost?.parentIndex ?? null,
      root_index: lost?.rootIndex ?? place.index,
    })
  }
  await noteBatch(run, place, provider, batch)
}

interface Adopted {
  readonly provider: BatchProvider
  readonly batch: RemoteBatch
  readonly metadata: BatchMetadata | null
  readonly inputPath: string
}

function refused(index: BatchIndex, message: string, hint: string): Error {
  return reconciliationError(
    { code: 'AdoptionRefused', message, hint, needsPerson: true, facts: { index } },
    { index },
  )
}
