import {
  firstState,
  hasAskedServer,
  isDoneState,
  isWaitingForServer,
  needsPersonState,
  type TripleFacts,
} from '../../../machines/index.js'
import type { Clock } from '../../clock.js'
import type { ReconciliationEvent, ReportEvent } from '../../engine/events.js'
import type { TripleReport } from '../../engine/report.js'
import type { TripleCommands } from '../../engine/triple-commands.js'
import { atServerOf, toStandingProblem } from '../../engine/triple-story.js'
import { compareBatchIndices } from '../../workspace/batch-index.js'
import { afterRest, restedSince, restReason, type NotedRest } from '../../workspace/journal-rest.js'
import type { InspectionSource } from '../inspection-source.js'
import type { CommandAnswer, TripleCommandType, TripleDetail, TripleSummary } from '../protocol.js'

export interface LiveSource extends InspectionSource {
  /** Hears what the run does, as the run's `onEvent`. */
  readonly onEvent: ReportEvent
  /** The run is over: nothing changes any more and no command is taken. */
  end(): void
}

export interface LiveSourceOptions {
  readonly clock: Clock
  /** The way to the run for `rescan` and `retry`; without it the source is read-only. */
  readonly commands?: TripleCommands | undefined
}

/** A run in this process: what stood on disk before, and since then what the run's events say. */
export function liveSource(disk: InspectionSource, { clock, commands }: LiveSourceOptions): LiveSource {
  const known = new Map(disk.summaries().map((one) => [one.index, { ...one, isAtWork: true }]))
  const rests: Rests = new Map([...known].map(([index, one]) => [index, restsOf(one)]))
  let order: readonly string[] | null = null
  const listeners = new Set<(index: string | null) => void>()
  let isOver = false

  const tell = (index: string | null): void => {
    for (const listener of listeners) listener(index)
  }
  const change = (index: string, news: Partial<TripleSummary>): void => {
    if (!known.has(index)) order = null
    known.set(index, { ...(known.get(index) ?? unknown(index)), ...news })
    tell(index)
  }
  const onEvent: ReportEvent = (event) => {
    const nowMs = clock.now()
    if (event.type === 'triple.changed') change(event.index, changed(known.get(event.index), event, nowMs))
    if (event.type === 'triple.settled') {
      change(event.index, settled(known.get(event.index), event.report, rests, nowMs))
    }
    if (event.type === 'triple.gone' && known.delete(event.index)) {
      order = null
      rests.delete(event.index)
      tell(event.index)
    }
    if (event.type === 'poll.scheduled') {
      for (const index of waitingForServer(known)) change(index, { nextPollAtMs: nowMs + event.delayMs })
    }
  }
  const answer = (index: string, type: TripleCommandType): CommandAnswer => {
    const refusal = whyRefused(known.get(index), type, isOver)
    if (refusal !== null) return { type: 'refused', reason: refusal }
    commands?.request({ index, type })
    return { type: 'accepted' }
  }
  return {
    ...onlyOnDisk(disk),
    mode: 'live',
    isComplete: true,
    get isOver() {
      return isOver
    },
    summaries: () => {
      order ??= [...known.keys()].toSorted(compareBatchIndices)
      return order.flatMap((index) => known.get(index) ?? [])
    },
    summary: (index) => known.get(index) ?? null,
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async detail(index, options) {
      const summary = known.get(index)
      const detail = summary === undefined ? null : await disk.detail(index, options)
      return detail === null || summary === undefined ? null : withSummary(detail, summary)
    },
    replay: async (index) => (known.has(index) ? disk.replay(index) : null),
    command: commands === undefined ? null : answer,
    onEvent,
    end() {
      isOver = true
      for (const index of known.keys()) change(index, { isAtWork: false, nextPollAtMs: null })
      tell(null)
    },
    close() {
      listeners.clear()
      disk.close()
    },
  }
}

/** What a run does not tell. */
const onlyOnDisk = (disk: InspectionSource) => ({
  title: disk.title,
  root: disk.root,
  history: (indices: readonly string[]) => disk.history(indices),
  failedForGood: () => disk.failedForGood(),
  tokens: () => disk.tokens(),
})

const waitingForServer = (known: ReadonlyMap<string, TripleSummary>): readonly string[] =>
  [...known.values()].filter(({ state }) => isWaitingForServer(state)).map(({ index }) => index)

/** What the run knows is newer; what only the disk tells is filled in. */
function withSummary(detail: TripleDetail, summary: TripleSummary): TripleDetail {
  const { batchId, requests, missing, remoteStatus } = detail.summary
  return {
    ...detail,
    problem: summary.problem === null ? null : detail.problem,
    summary: {
      ...summary,
      batchId: summary.batchId ?? batchId,
      requests: summary.requests ?? requests,
      missing: summary.missing ?? missing,
      remoteStatus: summary.remoteStatus ?? remoteStatus,
    },
  }
}

/** Where each triple last rested and since when: a poll that changes nothing does not begin a new rest. */
type Rests = Map<string, readonly NotedRest<number | null>[]>

const restsOf = ({ state, problem, batchId, stateSinceMs, isAtRest }: TripleSummary) =>
  isAtRest
    ? [
        {
          state,
          reason: restReason(state, { batchId, problemCode: problem?.code ?? null }),
          since: stateSinceMs,
        },
      ]
    : []

type Changed = Extract<ReconciliationEvent, { type: 'triple.changed' }>

function changed(
  before: TripleSummary | undefined,
  { from, to, facts }: Changed,
  nowMs: number,
): Partial<TripleSummary> {
  return {
    ...(facts === null ? {} : fromFacts(facts)),
    state: to,
    stateSinceMs: nowMs,
    isAtRest: false,
    lastPollAtMs: hasAskedServer(from) ? nowMs : (before?.lastPollAtMs ?? null),
    nextPollAtMs: null,
  }
}

const fromFacts = (facts: TripleFacts): Partial<TripleSummary> => {
  const { batchId, remoteStatus, attempt, rootIndex } = facts
  return { batchId, remoteStatus, attempt, rootIndex, atServer: atServerOf(facts) }
}

function settled(
  before: TripleSummary | undefined,
  { index, state, problem, counts, remoteStatus, attempt, rootIndex }: TripleReport,
  rests: Rests,
  nowMs: number,
): Partial<TripleSummary> {
  const last = rests.get(index) ?? []
  const reason = restReason(state, { batchId: before?.batchId ?? null, problemCode: problem?.code ?? null })
  const sinceMs = restedSince({ state, reason }, last) ?? nowMs
  rests.set(index, afterRest({ state, reason, since: sinceMs }, last))
  return {
    state,
    stateSinceMs: sinceMs,
    isAtRest: true,
    restedAtMs: nowMs,
    problem: problem === null ? null : toStandingProblem(problem),
    remoteStatus: remoteStatus ?? before?.remoteStatus ?? null,
    attempt,
    rootIndex,
    ...(counts === null ? {} : { requests: counts.input, missing: counts.missing }),
  }
}

function whyRefused(
  summary: TripleSummary | undefined,
  type: TripleCommandType,
  isOver: boolean,
): string | null {
  if (isOver) return 'The run is over.'
  if (summary === undefined) return 'There is no such triple.'
  if (isDoneState(summary.state)) return 'The triple is done.'
  if (type === 'triple.retry' && needsPersonState(summary.state)) {
    return 'Nothing to try again before the input file is back; rescan when it is.'
  }
  return null
}

const unknown = (index: string): TripleSummary => ({
  index,
  state: firstState,
  stateSinceMs: null,
  remoteStatus: null,
  lastPollAtMs: null,
  nextPollAtMs: null,
  attempt: 1,
  problem: null,
  isAtRest: false,
  isAtWork: true,
  batchId: null,
  rootIndex: index,
  requests: null,
  missing: null,
  worker: null,
  restedAtMs: null,
})
