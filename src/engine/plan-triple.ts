import { decisionFor, failedState, toProblem, type FileKind, type TripleFacts } from '../../machines/index.js'
import { surveyLook } from '../actors/survey-triple.js'
import { isBatchReconciliationError } from '../errors.js'
import type { FileStat } from '../workspace/file-system.js'
import type { TripleLook } from '../workspace/locate-triple.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { shellWord } from '../workspace/shell-word.js'
import type { TriplePlan } from './report.js'
import { unconfirmedIn, unconfirmedSubmission, type UnconfirmedSubmission } from './unconfirmed-submission.js'

/** Looks closer, into the files. */
export type Refine = (facts: TripleFacts, plan: TriplePlan) => Promise<TriplePlan>

/** A plan, and the files it was made from as they stood then; `null` where not even that could be seen. */
export interface PlannedTriple {
  readonly plan: TriplePlan
  readonly standing: Readonly<Record<FileKind, FileStat | null>> | null
}

/**
 * The plan of one triple, by names and metadata unless refined. What keeps it from being planned is its problem, never
 * a throw.
 *
 * @param lookAt finds its files
 */
export async function planTriple(
  workspace: BatchWorkspace,
  index: string,
  lookAt: () => Promise<TripleLook>,
  refine: Refine = (_, plan) => Promise.resolve(plan),
): Promise<PlannedTriple> {
  let facts: TripleFacts | null = null
  let standing: PlannedTriple['standing'] = null
  try {
    const look = await lookAt()
    ;({ standing } = look)
    const survey = await surveyLook(workspace, look)
    ;({ facts } = survey)
    const isMetadataHere = look.triple.metadata !== null
    const unconfirmed = isMetadataHere && survey.metadata ? unconfirmedIn(index, survey.metadata) : null
    return { plan: await refine(facts, planFacts(facts, unconfirmed, shellWord(workspace.root))), standing }
  } catch (error) {
    if (isBatchReconciliationError(error) && error.code === 'Interrupted') throw error
    return { plan: brokenPlan(index, facts, error, await unconfirmedSubmission(workspace, index)), standing }
  }
}

function planFacts(
  facts: TripleFacts,
  unconfirmed: UnconfirmedSubmission | null,
  workspace: string,
): TriplePlan {
  const { outcome, state, operations, why, problem } = decisionFor(facts, workspace)
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
    estimate: null,
  }
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
    estimate: null,
  }
}
