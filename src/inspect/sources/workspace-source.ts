import { doneState, failedState, fileKinds, isDoneState, toProblem } from '../../../machines/index.js'
import { systemClock, type Clock } from '../../clock.js'
import type { TripleStatus } from '../../engine/report.js'
import { toStandingProblem } from '../../engine/triple-story.js'
import { tripleStatus } from '../../engine/workspace-status.js'
import { compareBatchIndices, parseBatchIndex, type BatchIndex } from '../../workspace/batch-index.js'
import { locateTriple } from '../../workspace/locate-triple.js'
import { isWorkedOn } from '../../workspace/hold-workspace.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { scanDone } from '../../workspace/scan-done.js'
import { isEmptyTriple, scanWorkspace } from '../../workspace/scan.js'
import type { BatchFileTriple } from '../../workspace/triple.js'
import type { InspectionSource } from '../inspection-source.js'
import type { TripleSummary } from '../protocol.js'
import { readTripleDetail } from './triple-detail.js'
import { readTripleReplay } from './triple-replay.js'

export interface WorkspaceSourceOptions {
  readonly clock?: Clock | undefined
  /** Between two looks at the disk, in milliseconds; two seconds unless set, more where a look takes long. */
  readonly refreshMs?: number | undefined
}

const defaultRefreshMs = 2_000

/** A tenth of the time at most goes into looking. */
const restPerLook = 9

/** A workspace as it stands on disk: read-only, no lock needed, looked at again and again while somebody listens. */
export async function workspaceSource(
  workspace: BatchWorkspace,
  { clock = systemClock, refreshMs = defaultRefreshMs }: WorkspaceSourceOptions = {},
): Promise<InspectionSource> {
  const listing = createListing(workspace)
  await listing.refresh(new Set())
  const looks = lookAgainAndAgain(listing, clock, refreshMs)
  return {
    title: workspace.root,
    mode: 'disk',
    isComplete: true,
    isOver: false,
    summaries: () => listing.inOrder(),
    summary: (index) => listing.summaries.get(index) ?? null,
    subscribe: looks.subscribe,
    detail: async (text, options) => {
      const index = parseBatchIndex(text)
      const summary = index === null ? null : await summaryToday(workspace, listing, index)
      return summary && readTripleDetail(workspace, summary, options)
    },
    replay: async (text) => {
      const index = parseBatchIndex(text)
      const summary = index === null ? null : await summaryToday(workspace, listing, index)
      return summary && readTripleReplay(workspace, summary.index)
    },
    command: null,
    close: looks.close,
  }
}

/** Tells listeners what changed at each look; the first look comes as soon as there is a listener. */
function lookAgainAndAgain(listing: Listing, clock: Clock, refreshMs: number) {
  const listeners = new Set<(index: string | null) => void>()
  let timer: unknown = null
  let isLooking = false
  let isClosed = false

  const look = async (): Promise<void> => {
    timer = null
    isLooking = true
    const startedAtMs = clock.now()
    const changed = new Set<string>()
    // A disk that cannot be read for a moment: what was known stays on the page.
    await listing.refresh(changed).catch(() => {})
    isLooking = false
    if (isClosed) return
    for (const index of changed) for (const listener of listeners) listener(index)
    plan(Math.max(refreshMs, (clock.now() - startedAtMs) * restPerLook))
  }
  const plan = (delayMs: number): void => {
    if (timer !== null || isLooking || isClosed || listeners.size === 0) return
    timer = clock.setTimeout(() => void look(), delayMs)
  }
  const stop = (): void => {
    if (timer !== null) clock.clearTimeout(timer)
    timer = null
  }
  return {
    subscribe: (listener: (index: string | null) => void) => {
      listeners.add(listener)
      plan(0)
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) stop()
      }
    },
    close: () => {
      isClosed = true
      stop()
    },
  }
}

/** Also of a triple that came since the last look; `null` when nothing of the index stands anywhere. */
async function summaryToday(
  workspace: BatchWorkspace,
  { summaries, isAtWork }: Listing,
  index: BatchIndex,
): Promise<TripleSummary | null> {
  const listed = summaries.get(index)
  if (listed !== undefined) return listed
  const triple = await locateTriple(workspace, index).catch(() => null)
  if (triple === null) return null
  if (!isEmptyTriple(triple)) return summaryOf(workspace, index, isAtWork())
  return fileKinds.some((kind) => triple.inDone[kind]) ? doneSummary(index, undefined) : null
}

type Listing = ReturnType<typeof createListing>

/** The summaries, and what each of them was made from, so that only what changed is read again. */
function createListing(workspace: BatchWorkspace) {
  const summaries = new Map<string, TripleSummary>()
  const seen = new Map<string, string>()
  let order: readonly TripleSummary[] | null = null
  let isAtWork = false

  const note = (changed: Set<string>, index: string, mark: string, summary: TripleSummary): void => {
    seen.set(index, mark)
    summaries.set(index, summary)
    changed.add(index)
    order = null
  }
  /** Adds the indices whose summary is another one than before, or gone; those found before it rejects as well. */
  const refresh = async (changed: Set<string>): Promise<void> => {
    await noteLock(changed)
    const present = new Set<string>()
    for (const triple of (await scanWorkspace(workspace)).triples) {
      const { index } = triple
      const mark = await markOf(workspace, triple)
      if (seen.get(index) !== mark) {
        const summary = await summaryOf(workspace, index, isAtWork)
        if (hasLeft(triple, summary)) continue
        note(changed, index, mark, summary)
      }
      present.add(index)
    }
    for (const { index } of await scanDone(workspace)) {
      if (present.has(index)) continue
      present.add(index)
      if (seen.get(index) !== doneMark)
        note(changed, index, doneMark, doneSummary(index, summaries.get(index)))
    }
    for (const index of summaries.keys()) {
      if (present.has(index)) continue
      summaries.delete(index)
      seen.delete(index)
      changed.add(index)
      order = null
    }
  }
  /** A run that begins or ends is told of every triple, without reading them again. */
  const noteLock = async (changed: Set<string>): Promise<void> => {
    const isHeld = await isWorkedOn(workspace).catch(() => isAtWork)
    if (isHeld === isAtWork) return
    isAtWork = isHeld
    order = null
    for (const summary of summaries.values()) {
      if (isDoneState(summary.state)) continue
      summaries.set(summary.index, { ...summary, isAtWork })
      changed.add(summary.index)
    }
  }
  const inOrder = (): readonly TripleSummary[] =>
    (order ??= [...summaries.values()].toSorted((left, right) =>
      compareBatchIndices(left.index, right.index),
    ))
  return { summaries, refresh, inOrder, isAtWork: () => isAtWork }
}

const doneMark = 'done'

/** Sizes and times of all that a summary is made from but the proof, which no run writes without a step. */
async function markOf({ fileSystem, layout }: BatchWorkspace, triple: BatchFileTriple): Promise<string> {
  const { index, input, output, error, metadata } = triple
  const marks: string[] = []
  for (const path of [input, output, error, metadata, layout.journalFile(index)]) {
    const found = path === null ? null : await fileSystem.stat(path).catch(() => null)
    marks.push(found === null ? '-' : `${found.bytes}@${found.modifiedAtMs}`)
  }
  return marks.join(' ')
}

/** It went to `done/` between the listing and the look at its files. */
const hasLeft = ({ input, output, error }: BatchFileTriple, { problem }: TripleSummary): boolean =>
  problem?.code === 'NoBatchFileTripleAtIndex' && (input ?? output ?? error) !== null

/** What even a status cannot be made of is listed with the reason. */
async function summaryOf(
  workspace: BatchWorkspace,
  index: string,
  isAtWork: boolean,
): Promise<TripleSummary> {
  try {
    return fromStatus(await tripleStatus(workspace, index), isAtWork)
  } catch (error) {
    const problem = toStandingProblem(toProblem(error))
    return { ...doneSummary(index, undefined), state: failedState, problem, isAtWork }
  }
}

function fromStatus(status: TripleStatus, isAtWork: boolean): TripleSummary {
  const { index, state, stateSinceMs, isAtRest, remoteStatus, batchId, lastPollAtMs, attempt, rootIndex } =
    status
  return {
    index,
    state,
    stateSinceMs,
    isAtRest,
    remoteStatus,
    batchId,
    lastPollAtMs,
    nextPollAtMs: null,
    attempt,
    rootIndex,
    problem: status.problem === null ? null : toStandingProblem(status.problem),
    requests: status.counts?.input ?? null,
    missing: status.counts?.missing ?? null,
    isAtWork,
  }
}

/** Nothing is read of what is done until somebody looks at it: there may be many of them. */
function doneSummary(index: string, before: TripleSummary | undefined): TripleSummary {
  return {
    index,
    stateSinceMs: null,
    remoteStatus: null,
    batchId: null,
    lastPollAtMs: null,
    attempt: 1,
    rootIndex: index,
    requests: null,
    missing: null,
    ...before,
    state: doneState,
    isAtRest: true,
    isAtWork: false,
    nextPollAtMs: null,
    problem: null,
  }
}
