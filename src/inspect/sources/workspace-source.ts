import { doneState, failedState, fileKinds, isDoneState, toProblem } from '../../../machines/index.js'
import { systemClock, type Clock } from '../../clock.js'
import { markOfFile } from '../../workspace/file-mark.js'
import type { TripleStatus } from '../../engine/report.js'
import { workspaceTokensLines } from '../../engine/tokens-text.js'
import { workspaceTokens } from '../../engine/workspace-tokens.js'
import { toStandingProblem } from '../../engine/triple-story.js'
import { createHistoryReader } from '../../engine/workspace-history.js'
import { tripleStatus, workerOf } from '../../engine/workspace-status.js'
import { compareBatchIndices, parseBatchIndex, type BatchIndex } from '../../workspace/batch-index.js'
import { locateTriple } from '../../workspace/locate-triple.js'
import { isWorkedOn } from '../../workspace/hold-workspace.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { scanDone } from '../../workspace/scan-done.js'
import { isEmptyTriple, scanWorkspace } from '../../workspace/scan.js'
import { leaseHolders } from '../../workspace/workers/lease-holders.js'
import { listWorkerFiles } from '../../workspace/workers/worker-files.js'
import type { LeaseRecord } from '../../workspace/workers/worker-schema.js'
import type { BatchFileTriple } from '../../workspace/triple.js'
import type { InspectionSource } from '../inspection-source.js'
import type { TripleSummary } from '../protocol.js'
import { failedForGoodReader } from './failed-for-good.js'
import { lookAgainAndAgain } from './look-again.js'
import { readTripleDetail } from './triple-detail.js'
import { readTripleReplay } from './triple-replay.js'

export interface WorkspaceSourceOptions {
  readonly clock?: Clock | undefined
  /** Between two looks at the disk, in milliseconds; two seconds unless set, more where a look takes long. */
  readonly refreshMs?: number | undefined
}

const defaultRefreshMs = 2_000

/** A workspace as it stands on disk: read-only, no lock needed, looked at again and again while somebody listens. */
export async function workspaceSource(
  workspace: BatchWorkspace,
  { clock = systemClock, refreshMs = defaultRefreshMs }: WorkspaceSourceOptions = {},
): Promise<InspectionSource> {
  const listing = createListing(workspace)
  await listing.refresh(new Set())
  const history = createHistoryReader(workspace)
  const failedForGood = failedForGoodReader(workspace)
  const looks = lookAgainAndAgain(workspace, listing, { clock, refreshMs })
  return {
    title: workspace.root,
    root: workspace.root,
    mode: 'disk',
    isComplete: true,
    isOver: false,
    summaries: () => listing.inOrder(),
    summary: (index) => listing.summaries.get(index) ?? null,
    subscribe: looks.subscribe,
    detail: async (text, options) => {
      const index = parseBatchIndex(text)
      const summary = index === null ? null : await summaryToday(workspace, listing, index)
      return summary && readTripleDetail(workspace, summary, options, listing.inOrder())
    },
    replay: async (text) => {
      const index = parseBatchIndex(text)
      const summary = index === null ? null : await summaryToday(workspace, listing, index)
      return summary && readTripleReplay(workspace, summary.index)
    },
    history: (indices) => history.read(indices, clock.now()),
    failedForGood,
    tokens: () => tokensToday(workspace),
    command: null,
    close: looks.close,
  }
}

/** What cannot be read is for `status` to tell. */
async function tokensToday(workspace: BatchWorkspace): Promise<readonly string[]> {
  const read = async () =>
    workspaceTokens(workspace, (await scanWorkspace(workspace)).triples, await scanDone(workspace))
  return read().then(workspaceTokensLines, () => [])
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
  let holders: ReadonlyMap<string, LeaseRecord> = new Map()

  const put = (changed: Set<string>, summary: TripleSummary): void => {
    summaries.set(summary.index, { ...summary, worker: workerOf(summary.index, holders) })
    changed.add(summary.index)
    order = null
  }
  /** False for one that has left meanwhile. */
  const noteStanding = async (changed: Set<string>, triple: BatchFileTriple): Promise<boolean> => {
    const { index } = triple
    const mark = await markOf(workspace, triple)
    if (seen.get(index) === mark) return true
    const summary = await summaryOf(workspace, index, isAtWork)
    if (hasLeft(triple, summary)) return false
    seen.set(index, mark)
    put(changed, summary)
    return true
  }
  const noteDone = (changed: Set<string>, index: string): void => {
    if (seen.get(index) === doneMark) return
    seen.set(index, doneMark)
    put(changed, doneSummary(index, summaries.get(index)))
  }
  /** Adds the indices whose summary is another one than before, or gone; those found before it rejects as well. */
  const refresh = async (changed: Set<string>): Promise<void> => {
    await noteLock(changed)
    await noteWorkers(changed)
    const present = new Set<string>()
    for (const triple of (await scanWorkspace(workspace)).triples) {
      if (await noteStanding(changed, triple)) present.add(triple.index)
    }
    for (const { index } of await scanDone(workspace)) {
      if (present.has(index)) continue
      present.add(index)
      noteDone(changed, index)
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
    const open = [...summaries.values()].filter(({ state }) => !isDoneState(state))
    for (const summary of open) put(changed, { ...summary, isAtWork })
  }
  /** Beside workers: who has a triple changes without a change of its files. */
  const noteWorkers = async (changed: Set<string>): Promise<void> => {
    const before = holders
    holders = await holdersNow(workspace).catch(() => before)
    for (const index of new Set([...before.keys(), ...holders.keys()])) {
      const summary = summaries.get(index)
      const isSame = before.get(index)?.taken_at_ms === holders.get(index)?.taken_at_ms
      if (summary !== undefined && !isSame) put(changed, summary)
    }
  }
  /** The same of one triple, whose journal has been written. */
  const refreshOne = async (changed: Set<string>, index: BatchIndex): Promise<void> => {
    const triple = await locateTriple(workspace, index)
    if (!isEmptyTriple(triple)) await noteStanding(changed, triple)
    else if (fileKinds.some((kind) => triple.inDone[kind])) noteDone(changed, index)
  }
  const inOrder = (): readonly TripleSummary[] => (order ??= [...summaries.values()].toSorted(byIndex))
  return { summaries, refresh, refreshOne, inOrder, isAtWork: () => isAtWork }
}

const holdersNow = async (workspace: BatchWorkspace): ReturnType<typeof leaseHolders> =>
  leaseHolders(workspace, await listWorkerFiles(workspace))

const byIndex = (one: TripleSummary, other: TripleSummary): number =>
  compareBatchIndices(one.index, other.index)

const doneMark = 'done'

/** Sizes and times of all that a summary is made from but the proof, which no run writes without a step. */
async function markOf({ fileSystem, layout }: BatchWorkspace, triple: BatchFileTriple): Promise<string> {
  const { index, input, output, error, metadata } = triple
  const marks: string[] = []
  for (const path of [input, output, error, metadata, layout.journalFile(index)]) {
    marks.push(markOfFile(path === null ? null : await fileSystem.stat(path).catch(() => null)))
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
  const { index, state, stateSinceMs, isAtRest, remoteStatus, batchId, atServer } = status
  const { lastPollAtMs, attempt, rootIndex } = status
  return {
    index,
    state,
    stateSinceMs,
    isAtRest,
    remoteStatus,
    batchId,
    atServer,
    lastPollAtMs,
    nextPollAtMs: null,
    attempt,
    rootIndex,
    problem: status.problem === null ? null : toStandingProblem(status.problem),
    requests: status.counts?.input ?? null,
    missing: status.counts?.missing ?? null,
    isAtWork,
    worker: status.worker,
    restedAtMs: null,
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
    restedAtMs: null,
    ...before,
    worker: null,
    state: doneState,
    isAtRest: true,
    isAtWork: false,
    nextPollAtMs: null,
    problem: null,
  }
}
