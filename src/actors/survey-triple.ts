import type {
  FileFact,
  FileKind,
  ReportedCounts,
  SubmissionState,
  TripleFacts,
} from '../../machines/index.js'
import { reconciliationError } from '../errors.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { locateTriple } from '../workspace/locate-triple.js'
import { readMetadata, type BatchMetadata } from '../workspace/metadata.js'
import { isStillIntended } from '../workspace/move-intent.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import type { Step } from './dependencies.js'

/** Looks at the disk for one index. Reads the metadata, and no row. */
export const surveyTriple: Step<{ readonly index: string }, TripleFacts> = ({ workspace }, { index }) =>
  surveyFacts(workspace, index)

/** The facts of one index as they stand now. */
export async function surveyFacts(workspace: BatchWorkspace, index: string): Promise<TripleFacts> {
  const triple = await locateTriple(workspace, index)
  const [problem] = triple.problems
  if (problem !== undefined) throw reconciliationError(problem, { index })
  const metadata = await readAnyMetadata(workspace, triple)
  const output = await fileFact(workspace, triple, 'output')
  const error = await fileFact(workspace, triple, 'error')
  const input = await fileFact(workspace, triple, 'input')
  // A finished input without any answer explains nothing here, and must never be sent a second time.
  const isInputRelevant = input?.location === 'workdir' || output !== null || error !== null
  return {
    index,
    input: isInputRelevant ? input : null,
    output,
    error,
    metadata: await fileFact(workspace, triple, 'metadata'),
    ...remoteFacts(metadata),
    ...lineageFacts(metadata, index),
    isMoveIntended: metadata?.move != null && (await isStillIntended(workspace, triple, metadata.move)),
  }
}

/** Metadata moves last, so what stands in `done/` while rows are still here belongs to an interrupted move. */
async function readAnyMetadata(
  workspace: BatchWorkspace,
  triple: BatchFileTriple,
): Promise<BatchMetadata | null> {
  if (triple.metadata !== null) return readMetadata(workspace, triple.metadata)
  return triple.inDone.metadata && triple.inDone.input && triple.input === null
    ? readMetadata(workspace, workspace.layout.doneFile('metadata', triple.index))
    : null
}

async function fileFact(
  { fileSystem, layout }: BatchWorkspace,
  triple: BatchFileTriple,
  kind: FileKind,
): Promise<FileFact | null> {
  // A finished input alone brings files in `done/` into play: they are the half of a move that was cut short.
  const isMovedAlready =
    triple[kind] === null && triple.inDone[kind] && triple.input === null && triple.inDone.input
  const path = triple[kind] ?? (isMovedAlready ? layout.doneFile(kind, triple.index) : null)
  if (path === null) return null
  const found = await fileSystem
    .stat(path)
    .catch(asFileProblem({ path, action: 'look at', index: triple.index }))
  return found && { path, bytes: found.bytes, location: isMovedAlready ? 'done' : 'workdir' }
}

function remoteFacts(metadata: BatchMetadata | null) {
  return {
    batchId: metadata?.batch_id ?? null,
    remoteStatus: metadata?.remote_status ?? null,
    outputFileId: metadata?.output_file_id ?? null,
    errorFileId: metadata?.error_file_id ?? null,
    submission: submissionState(metadata),
    requestCounts: requestCounts(metadata),
    isCancelWanted: metadata?.cancel != null,
    splitParts: metadata?.split?.parts ?? null,
  }
}

function requestCounts(metadata: BatchMetadata | null): ReportedCounts | null {
  const said = metadata?.request_counts
  if (said == null) return null
  return { total: said.total ?? null, completed: said.completed ?? null, failed: said.failed ?? null }
}

function submissionState(metadata: BatchMetadata | null): SubmissionState {
  if (metadata?.batch_id != null) return 'submitted'
  return metadata?.submission == null ? 'none' : 'intended'
}

function lineageFacts(metadata: BatchMetadata | null, index: string) {
  return {
    attempt: metadata?.attempt ?? 1,
    parentIndex: metadata?.parent_index ?? null,
    rootIndex: metadata?.root_index ?? index,
  }
}
