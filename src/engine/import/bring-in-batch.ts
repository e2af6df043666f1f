import { isEndedStatus, isFailedStatus, lacksAnnouncedFile, type Problem } from '../../../machines/index.js'
import { fieldsOfBatch, fieldsOfStatus } from '../../actors/batch-fields.js'
import { tripleDependencies } from '../../actors/dependencies.js'
import { downloadFiles } from '../../actors/download-files.js'
import { fetchFile } from '../../actors/fetch-file.js'
import { surveyFacts } from '../../actors/survey-triple.js'
import { isBatchReconciliationError } from '../../errors.js'
import type { BatchProvider, RemoteBatch } from '../../providers/batch-provider.js'
import { derivedBatchIndex, type BatchIndex } from '../../workspace/batch-index.js'
import { asFileProblem } from '../../workspace/file-problem.js'
import { inputChange } from '../../workspace/input-identity.js'
import { locateTriple } from '../../workspace/locate-triple.js'
import { metadataPath, readMetadata, updateMetadata, type BatchMetadata } from '../../workspace/metadata.js'
import { rowKinds, standingPath } from '../../workspace/move-intent.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { requireFree } from '../../workspace/rename-to-new.js'
import type { BatchFileTriple } from '../../workspace/triple.js'
import type { ReadingRun } from '../run.js'
import * as refusals from './batch-refusals.js'
import type { ImportedBatch } from './import-batches.js'
import { readLooseFile, type LooseFile } from './loose-file.js'
import type { StandingLookup } from './standing-files.js'

export type FetchedKind = (typeof rowKinds)[number]

/** What the batches of one call share. */
export interface BatchImport {
  readonly run: ReadingRun
  readonly provider: BatchProvider
  /** The triple of each batch that one has. */
  readonly owners: ReadonlyMap<string, BatchIndex>
  readonly standing: StandingLookup
  readonly isDryRun: boolean
}

/**
 * Makes a triple of a batch, or goes on with one that a crash left unfinished. The metadata are durable before the input
 * has its name: an input alone would be one that was never sent, and a run may send it.
 *
 * @param closed why the server is not asked any more; `null` while it is
 */
export async function bringInBatch(
  scope: BatchImport,
  batchId: string,
  closed: Problem | null,
): Promise<ImportedBatch> {
  const told: ImportedBatch = {
    batchId,
    fate: 'left-over',
    index: null,
    remoteStatus: null,
    requests: null,
    fetched: [],
    problem: closed,
  }
  try {
    return await bringInOrGoOn(scope, told)
  } catch (error) {
    if (!isBatchReconciliationError(error) || error.code === 'Interrupted') throw error
    scope.run.signal.throwIfAborted()
    return { ...told, problem: error.problem }
  }
}

async function bringInOrGoOn(scope: BatchImport, told: ImportedBatch): Promise<ImportedBatch> {
  const { batchId } = told
  const { workspace } = scope.run
  const owner = scope.owners.get(batchId)
  const index = owner ?? derivedBatchIndex(JSON.stringify(['batch', batchId]))
  const triple = await locateTriple(workspace, index)
  const metadata = await metadataOf(workspace, triple)
  if (owner !== undefined && isWhole(triple, metadata)) {
    const { remote_status: remoteStatus = null, request_count: requests = null } = metadata ?? {}
    return { ...told, fate: 'here', index, remoteStatus, requests, problem: null }
  }
  if (told.problem !== null) return told
  if (owner === undefined) requireFreePlace(triple, batchId)
  const place = { told, triple, metadata, index }
  const batch = await batchAtServer(scope, batchId)
  return scope.isDryRun ? planned(place, batch) : bringIn(scope, place, batch)
}

interface Place {
  /** What is known of the batch before it is asked for. */
  readonly told: ImportedBatch
  readonly index: BatchIndex
  readonly triple: BatchFileTriple
  readonly metadata: BatchMetadata | null
}

async function metadataOf(workspace: BatchWorkspace, triple: BatchFileTriple): Promise<BatchMetadata | null> {
  const path = standingPath(workspace, triple, 'metadata')
  return path === null ? null : readMetadata(workspace, path)
}

/** Somebody put an input there, by the words of an earlier call for one, and has not said whose it is. */
function requireFreePlace(triple: BatchFileTriple, batchId: string): void {
  const path = standingPath(triple.workspace, triple, 'input')
  if (path !== null) throw refusals.placeTaken(triple, path, batchId)
}

/** Nothing of it is to be fetched here: a run does what is left. */
function isWhole({ input, inDone }: BatchFileTriple, metadata: BatchMetadata | null): boolean {
  const begun = metadata?.import
  const isFetched = begun == null || begun.fetched_at_ms != null
  return inDone.input || (input !== null && isFetched)
}

async function batchAtServer({ run, provider }: BatchImport, batchId: string): Promise<RemoteBatch> {
  const batch = (await provider.status([batchId], run.signal)).get(batchId) ?? null
  if (batch === null) throw refusals.unknownBatch(provider, batchId)
  const hasFiles = batch.outputFileId !== null || batch.errorFileId !== null
  if (isFailedStatus(batch.status) && !hasFiles) throw refusals.failedBatch(batch)
  return batch
}

/** What a call that is no dry run would do, as far as can be told without the files. */
function planned({ told, index, triple }: Place, batch: RemoteBatch): ImportedBatch {
  const { status, inputFileId, outputFileId, errorFileId } = batch
  if (inputFileId === null) throw refusals.inputGone(triple, batch, null)
  const isEnded = isEndedStatus(status)
  const isThere: Readonly<Record<FetchedKind, boolean>> = {
    input: true,
    output: isEnded && outputFileId !== null,
    error: isEnded && errorFileId !== null,
  }
  const fetched = rowKinds.filter((kind) => isThere[kind] && triple[kind] === null)
  return { ...told, fate: 'imported', index, remoteStatus: status, fetched }
}

async function bringIn(scope: BatchImport, place: Place, batch: RemoteBatch): Promise<ImportedBatch> {
  const { triple, metadata } = place
  const input = triple.input === null ? await fetchInput(scope, place, batch) : null
  const requests = input?.rows ?? metadata?.request_count ?? null
  const fetchedInput = input === null ? [] : (['input'] as const)
  const imported = {
    ...place.told,
    fate: 'imported',
    index: place.index,
    remoteStatus: batch.status,
    requests,
  } as const
  try {
    return { ...imported, fetched: [...fetchedInput, ...(await fetchAnswers(scope, place))] }
  } catch (error) {
    if (!isBatchReconciliationError(error) || error.code === 'Interrupted') throw error
    const problem = refusals.answersMissing(triple, error.problem)
    return { ...imported, fetched: fetchedInput, problem }
  }
}

async function fetchInput(scope: BatchImport, place: Place, batch: RemoteBatch): Promise<LooseFile> {
  const { run, provider } = scope
  const { workspace, signal } = run
  const { told, triple, index } = place
  const { inputFileId } = batch
  if (inputFileId === null) throw refusals.inputGone(triple, batch, null)
  const partPath = workspace.layout.partFile('input', index)
  const file = {
    index,
    fileId: inputFileId,
    partPath,
    path: workspace.layout.workdirFile('input', index),
    beforeNaming: async () => {
      const input = await readLooseFile(workspace.fileSystem, partPath, signal)
      if (input.kind !== 'requests') throw refusals.noRequests(batch, input)
      await requireFree(workspace.fileSystem, file.path).catch(
        asFileProblem({ path: file.path, action: 'write' }),
      )
      await requireNoTwin(scope, told.batchId, input)
      const change = inputChange(place.metadata, { index, path: file.path, sha256: input.sha256 })
      if (change !== null) throw refusals.otherInput(batch, change)
      await noteBatch(scope, place, batch, input)
      return input
    },
  }
  try {
    return await fetchFile(run, provider, file, signal)
  } catch (error) {
    if (isBatchReconciliationError(error) && error.code === 'BatchFilesGone')
      throw refusals.inputGone(triple, batch, error.problem)
    throw error
  }
}

/** The same requests stand here, and nothing says that they are of another batch. */
async function requireNoTwin(
  { run, standing }: BatchImport,
  batchId: string,
  input: LooseFile,
): Promise<void> {
  const { workspace } = run
  for (const { index, kind, path } of await standing(input)) {
    if (kind !== 'input') continue
    const triple = await locateTriple(workspace, index)
    const metadata = await metadataOf(workspace, triple)
    if (metadata?.batch_id == null) throw refusals.twin(triple, path, batchId)
  }
}

/** The intent: from here on a crash is resumed, and whoever finds the input knows that it was sent. */
async function noteBatch(
  { run, provider }: BatchImport,
  { triple, metadata, index }: Place,
  batch: RemoteBatch,
  { sha256, rows }: LooseFile,
): Promise<void> {
  const { workspace, clock } = run
  const nowMs = clock.now()
  await updateMetadata(workspace, metadataPath(workspace, triple), {
    ...fieldsOfBatch(provider, batch, nowMs),
    ...fieldsOfStatus(provider.account, batch),
    input_file_id: batch.inputFileId,
    endpoint: batch.endpoint,
    input_sha256: sha256,
    request_count: rows,
    attempt: metadata?.attempt ?? 1,
    root_index: metadata?.root_index ?? index,
    last_polled_at_ms: nowMs,
    import: metadata?.import ?? { intended_at_ms: nowMs },
  })
}

async function fetchAnswers({ run }: BatchImport, { index, triple }: Place): Promise<readonly FetchedKind[]> {
  const { workspace, signal, clock } = run
  const facts = await surveyFacts(workspace, index)
  const wanted = lacksAnnouncedFile(facts)
  if (wanted) await downloadFiles(tripleDependencies(run), { index, facts, wanted: 'absent' }, signal)
  const path = metadataPath(workspace, triple)
  const begun = (await readMetadata(workspace, path))?.import
  if (begun != null)
    await updateMetadata(workspace, path, { import: { ...begun, fetched_at_ms: clock.now() } })
  if (!wanted) return []
  const now = await locateTriple(workspace, index)
  return (['output', 'error'] as const).filter((kind) => facts[kind] === null && now[kind] !== null)
}
