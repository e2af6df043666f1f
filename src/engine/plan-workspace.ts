import {
  courseOf,
  recommendedOperations,
  type CheckVerdict,
  type CourseOfAction,
  type TripleFacts,
} from '../../machines/index.js'
import { explainedBy } from '../accounting/changed-input.js'
import { checkVerdict } from '../actors/check-ids.js'
import { accountForFacts } from '../actors/account-for-facts.js'
import { bytesReporter } from '../actors/bytes-reporter.js'
import { surveyFacts } from '../actors/survey-triple.js'
import { reconciliationError } from '../errors.js'
import { doneFileConflict, findDoneConflicts } from '../workspace/done-conflicts.js'
import { findInputChange, inputChangedProblem, inputChangeText } from '../workspace/input-identity.js'
import { locateTriple, lookAtScanned, lookAtTriple } from '../workspace/locate-triple.js'
import { readMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { scanWorkspace } from '../workspace/scan.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import type { ReportEvent } from './events.js'
import { planTriple, type Refine } from './plan-triple.js'
import type { TriplePlan, WorkspacePlan } from './report.js'
import { withRun, type Run } from './run.js'

export interface PlanOptions {
  /** Read the files and count their ids, as the run would. Without it `counts` is `null`. */
  readonly shouldCheckIds: boolean
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ReportEvent | undefined
}

/**
 * What the next run will do with each triple, and why. Changes nothing on disk and takes no lock, so what it says
 * holds as long as nothing else changes the workspace.
 */
export function planWorkspace(workspace: BatchWorkspace, options: PlanOptions): Promise<WorkspacePlan> {
  return withRun(workspace, options, async (run, { shouldCheckIds }) => {
    const countIds: Refine = async (facts, plan) =>
      withInputChange(
        workspace,
        facts,
        courseOf(facts) === 'check-ids' ? await planWithIds(run, facts, plan) : plan,
      )
    const { triples, warnings } = await scanWorkspace(workspace)
    const plans: TriplePlan[] = []
    for (const triple of triples) {
      run.signal.throwIfAborted()
      const { index } = triple
      // To count takes long: a scan is old by then.
      const { plan } = shouldCheckIds
        ? await planTriple(workspace, index, () => lookAtTriple(workspace, index), countIds)
        : await planTriple(workspace, index, () => lookAtScanned(triple))
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
  const course = recommendedOperations(await surveyFacts(triple.workspace, triple.index))
  if (course.type === 'problem') throw reconciliationError(course.problem, { index: triple.index })
  return course.operations
}

async function planWithIds(
  { workspace, signal, report }: Run,
  facts: TripleFacts,
  plan: TriplePlan,
): Promise<TriplePlan> {
  const { index } = facts
  const conflicts = await findDoneConflicts(workspace, await locateTriple(workspace, index))
  if (conflicts.length > 0) throw doneFileConflict(index, conflicts)
  const onProgress = bytesReporter(index, report)
  const accounted = await accountForFacts({ workspace, signal, onProgress }, facts)
  return withVerdict(plan, checkVerdict(facts, accounted))
}

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
