import {
  courseOf,
  recommendedOperations,
  toProblem,
  type Course,
  type CourseOfAction,
  type TripleFacts,
} from '../../machines/index.js'
import { accountForTriple } from '../accounting/account.js'
import type { TripleAccounting } from '../accounting/triple-accounting.js'
import { bytesReporter } from '../actors/bytes-reporter.js'
import { surveyFacts } from '../actors/survey-triple.js'
import { isBatchReconciliationError, reconciliationError } from '../errors.js'
import { doneFileConflict, findDoneConflicts } from '../workspace/done-conflicts.js'
import { locateTriple } from '../workspace/locate-triple.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { scanWorkspace } from '../workspace/scan.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import { isCutShortStatus } from '../../machines/index.js'
import type { ReportEvent } from './events.js'
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
    const countIds: Refine = (facts, plan) => planWithIds(run, facts, plan)
    const { triples, warnings } = await scanWorkspace(workspace)
    const plans: TriplePlan[] = []
    for (const { index } of triples) {
      run.signal.throwIfAborted()
      plans.push(await planTriple(workspace, index, shouldCheckIds ? countIds : undefined))
    }
    return { triples: plans, warnings: warnings.map(({ message }) => message) }
  })
}

/** Looks closer at files that are about to be checked. */
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
    const plan = planFacts(facts)
    return plan.state === 'checking-ids' ? await refine(facts, plan) : plan
  } catch (error) {
    if (isBatchReconciliationError(error) && error.code === 'Interrupted') throw error
    return brokenPlan(index, facts, error)
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

const stateOf = {
  'finish-move': 'moving-to-done',
  'nothing-here': 'failed',
  'missing-input': 'missing-input',
  'fetch-announced-files': 'awaiting-online-files',
  'check-ids': 'checking-ids',
  'ask-server': 'awaiting-online-files',
  submit: 'submitting',
} as const satisfies Record<Course, string>

function planFacts(facts: TripleFacts): TriplePlan {
  const course = recommendedOperations(facts)
  const state = stateOf[courseOf(facts)]
  const plan = { index: facts.index, state, counts: null, facts }
  if (course.type === 'problem' && state !== 'moving-to-done') {
    return {
      ...plan,
      outcome: 'needs-attention',
      operations: [],
      why: course.problem.message,
      problem: course.problem,
    }
  }
  const operations = course.type === 'operations' ? course.operations : []
  return { ...plan, outcome: plannedOutcome(facts), operations, why: whyOf(facts, course), problem: null }
}

function plannedOutcome(facts: TripleFacts): TriplePlan['outcome'] {
  switch (courseOf(facts)) {
    case 'submit':
      return 'not-submitted'
    case 'ask-server':
    case 'fetch-announced-files':
      return 'pending'
    case 'finish-move':
    case 'nothing-here':
    case 'missing-input':
    case 'check-ids':
      return 'planned'
  }
}

function whyOf(facts: TripleFacts, course: CourseOfAction): string {
  const files = course.type === 'operations' ? course.why : 'some files are in done/'
  switch (courseOf(facts)) {
    case 'finish-move':
      return 'a move to done/ was cut short; it is finished'
    case 'submit':
      return `${files}; it was never submitted, so there is nothing to ask the server`
    case 'ask-server':
      return `${files}; batch ${facts.batchId} is at the server (last seen: ${facts.remoteStatus ?? 'never asked'})`
    case 'nothing-here':
    case 'missing-input':
    case 'fetch-announced-files':
    case 'check-ids':
      return files
  }
}

async function planWithIds(
  { workspace, signal, report }: Run,
  facts: TripleFacts,
  plan: TriplePlan,
): Promise<TriplePlan> {
  const { index, input, output, error, remoteStatus } = facts
  if (input === null) return plan
  const conflicts = await findDoneConflicts(workspace, await locateTriple(workspace, index))
  if (conflicts.length > 0) throw doneFileConflict(index, conflicts)
  const { accounting } = await accountForTriple({
    fs: workspace.fileSystem,
    index,
    input: input.path,
    output: output?.path ?? null,
    error: error?.path ?? null,
    isCutShort: isCutShortStatus(remoteStatus),
    signal,
    onProgress: bytesReporter(index, report),
  })
  return withAccounting(plan, accounting)
}

function withAccounting(plan: TriplePlan, { counts, verdict }: TripleAccounting): TriplePlan {
  if (!('problem' in verdict)) return { ...plan, counts }
  const { problem } = verdict
  const outcome = problem.needsPerson === true ? 'needs-attention' : 'failed'
  return { ...plan, counts, outcome, problem, why: problem.message }
}

function brokenPlan(index: string, facts: TripleFacts | null, error: unknown): TriplePlan {
  const problem = toProblem(error)
  const outcome = problem.needsPerson === true ? 'needs-attention' : 'failed'
  return {
    index,
    outcome,
    state: 'failed',
    operations: [],
    why: problem.message,
    counts: null,
    problem,
    facts,
  }
}
