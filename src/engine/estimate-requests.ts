import { RequestTable } from '../accounting/requests/request-table.js'
import { findSentRequests, SentRequests, type Holder } from '../accounting/requests/sent-requests.js'
import { openAiQuirks } from '../providers/openai/quirks.js'
import { estimateBatches } from '../providers/estimate/estimate-batches.js'
import { requireTokenizer } from '../providers/estimate/tokenizer.js'
import type { InputLimits } from '../providers/split-input.js'
import type { RequestsFileReport } from '../providers/validate-input.js'
import { newBatchIndex, type BatchIndex } from '../workspace/batch-index.js'
import { asFileProblem } from '../workspace/file-problem.js'
import type { FileSystem } from '../workspace/file-system.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { withCost, type BatchEstimate } from './batch-estimate.js'
import type { ReconcileWorkspaceOptions } from './options.js'
import { identify, requestsLookup, type IdentifiedFile } from './requests-lookup.js'
import { withReadingRun } from './run.js'
import { validateAll } from './submit-requests.js'
import { inGroups } from './write-new-requests.js'

export interface EstimateOptions extends Pick<
  ReconcileWorkspaceOptions,
  'client' | 'provider' | 'prices' | 'onEvent' | 'signal'
> {
  /** Count what was sent before, too, as `submitRequests` sends it then. Off unless set. */
  readonly shouldSubmitAgain?: boolean | undefined
}

/** What files of requests would take. */
export interface RequestsEstimate {
  /** In the order of the files. */
  readonly batches: readonly BatchEstimate[]
  /** Requests of the files that were sent from the workspace before, or stand in two of the files. */
  readonly leftOut: number
}

/**
 * The batches that `submitRequests` would make, and the tokens they would take: checks the files as it does, leaves out
 * what was sent before, and splits. Writes and sends nothing; of a client or provider only the limits of a batch are
 * asked for. Needs the package `gpt-tokenizer`.
 *
 * @param paths absolute paths of JSONL files with one request a line
 * @throws RequestsFileInvalid, and WrongUsage where the tokenizer is not installed
 */
export function estimateRequests(
  workspace: BatchWorkspace,
  paths: readonly string[],
  options: EstimateOptions = {},
): Promise<RequestsEstimate> {
  return withReadingRun(workspace, options, ({ provider, signal, report }, { shouldSubmitAgain, prices }) => {
    const { fileSystem } = workspace
    const limits = provider?.limits ?? openAiQuirks
    const warn = (message: string): void => report({ type: 'warning', index: null, message })
    return estimateFiles(
      { fileSystem, workspace, limits, signal, isAgain: shouldSubmitAgain, prices, warn },
      paths,
    )
  })
}

/** What an estimate of files works with. */
export interface EstimateScope extends Pick<EstimateOptions, 'prices'> {
  readonly fileSystem: FileSystem
  /** `null`: it is not there yet, and nothing was sent from it. */
  readonly workspace: BatchWorkspace | null
  readonly limits: InputLimits
  readonly isAgain: boolean
  readonly signal: AbortSignal
  readonly warn: (message: string) => void
}

export async function estimateFiles(
  scope: EstimateScope,
  paths: readonly string[],
): Promise<RequestsEstimate> {
  await requireTokenizer()
  const reports = await validateAll(scope, paths, scope.limits)
  const found: Draft = { batches: [], made: new Set(), leftOut: 0 }
  for (const group of inGroups(reports)) await estimateGroup(scope, group, found)
  const { batches, leftOut } = found
  return { batches, leftOut }
}

interface Draft {
  readonly batches: BatchEstimate[]
  /** Stand for the triples of these batches, which nobody makes. */
  readonly made: Set<BatchIndex>
  leftOut: number
}

async function estimateGroup(
  scope: EstimateScope,
  reports: readonly RequestsFileReport[],
  found: Draft,
): Promise<void> {
  const { fileSystem: fs, limits, signal, prices } = scope
  const table = new RequestTable()
  const files: IdentifiedFile[] = []
  for (const report of reports) files.push(await identify(scope, report, table, signal))
  const sent = await sentOf(scope, table)
  for (const file of files) {
    const { path, requestCount } = file.report
    const lookup = requestsLookup(file, table, sent)
    const isWanted = (request: number): boolean => isToBeSent(lookup.holderOf(request), found.made)
    const { batches, plan } = await estimateBatches({ fs, limits, signal, isWanted }, path).catch(
      asFileProblem({ path, action: 'read' }),
    )
    const indices = batches.map(newBatchIndex)
    for (const index of indices) found.made.add(index)
    lookup.hold(indices, plan)
    found.batches.push(...batches.map((batch) => withCost(batch, prices)))
    found.leftOut += batches.reduce((rest, { requests }) => rest - requests, requestCount)
  }
}

/** Of a triple that was written and not sent yet, `submit` sends the batch. */
function isToBeSent(holder: Holder | null, made: ReadonlySet<BatchIndex>): boolean {
  return holder === null || (holder.isUnsent && !made.has(holder.index))
}

function sentOf(
  { workspace, isAgain, signal, warn }: EstimateScope,
  table: RequestTable,
): Promise<SentRequests> {
  if (workspace === null || isAgain) return Promise.resolve(new SentRequests())
  return findSentRequests({ workspace, table, signal, warn, isReadOnly: true })
}
