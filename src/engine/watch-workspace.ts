import { jitterOf } from '../../machines/index.js'
import { systemClock } from '../clock.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import { reporterOf } from './dependencies.js'
import { fingerprintOf } from './fingerprint.js'
import type { ReconcileWorkspaceOptions } from './options.js'
import { onePass, withWorkspace } from './reconcile-workspace.js'
import type { TripleReport, WorkspaceReport } from './report.js'
import { runContext } from './run-context.js'
import { sleep } from './sleep.js'

export interface WatchOptions extends ReconcileWorkspaceOptions {
  /** Between two polls, in milliseconds; a minute unless set, spread by up to a quarter. */
  readonly pollDelayMs?: number | undefined
}

/** Servers ask for this (Azure, Anthropic) or cut off who comes sooner (Together). */
const defaultPollDelayMs = 60_000
const longestPollDelayMs = 3_600_000

/**
 * Stays until every triple is settled: passes over the workspace, and one poll for all waiting batches between them.
 * A server that is down is waited for. Triples that need a person are looked at again only when their files change.
 * Ends cleanly when the signal fires.
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
    const isOver = pass.isInterrupted || options.signal?.aborted === true || !pass.triples.some(isWaiting)
    if (isOver || run.board === null) return { ...pass, triples: [...latest.values()] }
    const delayMs = Math.max(pollDelayMs(options, poll, pass.triples), run.board.provider.minPollDelayMs)
    reporterOf(options)({ type: 'poll.scheduled', delayMs, waiting: pass.triples.filter(isWaiting).length })
    await sleep(clock, delayMs, options.signal)
  }
}

/** At work at the server, or stopped by something that passes: a full server, a cut connection, a busy file. */
const isWaiting = ({ outcome, problem }: TripleReport): boolean =>
  outcome.type === 'pending' || (outcome.type === 'failed' && problem?.isPassing === true)

/** The server's own wish counts when it is longer than ours. */
function pollDelayMs(options: WatchOptions, poll: number, reports: readonly TripleReport[]): number {
  const baseMs = options.pollDelayMs ?? defaultPollDelayMs
  const wishes = reports.filter(isWaiting).map(({ problem }) => problem?.retryAfterMs ?? 0)
  const wishMs = Math.min(Math.max(0, ...wishes), longestPollDelayMs)
  return Math.max(wishMs, baseMs * (1 + jitterOf(baseMs, poll) / 4))
}

async function park(
  workspace: BatchWorkspace,
  reports: readonly TripleReport[],
  parked: Map<string, string>,
): Promise<void> {
  for (const report of reports) {
    if (report.outcome.type === 'done' || isWaiting(report)) continue
    parked.set(report.index, await fingerprintOf(workspace, report.index))
  }
}

async function unparkChanged(workspace: BatchWorkspace, parked: Map<string, string>): Promise<void> {
  for (const [index, fingerprint] of parked) {
    if ((await fingerprintOf(workspace, index)) !== fingerprint) parked.delete(index)
  }
}
