import type { ExpectedContentType } from '../accounting/rows/content.js'
import { openAiQuirks } from '../providers/openai/quirks.js'
import type { InputLimits } from '../providers/split-input.js'
import {
  requireValidRequests,
  validateRequestsFile,
  type RequestsFileReport,
} from '../providers/validate-input.js'
import { asFileProblem } from '../workspace/file-problem.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { ReconcileWorkspaceOptions, UsualType } from './options.js'
import { giveLeaveToAll } from './give-leave.js'
import { onePass, withWorkspace } from './reconcile-workspace.js'
import type { WorkspaceReport } from './report.js'
import type { Run } from './run.js'
import { writeNewRequests, type NewRequests } from './write-new-requests.js'

export type { ChangedBodies, LeftOutRequests, PreparedInput } from './write-new-requests.js'

export interface SubmitOptions<
  Content = unknown,
  Type extends ExpectedContentType = UsualType<Content>,
> extends ReconcileWorkspaceOptions<Content, Type> {
  /** Send also requests that were sent before this call. Off unless set, because they are paid for again. */
  readonly shouldSubmitAgain?: boolean | undefined
}

/** The triples that have the requests now, what was left out of the files and who has it, and what only looks known. */
export interface SubmitReport extends WorkspaceReport, Omit<NewRequests, 'unsentIndices'> {}

/**
 * Sends requests files: validates all of them before a byte is uploaded, leaves out what was sent from this workspace
 * before and is pending or answered, splits what is more than one batch, writes each batch's input into the workspace,
 * and submits. A request is the same when `custom_id`, endpoint and the value of the body are, however the file is
 * written. Calling it twice, or again after a crash, pays for no request twice.
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
    const limits = run.provider?.limits ?? openAiQuirks
    const { fileSystem } = workspace
    const reports = await validateAll({ fileSystem, signal: run.signal }, paths, limits)
    const scope = { run, limits, isAgain: shouldSubmitAgain }
    const { unsentIndices, ...written } = await writeNewRequests(scope, reports)
    await giveLeaveToAll(workspace, unsentIndices)
    const isWanted = ({ index }: { readonly index: string }): boolean => unsentIndices.has(index)
    return { ...(await onePass({ ...run, maySubmit: true }, { isWanted })), ...written }
  })
}

/** Throws `RequestsFileInvalid` for the first file with a problem. */
export async function validateAll(
  { fileSystem, signal }: Pick<BatchWorkspace, 'fileSystem'> & Pick<Run, 'signal'>,
  paths: readonly string[],
  limits: InputLimits,
): Promise<readonly RequestsFileReport[]> {
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
