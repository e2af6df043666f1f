import type { TripleStatus } from './report.js'
import { toStandingProblem, type TripleStanding } from './triple-story.js'

/**
 * What the story of a triple is told from when only the disk is known.
 *
 * @param isAtWork whether a process works on it; if not, what is half done was interrupted
 */
export function standingOfStatus(triple: TripleStatus, isAtWork: boolean): TripleStanding {
  const { index, state, stateSinceMs, isAtRest, remoteStatus, lastPollAtMs, attempt, atServer } = triple
  const problem = triple.problem === null ? null : toStandingProblem(triple.problem)
  // Field by field: of a spread with more fields behind it V8 makes objects that the quick collection leaves behind.
  return {
    index,
    state,
    stateSinceMs,
    isAtRest,
    remoteStatus,
    lastPollAtMs,
    attempt,
    problem,
    atServer,
    nextPollAtMs: null,
    isAtWork,
  }
}
