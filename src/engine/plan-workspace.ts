import {
  courseOf,
  decisionFor,
  failedState,
  recommendedOperations,
  toProblem,
  type CheckVerdict,
  type CourseOfAction,
  type TripleFacts,
} from '../../machines/index.js'
import { explainedBy } from '../accounting/changed-input.js'
import { checkVerdict } from '../actors/check-ids.js'
import { accountForFacts } from '../actors/account-for-facts.js'
import { bytesReporter } from '../actors/bytes-reporter.js'
import { surveyFacts } from '../actors/survey-triple.js'
import { isBatchReconciliationError, reconciliationError } from '../errors.js'
import { doneFileConflict, findDoneConflicts } from '../workspace/done-conflicts.js'
import { findInputChange, inputChangedProblem, inputChangeText } from '../workspace/input-identity.js'
import { locateTriple } from '../workspace/locate-triple.js'
import { readMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { scanWorkspace } from '../workspace/scan.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import type { ReportEvent } from './events.js'
import type { TriplePlan, WorkspacePlan } from './report.js'
import { withRun, type Run } from './run.js'
import { unconfirmedSubmission, type UnconfirmedSubmission } from './unconfirmed-submission.js'

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
    for (const { index } of triples) {
      run.signal.throwIfAborted()
      plans.push(await planTriple(workspace, index, shouldCheckIds ? countIds : undefined))
    }
    return { triples: plans, warnings: warnings.map(({ message }) => message) }
  })
}

/** Looks closer, into the files. */
type Refine = (facts: TripleFacts, plan: TriplePlan) => Promise<TriplePlan>

/** The plan of one triple, by names and metadata unless refined. What keeps it from being planned is its problem, never a throw. */
export async function planTriple(
  workspace: BatchWorkspace,
  index: string,
  refine: Refine = (_, plan) => Promise.resolve(plan),
): Promise<TriplePlan> {
  let facts: TripleFacts | null = null
  try {
    facts = await surveyFacts(workspace, index)
    const plan = planFacts(facts, await unconfirmedSubmission(workspace, index))
    return await refine(facts, plan)
  } catch (error) {
    if (isBatchReconciliationError(error) && error.code === 'Interrupted') throw error
    return brokenPlan(index, facts, error, await unconfirmedSubmission(workspace, index))
  }
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

function planFacts(facts: TripleFacts, unconfirmed: UnconfirmedSubmission | null): TriplePlan {
  const { outcome, state, operations, why, problem } = decisionFor(facts)
  return {
    index: facts.index,
    outcome,
    state,
    operations,
    why: problem?.message ?? why,
    counts: null,
    problem,
    facts,
    unconfirmed,
  }
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

function brokenPlan(
  index: string,
  facts: TripleFacts | null,
  error: unknown,
  unconfirmed: UnconfirmedSubmission | null,
): TriplePlan {
  const problem = toProblem(error)
  const outcome = problem.needsPerson === true ? 'needs-attention' : 'failed'
  return {
    index,
    outcome,
    state: failedState,
    operations: [],
    why: problem.message,
    counts: null,
    problem,
    facts,
    unconfirmed,
  }
}
