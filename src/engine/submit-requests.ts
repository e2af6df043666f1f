import { createHash } from 'node:crypto'
import { reconciliationError } from '../errors.js'
import type { ExpectedContentType } from '../accounting/rows/content.js'
import { openAiQuirks } from '../providers/openai/quirks.js'
import { readPart, type InputPart } from '../providers/split-input.js'
import {
  requireValidRequests,
  validateRequestsFile,
  type RequestsFileReport,
} from '../providers/validate-input.js'
import { retryBatchIndex, type BatchIndex } from '../workspace/batch-index.js'
import { writeFileDurably } from '../workspace/durable-write.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { emptyMetadata, readMetadata, writeMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { hasInput } from './has-input.js'
import type { ReconcileWorkspaceOptions, UsualType } from './options.js'
import { onePass, withWorkspace } from './reconcile-workspace.js'
import type { WorkspaceReport } from './report.js'
import type { Run } from './run.js'

export interface SubmitOptions<
  Content = unknown,
  Type extends ExpectedContentType = UsualType<Content>,
> extends ReconcileWorkspaceOptions<Content, Type> {
  /** Send a file again whose requests were sent before. Off unless set, because it is paid for again. */
  readonly shouldSubmitAgain?: boolean | undefined
}

/** One batch made from a requests file. */
export interface PreparedInput {
  readonly index: BatchIndex
  /** Absolute path of the requests file. */
  readonly requestsPath: string
  readonly requests: number
  /** The same requests stand in the workspace from an earlier call: nothing new is made. */
  readonly isKnown: boolean
}

export interface SubmitReport extends WorkspaceReport {
  readonly prepared: readonly PreparedInput[]
}

/**
 * Sends requests files: validates all of them before a byte is uploaded, splits what is more than one batch, writes
 * each batch's input into the workspace, and submits. The same requests get the same index, so calling it twice, or
 * again after a crash, makes no second batch of them.
 *
 * @param paths absolute paths of JSONL files with one request a line
 * @throws RequestsFileInvalid with line and the server's own code; nothing is written or sent then.
 */
export function submitRequests<Content = unknown, Type extends ExpectedContentType = 'text'>(
  workspace: BatchWorkspace,
  paths: readonly string[],
  options: SubmitOptions<Content, Type> = {},
): Promise<SubmitReport> {
  return withWorkspace(workspace, options, async (run, { shouldSubmitAgain }) => {
    const reports = await validateAll(run, paths)
    const prepared: PreparedInput[] = []
    for (const report of reports) prepared.push(...(await prepareParts(run, report, shouldSubmitAgain)))
    const indices = new Set(prepared.map(({ index }) => index))
    const pass = await onePass(
      { ...run, maySubmit: true },
      {
        isWanted: ({ index }) => indices.has(index),
      },
    )
    return { ...pass, prepared }
  })
}

async function validateAll(
  { workspace: { fileSystem }, provider, signal }: Run,
  paths: readonly string[],
): Promise<readonly RequestsFileReport[]> {
  const limits = provider?.limits ?? openAiQuirks
  const reports: RequestsFileReport[] = []
  for (const path of paths) {
    const report = await validateRequestsFile(fileSystem, path, limits, signal).catch(
      asFileProblem({ path, action: 'read' }),
    )
    requireValidRequests(report)
    reports.push(report)
  }
  return reports
}

async function prepareParts(
  run: Run,
  report: RequestsFileReport,
  shouldSubmitAgain: boolean,
): Promise<readonly PreparedInput[]> {
  const prepared: PreparedInput[] = []
  for (const part of report.parts) prepared.push(await preparePart(run, report.path, part, shouldSubmitAgain))
  return prepared
}

async function preparePart(
  { workspace, contentType }: Run,
  requestsPath: string,
  part: InputPart,
  shouldSubmitAgain: boolean,
): Promise<PreparedInput> {
  const { fileSystem, layout } = workspace
  const sha256 = await hashPart(workspace, requestsPath, part)
  const index = await indexFor(workspace, sha256, shouldSubmitAgain)
  const path = layout.workdirFile('input', index)
  const isKnown = await hasInput(workspace, index)
  if (!isKnown) {
    // Metadata first: the input alone could be taken for one somebody put there by hand.
    await writeSubmissionMetadata(workspace, index, part, sha256, contentType)
    await writeFileDurably(fileSystem, path, readPart(fileSystem, requestsPath, part)).catch(
      asFileProblem({ path, action: 'write', index }),
    )
  }
  return { index, requestsPath, requests: part.requestCount, isKnown }
}

/** Made from the bytes alone; sending the same again deliberately counts up. */
async function indexFor(
  workspace: BatchWorkspace,
  sha256: string,
  shouldSubmitAgain: boolean,
): Promise<BatchIndex> {
  for (let run = 1; run <= mostRuns; run += 1) {
    const index = retryBatchIndex(JSON.stringify(['submit', sha256, run]))
    if (!shouldSubmitAgain || !(await hasInput(workspace, index))) return index
  }
  throw reconciliationError({
    code: 'ReconciliationFailed',
    message: `The same requests stand in this workspace ${mostRuns} times already.`,
    hint: 'Use a new workspace.',
  })
}

/** Nobody sends one file a hundred times into one workspace on purpose. */
const mostRuns = 100

async function hashPart({ fileSystem }: BatchWorkspace, path: string, part: InputPart): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of readPart(fileSystem, path, part)) hash.update(bytes)
  return hash.digest('hex')
}

async function writeSubmissionMetadata(
  workspace: BatchWorkspace,
  index: BatchIndex,
  { url, model, requestCount }: InputPart,
  sha256: string,
  contentType: ExpectedContentType | null,
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
  })
}
