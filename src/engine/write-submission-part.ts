import { createHash } from 'node:crypto'
import { keepRegister } from '../accounting/requests/read-requests.js'
import { reconciliationError } from '../errors.js'
import { readPart, type InputPart } from '../providers/split-input.js'
import { derivedBatchIndex, type BatchIndex } from '../workspace/batch-index.js'
import { writeFileDurably } from '../workspace/durable-write.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { emptyMetadata, readMetadata, writeMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { hasInput } from './has-input.js'
import type { SubmissionScope } from './write-new-requests.js'

/** A part of a requests file that is to be a triple. */
export interface PlannedPart {
  readonly requestsPath: string
  readonly part: InputPart
  readonly sha256: string
  readonly index: BatchIndex
}

/** Hashes a part of a requests file, and finds the index that its triple will have. Writes nothing. */
export async function planSubmissionPart(
  workspace: BatchWorkspace,
  requestsPath: string,
  part: InputPart,
): Promise<PlannedPart> {
  const sha256 = await hashPart(workspace, requestsPath, part)
  return { requestsPath, part, sha256, index: await freeIndex(workspace, sha256) }
}

/** Writes one part of a requests file as a triple that is to be sent. */
export async function writeSubmissionPart(
  scope: SubmissionScope,
  { requestsPath, part, sha256, index }: PlannedPart,
): Promise<void> {
  const { workspace, signal } = scope.run
  const { fileSystem, layout } = workspace
  const path = layout.workdirFile('input', index)
  // Metadata first: the input alone could be taken for one somebody put there by hand.
  await writeSubmissionMetadata(scope, index, part, sha256)
  await writeFileDurably(fileSystem, path, readPart(fileSystem, requestsPath, part)).catch(
    asFileProblem({ path, action: 'write', index }),
  )
  await keepRegister({ workspace, signal }, index, path)
}

/** The index of the triple of such bytes, made from them alone; `run` counts up from 1 where they are sent again. */
export const submissionIndex = (sha256: string, run: number): BatchIndex =>
  derivedBatchIndex(JSON.stringify(['submit', sha256, run]))

/**
 * Made from the bytes alone, so that a part which a crash left without its input is found again. It counts up where a
 * triple of the same bytes had its turn: these requests failed in it, or are sent again deliberately.
 */
async function freeIndex(workspace: BatchWorkspace, sha256: string): Promise<BatchIndex> {
  for (let run = 1; run <= mostRuns; run += 1) {
    const index = submissionIndex(sha256, run)
    if (!(await wasUsed(workspace, index))) return index
  }
  throw reconciliationError({
    code: 'ReconciliationFailed',
    message: `The same requests stand in this workspace ${mostRuns} times already.`,
    hint: 'Use a new workspace.',
  })
}

/** Nobody sends one file a thousand times into one workspace on purpose. */
const mostRuns = 1_000

/** Also when somebody has cleared `done/` since. */
async function wasUsed(workspace: BatchWorkspace, index: BatchIndex): Promise<boolean> {
  const { fileSystem, layout } = workspace
  if (await hasInput(workspace, index)) return true
  const left = [layout.registerFile(index), layout.resultsFile(index), layout.doneFile('metadata', index)]
  for (const path of left) if ((await fileSystem.stat(path)) !== null) return true
  return false
}

async function hashPart({ fileSystem }: BatchWorkspace, path: string, part: InputPart): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of readPart(fileSystem, path, part)) hash.update(bytes)
  return hash.digest('hex')
}

async function writeSubmissionMetadata(
  { run: { workspace, contentType }, isAgain }: SubmissionScope,
  index: BatchIndex,
  { url, model, requestCount }: InputPart,
  sha256: string,
): Promise<void> {
  const path = workspace.layout.workdirFile('metadata', index)
  // An earlier call got this far, or further: what it noted of a batch must not be forgotten.
  if ((await readMetadata(workspace, path)) !== null) return
  await writeMetadata(workspace, path, {
    ...emptyMetadata,
    endpoint: url,
    model,
    content_type: contentType,
    input_sha256: sha256,
    request_count: requestCount,
    attempt: 1,
    root_index: index,
    ...(isAgain ? { sent_again: true } : {}),
  })
}
