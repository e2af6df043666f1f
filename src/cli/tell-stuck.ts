import { hasAskedServer, isDoneState, isWaitingForServer } from '../../machines/index.js'
import type { Clock } from '../clock.js'
import type { ReconciliationEvent, ReportEvent } from '../engine/events.js'
import type { TripleReport, TripleStatus } from '../engine/report.js'
import { storyOf, stuckReason, toStandingProblem, type TripleStanding } from '../engine/triple-story.js'
import { workspaceStatus } from '../engine/workspace-status.js'
import { compareBatchIndices } from '../workspace/batch-index.js'
import { afterRest, restedSince, restReason, type NotedRest } from '../workspace/journal-rest.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { stuckText } from './render/stuck-text.js'
import type { Style } from './render/style.js'

/** Where the stories of a watch go. */
export interface StoryWriter {
  readonly clock: Clock
  readonly style: Style
  readonly write: (text: string) => void
}

/**
 * Tells of each triple that is stuck when the watch begins to wait for the server, in the words of `status`: once,
 * and again when the reason is another one. Gives what hears the events of the watch. There may be a hundred thousand
 * triples: of each it keeps since when it rests, and the report that the watch keeps anyway.
 */
export async function stuckTeller(
  workspace: BatchWorkspace,
  { clock, style, write }: StoryWriter,
): Promise<ReportEvent> {
  const known = new Map<string, Known>()
  for (const status of (await workspaceStatus(workspace)).triples) known.set(status.index, onDisk(status))
  const told = new Map<string, string>()
  const tellNews = (nextPollAtMs: number): void => {
    const nowMs = clock.now()
    const news = [...standings(known, nextPollAtMs)].flatMap(([index, standing]) => {
      const stuck = stuckReason(standing, nowMs)
      const { problem } = standing
      const reason = `${stuck} ${problem?.code}`
      if (stuck === null) told.delete(index)
      if (stuck === null || told.get(index) === reason) return []
      told.set(index, reason)
      return [{ triple: { index, problem }, story: storyOf(standing, nowMs) }]
    })
    const inOrder = news.toSorted((left, right) => compareBatchIndices(left.triple.index, right.triple.index))
    write(stuckText(inOrder, style))
  }
  return (event) => {
    if (event.type === 'triple.changed') noteStep(known, event, clock.now())
    if (event.type === 'triple.settled') noteRest(known, event.report, clock.now())
    if (event.type === 'poll.scheduled') tellNews(clock.now() + event.delayMs)
  }
}

interface Known {
  readonly rests: readonly NotedRest<number | null>[]
  readonly lastPollAtMs: number | null
  readonly batchId: string | null
  /** `null` before the triple came to rest in this process. */
  readonly report: TripleReport | null
}

function onDisk({ state, problem, batchId, stateSinceMs, lastPollAtMs, isAtRest }: TripleStatus): Known {
  const reason = restReason(state, { batchId, problemCode: problem?.code ?? null })
  const rests = isAtRest ? [{ state, reason, since: stateSinceMs }] : []
  return { rests, lastPollAtMs, batchId, report: null }
}

const nothingKnown: Known = { rests: [], lastPollAtMs: null, batchId: null, report: null }

function noteStep(
  known: Map<string, Known>,
  { index, from, facts }: Extract<ReconciliationEvent, { type: 'triple.changed' }>,
  nowMs: number,
): void {
  const { rests, lastPollAtMs, batchId, report } = known.get(index) ?? nothingKnown
  known.set(index, {
    rests,
    lastPollAtMs: hasAskedServer(from) ? nowMs : lastPollAtMs,
    batchId: facts === null ? batchId : facts.batchId,
    report,
  })
}

function noteRest(known: Map<string, Known>, report: TripleReport, nowMs: number): void {
  const { index, state, problem } = report
  const { rests, lastPollAtMs, batchId, report: before } = known.get(index) ?? nothingKnown
  // One that sleeps on has the report that it had.
  if (report === before) return
  if (isDoneState(state)) return void known.delete(index)
  const reason = restReason(state, { batchId, problemCode: problem?.code ?? null })
  const since = restedSince({ state, reason }, rests) ?? nowMs
  known.set(index, { rests: afterRest({ state, reason, since }, rests), lastPollAtMs, batchId, report })
}

/** How those stand that came to rest in this process. */
function* standings(
  known: ReadonlyMap<string, Known>,
  nextPollAtMs: number,
): Generator<readonly [index: string, standing: TripleStanding]> {
  for (const [index, { report, rests, lastPollAtMs }] of known) {
    if (report === null) continue
    const { state, remoteStatus, attempt, problem } = report
    const standing = {
      state,
      stateSinceMs: rests[0]?.since ?? null,
      remoteStatus,
      lastPollAtMs,
      nextPollAtMs: isWaitingForServer(state) ? nextPollAtMs : null,
      attempt,
      problem: problem === null ? null : toStandingProblem(problem),
      isAtRest: true,
      isAtWork: true,
    }
    yield [index, standing]
  }
}
