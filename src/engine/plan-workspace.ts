import {
  courseOf,
  recommendedOperations,
  type CheckVerdict,
  type CourseOfAction,
  type TripleFacts,
} from '../../machines/index.js'
import { explainedBy } from '../accounting/changed-input.js'
import type { PriceList } from '../accounting/usage/price-list.js'
import { checkVerdict, withOwner } from '../actors/check-ids.js'
import { accountForFacts } from '../actors/account-for-facts.js'
import { bytesReporter } from '../actors/bytes-reporter.js'
import { surveyFacts } from '../actors/survey-triple.js'
import { reconciliationError } from '../errors.js'
import { estimateBatches } from '../providers/estimate/estimate-batches.js'
import { requireTokenizer } from '../providers/estimate/tokenizer.js'
import { doneFileConflict, findConflictsOfFacts } from '../workspace/done-conflicts.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { findInputChange, inputChangedProblem, inputChangeText } from '../workspace/input-identity.js'
import { lookAtScanned, lookAtTriple } from '../workspace/locate-triple.js'
import { readMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { scanWorkspace } from '../workspace/scan.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import { shellWord } from '../workspace/shell-word.js'
import { withCost } from './batch-estimate.js'
import type { ReportEvent } from './events.js'
import { planTriple, type Refine } from './plan-triple.js'
import type { TriplePlan, WorkspacePlan } from './report.js'
import { withReadingRun, type ReadingRun } from './run.js'

export interface PlanOptions {
  /** Read the files and count their ids, as the run would. Without it `counts` is `null`. */
  readonly shouldCheckIds: boolean
  /**
   * Reckon what the inputs that were never submitted would take. Off unless set; needs the package `gpt-tokenizer`.
   */
  readonly shouldEstimate?: boolean | undefined
  /** What tokens cost, for the estimate. */
  readonly prices?: PriceList | undefined
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ReportEvent | undefined
}

/**
 * What the next run will do with each triple, and why. Changes nothing on disk and takes no lock, so what it says
 * holds as long as nothing else changes the workspace.
 *
 * @throws WrongUsage when an estimate is asked for and the tokenizer is not installed
 */
export function planWorkspace(workspace: BatchWorkspace, options: PlanOptions): Promise<WorkspacePlan> {
  return withReadingRun(workspace, options, async (run, choices) => {
    const { shouldCheckIds, shouldEstimate } = choices
    // Said at once, and not as the fault of a triple.
    if (shouldEstimate) await requireTokenizer()
    const estimate: Refine = async (_, plan) =>
      shouldEstimate ? withEstimate(run, plan, choices.prices) : plan
    const countIds: Refine = async (facts, plan) =>
      withInputChange(
        workspace,
        facts,
        courseOf(facts) === 'check-ids' ? await planWithIds(run, facts, plan) : plan,
      )
    const lookInside: Refine = async (facts, plan) => estimate(facts, await countIds(facts, plan))
    const { triples, warnings } = await scanWorkspace(workspace)
    const plans: TriplePlan[] = []
    for (const triple of triples) {
      run.signal.throwIfAborted()
      const { index } = triple
      // To count takes long: a scan is old by then.
      const { plan } = shouldCheckIds
        ? await planTriple(workspace, index, () => lookAtTriple(workspace, index), lookInside)
        : await planTriple(workspace, index, () => lookAtScanned(triple), estimate)
      plans.push(plan)
    }
    return { triples: plans, warnings: warnings.map(({ message }) => message) }
  })
}

/**
 * The operations for a triple's files (the seed's `get_recommended_course_of_action`).
 *
 * @throws NoBatchFileTripleAtIndex, MissingBatchInputFileButOthersExist
 */
export async function recommendedCourseOfAction(
  triple: BatchFileTriple,
): Promise<Extract<CourseOfAction, { type: 'operations' }>['operations']> {
  const course = recommendedOperations(
    await surveyFacts(triple.workspace, triple.index),
    shellWord(triple.workspace.root),
  )
  if (course.type === 'problem') throw reconciliationError(course.problem, { index: triple.index })
  return course.operations
}

async function planWithIds(
  { workspace, signal, report, ownersOfAnswers }: ReadingRun,
  facts: TripleFacts,
  plan: TriplePlan,
): Promise<TriplePlan> {
  const { index } = facts
  const conflicts = await findConflictsOfFacts(workspace, facts)
  if (conflicts.length > 0) throw doneFileConflict(index, conflicts)
  const onProgress = bytesReporter(index, report)
  const accounted = await accountForFacts({ workspace, signal, onProgress }, facts)
  const verdict = checkVerdict(facts, accounted)
  return withVerdict(plan, await withOwner({ workspace, ownersOfAnswers }, verdict, signal))
}

/** Of an input that only a submission is wanting to. It is sent as it stands, whatever its size. */
async function withEstimate(
  { workspace: { fileSystem: fs }, signal }: ReadingRun,
  plan: TriplePlan,
  prices: PriceList | undefined,
): Promise<TriplePlan> {
  const input = plan.facts?.input ?? null
  if (plan.outcome !== 'not-submitted' || input === null) return plan
  const { path } = input
  const toProblem = asFileProblem({ path, action: 'read', index: plan.index })
  const { batches, invalid } = await estimateBatches({ fs, limits: unlimited, signal }, path).catch(toProblem)
  return { ...plan, estimate: { batches: batches.map((batch) => withCost(batch, prices)), invalid } }
}

const unlimited = { maxRequests: Infinity, maxInputBytes: Infinity, maxEmbeddingInputs: null }

function withVerdict(plan: TriplePlan, verdict: CheckVerdict): TriplePlan {
  const { counts } = verdict
  if (verdict.type === 'accounted') return { ...plan, counts }
  const { problem } = verdict
  const outcome = problem.needsPerson === true ? 'needs-attention' : 'failed'
  return { ...plan, counts, outcome, problem, why: problem.message }
}

/** Answers that are here are processed all the same; a submission stops. */
async function withInputChange(
  workspace: BatchWorkspace,
  { index, input, metadata }: TripleFacts,
  plan: TriplePlan,
): Promise<TriplePlan> {
  if (input === null || metadata === null) return plan
  const noted = await readMetadata(workspace, metadata.path)
  const change = await findInputChange(workspace, noted, { index, path: input.path })
  if (change === null) return plan
  if (plan.problem !== null) {
    const problem = explainedBy(change, plan.problem)
    return { ...plan, outcome: 'needs-attention', problem, why: problem.message }
  }
  const problem = plan.outcome === 'not-submitted' ? inputChangedProblem(change) : null
  return problem === null
    ? { ...plan, why: `${plan.why}; ${inputChangeText(change)}, so nothing of it is sent again` }
    : { ...plan, outcome: 'needs-attention', problem, why: problem.message }
}
