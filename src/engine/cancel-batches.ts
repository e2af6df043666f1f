import { canBeCancelled } from '../../machines/index.js'
import { noteCancelWanted } from '../actors/submission-record.js'
import { isBatchReconciliationError } from '../errors.js'
import type { BatchIndex } from '../workspace/batch-index.js'
import { findTriple } from '../workspace/locate-triple.js'
import { metadataPath, readMetadata, type BatchMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { scanWorkspace } from '../workspace/scan.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import type { ReconcileWorkspaceOptions } from './options.js'
import { onePass, withWorkspace } from './reconcile-workspace.js'
import type { WorkspaceReport } from './report.js'
import { noProvider } from './no-provider.js'

/** A triple whose batch is under way, or may be: what `cancelBatches` would stop. */
export interface CancellableTriple {
  readonly index: BatchIndex
  /** `null` while it is not known whether the server made one. */
  readonly batchId: string | null
  /** The status last seen. */
  readonly remoteStatus: string | null
  readonly requests: number | null
}

export interface CancelReport extends WorkspaceReport {
  readonly cancelled: readonly CancellableTriple[]
  /** Triples that were named and have nothing at the server that could be stopped. */
  readonly untouched: readonly BatchIndex[]
}

/**
 * Cancels batches at the server, because a person asks. That it is wanted is durable before the server is asked, so
 * that a crash or a cut connection in between changes nothing: the next run goes on with it. What the batches answered
 * until then is downloaded and delivered in the usual way; the rest is not sent again by itself.
 *
 * @param wanted indices of triples in `workdir/`, or `all` batches that are under way
 * @throws NoProvider, InvalidBatchIndex, NoBatchFileTripleAtIndex; nothing was noted or sent then.
 */
export function cancelBatches(
  workspace: BatchWorkspace,
  wanted: readonly string[] | 'all',
  options: ReconcileWorkspaceOptions = {},
): Promise<CancelReport> {
  return withWorkspace(workspace, options, async (run) => {
    if (run.board === null) throw noProvider('A batch is cancelled at its server')
    const { cancellable, untouched } = await findCancellable(workspace, wanted)
    for (const { path } of cancellable) await noteCancelWanted(run, path)
    const indices = new Set(cancellable.map(({ triple }) => triple.index))
    const report = await onePass(run, { isWanted: ({ index }) => indices.has(index) })
    return { ...report, cancelled: cancellable.map(({ triple }) => triple), untouched }
  })
}

/** What `cancelBatches` would stop. Reads metadata only, and changes nothing. */
export async function cancellableTriples(
  workspace: BatchWorkspace,
  wanted: readonly string[] | 'all',
): Promise<readonly CancellableTriple[]> {
  return (await findCancellable(workspace, wanted)).cancellable.map(({ triple }) => triple)
}

interface Cancellable {
  readonly triple: CancellableTriple
  /** Of the metadata; absolute. */
  readonly path: string
}

async function findCancellable(workspace: BatchWorkspace, wanted: readonly string[] | 'all') {
  const cancellable = new Map<BatchIndex, Cancellable>()
  const untouched = new Set<BatchIndex>()
  for (const triple of await wantedTriples(workspace, wanted)) {
    const path = metadataPath(workspace, triple)
    const found = toCancellable(triple.index, await readFor(workspace, path, wanted))
    if (found === null) untouched.add(triple.index)
    else cancellable.set(triple.index, { triple: found, path })
  }
  return { cancellable: [...cancellable.values()], untouched: wanted === 'all' ? [] : [...untouched] }
}

/** Every name is looked up before anything is noted: a slip of the hand in the third must not stop the first two. */
async function wantedTriples(
  workspace: BatchWorkspace,
  wanted: readonly string[] | 'all',
): Promise<readonly BatchFileTriple[]> {
  if (wanted === 'all') return (await scanWorkspace(workspace)).triples
  const triples: BatchFileTriple[] = []
  for (const text of wanted) triples.push(await findTriple(workspace, text))
  return triples
}

/** Metadata that cannot be read stops only those who named its triple. */
async function readFor(
  workspace: BatchWorkspace,
  path: string,
  wanted: readonly string[] | 'all',
): Promise<BatchMetadata | null> {
  try {
    return await readMetadata(workspace, path)
  } catch (error) {
    if (wanted === 'all' && isBatchReconciliationError(error)) return null
    throw error
  }
}

function toCancellable(index: BatchIndex, metadata: BatchMetadata | null): CancellableTriple | null {
  const batchId = metadata?.batch_id ?? null
  const remoteStatus = metadata?.remote_status ?? null
  const isPossible = batchId === null ? metadata?.submission != null : canBeCancelled(remoteStatus)
  return isPossible ? { index, batchId, remoteStatus, requests: metadata?.request_count ?? null } : null
}
