import { systemClock, type Clock } from '../../clock.js'
import type { TripleStatus } from '../../engine/report.js'
import { toStandingProblem } from '../../engine/triple-story.js'
import { tripleStatus } from '../../engine/workspace-status.js'
import { compareBatchIndices, requireBatchIndex } from '../../workspace/batch-index.js'
import { readWorkspaceLock } from '../../workspace/lock.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { scanDone } from '../../workspace/scan-done.js'
import { scanWorkspace } from '../../workspace/scan.js'
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

/** A workspace as it stands on disk: read-only, no lock needed, looked at again and again until it is closed. */
export async function workspaceSource(
  workspace: BatchWorkspace,
  { clock = systemClock, refreshMs = defaultRefreshMs }: WorkspaceSourceOptions = {},
): Promise<InspectionSource> {
  const listing = createListing(workspace)
  const listeners = new Set<(index: string | null) => void>()
  let timer: unknown
  let isClosed = false

  const look = async (): Promise<void> => {
    const startedAtMs = clock.now()
    // A disk that cannot be read for a moment: what was known stays on the page.
    const changed = await listing.refresh().catch(() => [])
    for (const index of changed) for (const listener of listeners) listener(index)
    const tookMs = clock.now() - startedAtMs
    if (!isClosed) timer = clock.setTimeout(() => void look(), Math.max(refreshMs, tookMs * restPerLook))
  }
  await listing.refresh()
  timer = clock.setTimeout(() => void look(), refreshMs)
  const { summaries } = listing
  return {
    title: workspace.root,
    mode: 'disk',
    isComplete: true,
    isOver: false,
    summaries: () => listing.inOrder(),
    summary: (index) => summaries.get(index) ?? null,
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    detail: async (index, options) => {
      const summary = summaries.get(index) ?? (await summaryOf(workspace, requireBatchIndex(index), false))
      return readTripleDetail(workspace, summary, options)
    },
    replay: (index) => readTripleReplay(workspace, requireBatchIndex(index)),
    command: null,
    close() {
      isClosed = true
      clock.clearTimeout(timer)
    },
  }
}

/** The summaries, and what each of them was made from, so that only what changed is read again. */
function createListing(workspace: BatchWorkspace) {
  const summaries = new Map<string, TripleSummary>()
  const seen = new Map<string, string>()
  let order: readonly TripleSummary[] | null = null
  let isAtWork = false

  /** Gives the indices whose summary is another one than before, or gone. */
  const refresh = async (): Promise<readonly string[]> => {
    const changed = await noteLock()
    const present = new Set<string>()
    for (const { index, ...files } of (await scanWorkspace(workspace)).triples) {
      const mark = `${fileMark(files)} ${await journalMark(workspace, index)}`
      present.add(index)
      if (seen.get(index) === mark) continue
      seen.set(index, mark)
      summaries.set(index, await summaryOf(workspace, index, isAtWork))
      changed.push(index)
    }
    for (const { index } of await scanDone(workspace)) {
      if (present.has(index)) continue
      present.add(index)
      if (seen.get(index) === doneMark) continue
      seen.set(index, doneMark)
      summaries.set(index, doneSummary(index, summaries.get(index)))
      changed.push(index)
    }
    for (const index of summaries.keys()) {
      if (present.has(index)) continue
      summaries.delete(index)
      seen.delete(index)
      changed.push(index)
    }
    if (changed.length > 0) order = null
    return changed
  }
  /** A run that begins or ends is told of every triple, without reading them again. */
  const noteLock = async (): Promise<string[]> => {
    const isHeld = (await readWorkspaceLock(workspace)).type !== 'free'
    if (isHeld === isAtWork) return []
    isAtWork = isHeld
    const unfinished = [...summaries.values()].filter(({ state }) => state !== 'done')
    for (const summary of unfinished) summaries.set(summary.index, { ...summary, isAtWork })
    return unfinished.map(({ index }) => index)
  }
  const inOrder = (): readonly TripleSummary[] =>
    (order ??= [...summaries.values()].toSorted((left, right) =>
      compareBatchIndices(requireBatchIndex(left.index), requireBatchIndex(right.index)),
    ))
  return { summaries, refresh, inOrder }
}

const doneMark = 'done'

const fileMark = (
  files: Readonly<Record<'input' | 'output' | 'error' | 'metadata', string | null>>,
): string =>
  [files.input, files.output, files.error, files.metadata].map((path) => (path === null ? '-' : 'x')).join('')

/** Every run notes what it does, so the journal's size and time tell of any change a run made. */
async function journalMark({ fileSystem, layout }: BatchWorkspace, index: string): Promise<string> {
  const found = await fileSystem.stat(layout.journalFile(index)).catch(() => null)
  return found === null ? '-' : `${found.bytes}@${found.modifiedAtMs}`
}

async function summaryOf(
  workspace: BatchWorkspace,
  index: string,
  isAtWork: boolean,
): Promise<TripleSummary> {
  return fromStatus(await tripleStatus(workspace, index), isAtWork)
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
    state: 'done',
    isAtRest: true,
    isAtWork: false,
    nextPollAtMs: null,
    problem: null,
  }
}
