import { jitterOf } from '../../machines/index.js'
import { systemClock, type Clock } from '../clock.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import { reporterOf } from './dependencies.js'
import { fingerprintOf } from './fingerprint.js'
import type { ReconcileWorkspaceOptions } from './options.js'
import { onePass, withWorkspace } from './reconcile-workspace.js'
import type { TripleReport, WorkspaceReport } from './report.js'
import { runContext } from './run-context.js'

export interface WatchOptions extends ReconcileWorkspaceOptions {
  /** Between two polls, in milliseconds; a minute unless set, spread by up to a quarter. */
  readonly pollDelayMs?: number | undefined
}

/** Servers ask for this (Azure, Anthropic) or cut off who comes sooner (Together). */
const defaultPollDelayMs = 60_000
const longestPollDelayMs = 3_600_000

/**
 * Stays until every triple is settled: passes over the workspace, and one poll for all waiting batches between them.
 * Triples that need a person are looked at again only when their files change. Ends cleanly when the signal fires.
 */
export function watchWorkspace(
  workspace: BatchWorkspace,
  options: WatchOptions = {},
): Promise<WorkspaceReport> {
  return withWorkspace(workspace, options, () => watch(workspace, options))
}

async function watch(workspace: BatchWorkspace, options: WatchOptions): Promise<WorkspaceReport> {
  const run = runContext(options)
  const clock = options.clock ?? systemClock
  const latest = new Map<string, TripleReport>()
  const parked = new Map<string, string>()
  for (let poll = 1; ; poll += 1) {
    const isWanted = ({ index }: BatchFileTriple): boolean => !parked.has(index)
    await unparkChanged(workspace, parked)
    const pass = await onePass(workspace, options, run, isWanted)
    for (const report of pass.triples) latest.set(report.index, report)
    await park(workspace, pass.triples, parked)
    const isOver = pass.isInterrupted || options.signal?.aborted === true || !isAnyPending(pass.triples)
    if (isOver || run.board === null) return { ...pass, triples: [...latest.values()] }
    const delayMs = Math.max(pollDelayMs(options, poll, pass.triples), run.board.provider.minPollDelayMs)
    reporterOf(options)({ type: 'poll.scheduled', delayMs, waiting: pass.triples.filter(isPending).length })
    await sleep(clock, delayMs, options.signal)
  }
}

const isPending = ({ outcome }: TripleReport): boolean => outcome.type === 'pending'
const isAnyPending = (reports: readonly TripleReport[]): boolean => reports.some(isPending)

/** The server's own wish counts when it is longer than ours. */
function pollDelayMs(options: WatchOptions, poll: number, reports: readonly TripleReport[]): number {
  const baseMs = options.pollDelayMs ?? defaultPollDelayMs
  const wishes = reports.map(({ outcome }) =>
    outcome.type === 'pending' ? (outcome.problem?.retryAfterMs ?? 0) : 0,
  )
  const wishMs = Math.min(Math.max(0, ...wishes), longestPollDelayMs)
  return Math.max(wishMs, baseMs * (1 + jitterOf(baseMs, poll) / 4))
}

async function park(
  workspace: BatchWorkspace,
  reports: readonly TripleReport[],
  parked: Map<string, string>,
): Promise<void> {
  for (const { index, outcome } of reports) {
    const isParked =
      outcome.type === 'failed' || outcome.type === 'needs-attention' || outcome.type === 'not-submitted'
    if (isParked) parked.set(index, await fingerprintOf(workspace, index))
  }
}

async function unparkChanged(workspace: BatchWorkspace, parked: Map<string, string>): Promise<void> {
  for (const [index, fingerprint] of parked) {
    if ((await fingerprintOf(workspace, index)) !== fingerprint) parked.delete(index)
  }
}

function sleep(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(wake, delayMs)
    function wake(): void {
      clock.clearTimeout(timer)
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    signal?.addEventListener('abort', wake, { once: true })
    if (signal?.aborted === true) wake()
  })
}
