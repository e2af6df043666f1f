import { hasAskedServer, isDoneState, isWaitingForServer } from '../../machines/index.js'
import type { Clock } from '../clock.js'
import { restedSince, afterRest, restReason, type NotedRest } from '../workspace/journal-rest.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { ReconciliationEvent, ReportEvent } from './events.js'
import type { TripleReport, TripleStatus } from './report.js'
import { atServerOf, toStandingProblem, type AtServer, type TripleStanding } from './triple-story.js'
import { workspaceStatus } from './workspace-status.js'

export interface KnownStanding extends TripleStanding {
  /** Its problem passes by itself: a watch tries again, and so does the next run. */
  readonly isPassing: boolean
}

/** How the triples of a run or watch stand, kept from its events. */
export interface KnownStandings {
  readonly onEvent: ReportEvent
  /**
   * Those that came to rest in this process and are not done.
   *
   * @param nextPollAtMs when the server is asked next, in milliseconds since 1970; `null` when nobody will ask it
   */
  all(nextPollAtMs: number | null): Generator<KnownStanding, void, undefined>
}

/**
 * Begins with what the disk says, before the run does. There may be a hundred thousand triples: of each it keeps since when
 * it rests, and the report that the watch keeps anyway.
 */
export async function knownStandings(workspace: BatchWorkspace, clock: Clock): Promise<KnownStandings> {
  const known = new Map<string, Known>()
  for (const status of (await workspaceStatus(workspace)).triples) known.set(status.index, onDisk(status))
  return {
    onEvent(event) {
      if (event.type === 'triple.changed') noteStep(known, event, clock.now())
      if (event.type === 'triple.settled') noteRest(known, event.report, clock.now())
      if (event.type === 'triple.gone') known.delete(event.index)
    },
    all: (nextPollAtMs) => standings(known, nextPollAtMs),
  }
}

interface Known {
  readonly rests: readonly NotedRest<number | null>[]
  readonly lastPollAtMs: number | null
  readonly batchId: string | null
  readonly atServer: AtServer | null
  /** `null` before the triple came to rest in this process. */
  readonly report: TripleReport | null
}

function onDisk(status: TripleStatus): Known {
  const { state, problem, batchId, stateSinceMs, lastPollAtMs, isAtRest, atServer } = status
  const reason = restReason(state, { batchId, problemCode: problem?.code ?? null })
  const rests = isAtRest ? [{ state, reason, since: stateSinceMs }] : []
  return { rests, lastPollAtMs, batchId, atServer, report: null }
}

const nothingKnown: Known = {
  rests: [],
  lastPollAtMs: null,
  batchId: null,
  atServer: null,
  report: null,
}

function noteStep(
  known: Map<string, Known>,
  { index, from, facts }: Extract<ReconciliationEvent, { type: 'triple.changed' }>,
  nowMs: number,
): void {
  const { rests, lastPollAtMs, batchId, report, ...before } = known.get(index) ?? nothingKnown
  known.set(index, {
    rests,
    lastPollAtMs: hasAskedServer(from) ? nowMs : lastPollAtMs,
    batchId: facts === null ? batchId : facts.batchId,
    atServer: facts === null ? before.atServer : atServerOf(facts),
    report,
  })
}

function noteRest(known: Map<string, Known>, report: TripleReport, nowMs: number): void {
  const { index, state, problem } = report
  const { rests, lastPollAtMs, batchId, atServer, report: before } = known.get(index) ?? nothingKnown
  // One that sleeps on has the report that it had.
  if (report === before) return
  if (isDoneState(state)) return void known.delete(index)
  const reason = restReason(state, { batchId, problemCode: problem?.code ?? null })
  const since = restedSince({ state, reason }, rests) ?? nowMs
  known.set(index, {
    rests: afterRest({ state, reason, since }, rests),
    lastPollAtMs,
    batchId,
    atServer,
    report,
  })
}

/** How those stand that came to rest in this process. */
function* standings(
  known: ReadonlyMap<string, Known>,
  nextPollAtMs: number | null,
): Generator<KnownStanding, void, undefined> {
  for (const [index, { report, rests, lastPollAtMs, atServer }] of known) {
    if (report === null) continue
    const { state, remoteStatus, attempt, problem } = report
    yield {
      index,
      state,
      stateSinceMs: rests[0]?.since ?? null,
      remoteStatus,
      lastPollAtMs,
      atServer,
      nextPollAtMs: isWaitingForServer(state) ? nextPollAtMs : null,
      attempt,
      problem: problem === null ? null : toStandingProblem(problem),
      isAtRest: true,
      isAtWork: true,
      isPassing: problem?.isPassing === true && problem.needsPerson !== true,
    }
  }
}
