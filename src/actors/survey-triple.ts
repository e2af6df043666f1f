import type {
  FileFact,
  FileKind,
  ReportedCounts,
  SubmissionState,
  TripleFacts,
} from '../../machines/index.js'
import { isAcceptanceOf } from '../accounting/accepted-faults.js'
import { hasEvidence } from '../accounting/proven-files.js'
import { reconciliationError } from '../errors.js'
import { lookAtTriple, type TripleLook } from '../workspace/locate-triple.js'
import { requireNeverSent } from '../workspace/lost-metadata.js'
import { requireOwnMetadata } from '../workspace/mixed-up-metadata.js'
import { readMetadata, type BatchMetadata, type MoveIntent } from '../workspace/metadata.js'
import { doesIntentFit, standingPath } from '../workspace/move-intent.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { notARegularFile, type BatchFileTriple } from '../workspace/triple.js'
import type { Step } from './dependencies.js'

/** Looks at the disk for one index. Reads the metadata, and no row but of a triple that was about to move. */
export const surveyTriple: Step<{ readonly index: string }, TripleFacts> = (
  { workspace, accountings },
  { index },
) => {
  // What was counted at an earlier look may be of other files.
  accountings.forget()
  return surveyFacts(workspace, index)
}

/**
 * The facts of one index as they stand now. A file that is not in `workdir/` is looked for in `done/`: moved by hand or
 * by another tool it is counted and processed like any other. Only a move that we intended, and that still fits what
 * stands there, is finished without that.
 */
export async function surveyFacts(workspace: BatchWorkspace, index: string): Promise<TripleFacts> {
  return (await surveyLook(workspace, await lookAtTriple(workspace, index))).facts
}

/** What one look at a triple comes to, with the metadata it was made from. */
export interface Survey {
  readonly facts: TripleFacts
  readonly metadata: BatchMetadata | null
}

/** The facts of a triple as somebody has just seen it. Reads its metadata. */
export async function surveyLook(workspace: BatchWorkspace, look: TripleLook): Promise<Survey> {
  const { triple } = look
  const { index } = triple
  const [problem] = triple.problems
  if (problem !== undefined) throw reconciliationError(problem, { index })
  const metadataPath = standingPath(workspace, triple, 'metadata')
  const metadata = metadataPath === null ? null : await readMetadata(workspace, metadataPath)
  const output = fileFact(workspace, look, 'output')
  const error = fileFact(workspace, look, 'error')
  const input = fileFact(workspace, look, 'input')
  if (metadata === null)
    await requireNeverSent(workspace, { index, input, hasAnswers: output !== null || error !== null })
  else if (input !== null) await requireOwnMetadata(workspace, { index, inputPath: input.path, metadata })
  const lineage = lineageFacts(metadata, index)
  const facts = {
    index,
    input: mayUseInput({ input, output, error }, metadata) ? input : null,
    output,
    error,
    metadata: fileFact(workspace, look, 'metadata'),
    ...remoteFacts(metadata),
    ...lineage,
    isMissingAccepted: isAcceptanceOf(metadata?.accepted, { input, output, error }),
    needsLeave: metadata?.needs_leave === true,
    isMoveIntended:
      metadata?.move != null && (await isMoveToFinish(workspace, triple, metadata.move, lineage)),
  }
  return { facts, metadata }
}

/**
 * A finished input without any answer must never be sent a second time. Only where its batch is known does it count:
 * the server is then asked for the answers, and nothing is sent.
 */
function mayUseInput(
  { input, output, error }: Pick<TripleFacts, 'input' | 'output' | 'error'>,
  metadata: BatchMetadata | null,
): boolean {
  if (input?.location === 'workdir' || output !== null || error !== null) return true
  return metadata !== null && metadata.batch_id !== null
}

async function isMoveToFinish(
  workspace: BatchWorkspace,
  triple: BatchFileTriple,
  intent: MoveIntent,
  { rootIndex }: Pick<TripleFacts, 'rootIndex'>,
): Promise<boolean> {
  const hasProof = await hasEvidence(workspace, { index: triple.index, rootIndex }, intent)
  return hasProof && doesIntentFit(workspace, triple, intent)
}

function fileFact(
  workspace: BatchWorkspace,
  { triple, standing }: TripleLook,
  kind: FileKind,
): FileFact | null {
  const { index } = triple
  const path = standingPath(workspace, triple, kind)
  const found = standing[kind]
  if (path === null || found === null) return null
  if (found.kind !== 'file') throw reconciliationError(notARegularFile(index, path, found.kind), { index })
  return { path, bytes: found.bytes, location: triple[kind] === null ? 'done' : 'workdir' }
}

function remoteFacts(metadata: BatchMetadata | null) {
  return {
    batchId: metadata?.batch_id ?? null,
    remoteStatus: metadata?.remote_status ?? null,
    outputFileId: metadata?.output_file_id ?? null,
    errorFileId: metadata?.error_file_id ?? null,
    submission: submissionState(metadata),
    requestCounts: requestCounts(metadata),
    ...timesOf(metadata),
    isCancelWanted: metadata?.cancel != null,
    splitParts: metadata?.split?.parts ?? null,
  }
}

/** Of a batch that was refused nothing counts any more. */
function timesOf(metadata: BatchMetadata | null) {
  const hasBatch = metadata?.batch_id != null
  return {
    submittedAtMs: hasBatch ? (metadata.submitted_at_ms ?? null) : null,
    dueAtMs: hasBatch ? (metadata.expires_at_ms ?? null) : null,
    noRoomSinceMs: hasBatch ? null : (metadata?.room?.since_ms ?? null),
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
