import type { ExpectedContentType } from '../accounting/rows/content.js'
import { jitterOf } from '../../machines/index.js'
import { monotonicMsOf } from '../clock.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import { fingerprintOf } from './fingerprint.js'
import { followSignal } from './follow-signal.js'
import { keepSessions, type KeptSessions } from './kept-sessions.js'
import type { ReconcileWorkspaceOptions, UsualType } from './options.js'
import type { Choices } from './parse-options.js'
import { onePass, withWorkspace } from './reconcile-workspace.js'
import { withLineage } from './lineage-report.js'
import type { TripleReport, WorkspaceReport } from './report.js'
import type { Run } from './run.js'
import { sleep } from './sleep.js'
import type { TripleCommand, TripleCommands } from './triple-commands.js'
import { unconfirmedOf } from './unconfirmed-submission.js'

export interface WatchOptions<
  Content = unknown,
  Type extends ExpectedContentType = UsualType<Content>,
> extends ReconcileWorkspaceOptions<Content, Type> {
  /** Between two polls, in milliseconds; a minute unless set, spread by up to a quarter. */
  readonly pollDelayMs?: number | undefined
  /** Ask the server again and again. On unless set; without it the first pass is the only one that is not asked for. */
  readonly shouldPoll?: boolean | undefined
  /** What a person asks of single triples in the meantime. */
  readonly commands?: TripleCommands | undefined
  /** Stay until the signal fires, also when every triple is settled: commands can still wake one. Off unless set. */
  readonly shouldStay?: boolean | undefined
}

/** Longer wishes of a server are cut to this, and nobody sleeps longer at a time. */
const longestPollDelayMs = 3_600_000

/**
 * Stays until every triple is settled: passes over the workspace, and one poll for all waiting batches between them.
 * A server that is down is waited for. Triples that need a person are looked at again only when their files change,
 * or when a command says so. Ends cleanly when the signal fires; `isInterrupted` of the report tells that from the end
 * of the work.
 */
export function watchWorkspace<Content = unknown, Type extends ExpectedContentType = 'text'>(
  workspace: BatchWorkspace,
  options: WatchOptions<Content, Type> = {},
): Promise<WorkspaceReport> {
  return withWorkspace(workspace, options, async (run, choices) => {
    const sessions = keepSessions(run)
    try {
      return await watch({
        run,
        choices,
        sessions,
        latest: new Map(),
        waiting: new Map(),
        parked: new Map(),
      })
    } finally {
      await sessions.close()
    }
  })
}

interface Watch {
  readonly run: Run
  readonly choices: Pick<Choices, 'pollDelayMs' | 'shouldPoll' | 'commands' | 'shouldStay'>
  readonly sessions: KeptSessions
  /** The last report of each triple. */
  readonly latest: Map<string, TripleReport>
  /** Of these, those the server has or that something passing stopped. */
  readonly waiting: Map<string, TripleReport>
  /** Fingerprints of those that need a person. */
  readonly parked: Map<string, string>
}

/** Every turn is a pass over all that moves by itself, or over the triples a person asked for. */
async function watch(state: Watch): Promise<WorkspaceReport> {
  const { run, choices } = state
  let asked: ReadonlyMap<string, TripleCommand['type']> = new Map()
  let nextPollAtMs: number | null = null
  for (let poll = 1; ; poll += 1) {
    const begunAtMs = monotonicMsOf(run.clock)
    const found = asked.size > 0 ? await passOverAsked(state, asked) : await passOverAll(state)
    if (asked.size === 0 || nextPollAtMs === null) nextPollAtMs = nextPoll(state, poll, begunAtMs)
    if (found.isInterrupted || run.signal.aborted || (nextPollAtMs === null && !choices.shouldStay)) {
      // Stopped with a poll to come is not settled, whichever moment it was.
      const isInterrupted = found.isInterrupted || (run.signal.aborted && nextPollAtMs !== null)
      return withLatest(state, { ...found, isInterrupted })
    }
    if (nextPollAtMs === null) {
      run.report({ type: 'watch.resting', report: withLatest(state, found) })
    }
    asked = await nextCommands(state, nextPollAtMs)
    // Nothing was under way: a stop is how this is meant to end.
    if (nextPollAtMs === null && run.signal.aborted) return withLatest(state, found)
  }
}

/** The last report of each triple, each with what its lineage came to since. */
function withLatest({ run, latest }: Watch, found: WorkspaceReport): WorkspaceReport {
  const triples = [...latest.values()].map((report) => withLineage(run, report))
  const all = [...found.unconfirmed, ...unconfirmedOf(triples)]
  const unconfirmed = [...new Map(all.map((one) => [one.index, one])).values()]
  return { ...found, triples, unconfirmed }
}

function passOverAsked(
  state: Watch,
  asked: ReadonlyMap<string, TripleCommand['type']>,
): Promise<WorkspaceReport> {
  // What was closed for the whole run is tried again as well.
  if ([...asked.values()].includes('triple.retry')) state.run.submissions.reopen()
  for (const [index, type] of asked) state.sessions.wakeWith(index, { type })
  return pass(state, ({ index }) => asked.has(index))
}

async function passOverAll(state: Watch): Promise<WorkspaceReport> {
  await unparkChanged(state.run.workspace, state.parked)
  state.waiting.clear()
  const found = await pass(state, ({ index }) => !state.parked.has(index))
  if (!found.isInterrupted) await letGoOfGone(state, found)
  return found
}

/** Those that were here, are not finished, and have no file any more. */
async function letGoOfGone(
  { run, sessions, latest, parked }: Watch,
  { triples }: WorkspaceReport,
): Promise<void> {
  const standing = new Set(triples.map(({ index }) => index))
  for (const [index, { outcome }] of latest) {
    if (outcome.type === 'done' || standing.has(index) || parked.has(index)) continue
    latest.delete(index)
    await sessions.letGo(index)
    run.report({ type: 'triple.gone', index })
  }
}

async function pass(
  { run, sessions, latest, waiting, parked }: Watch,
  isWanted: (triple: BatchFileTriple) => boolean,
): Promise<WorkspaceReport> {
  sessions.beginPass()
  const report = await onePass(run, { ...sessions, isWanted })
  for (const triple of report.triples) {
    latest.set(triple.index, triple)
    parked.delete(triple.index)
    if (isWaiting(triple)) waiting.set(triple.index, triple)
    else waiting.delete(triple.index)
  }
  await park(run.workspace, report.triples, parked)
  return report
}

/**
 * When the server is to be asked again, in milliseconds since 1970; `null` when nothing waits for it. What the user wants is
 * counted from the last poll, however long it took to ask for thousands; what the server wants, from its answers.
 */
function nextPoll({ run, choices, waiting }: Watch, poll: number, begunAtMs: number): number | null {
  const { provider, clock, report } = run
  if (waiting.size === 0 || provider === null || !choices.shouldPoll) return null
  const spentMs = monotonicMsOf(clock) - begunAtMs
  const fromPollToPollMs = choices.pollDelayMs * (1 + jitterOf(choices.pollDelayMs, poll) / 4)
  // A watch that cannot keep up rests for a part of the time all the same.
  const leastMs = Math.max(provider.minPollDelayMs, Math.min(choices.pollDelayMs, spentMs / 4))
  const delayMs = Math.max(fromPollToPollMs - spentMs, wishOfServerMs(waiting.values()), leastMs)
  report({ type: 'poll.scheduled', delayMs, waiting: waiting.size })
  return clock.now() + delayMs
}

/** Waits for the next poll, a command or the signal, and gives the commands. */
async function nextCommands(
  { run, choices: { commands } }: Watch,
  nextPollAtMs: number | null,
): Promise<ReadonlyMap<string, TripleCommand['type']>> {
  for (;;) {
    const asked = commands?.take() ?? new Map<string, never>()
    const delayMs = nextPollAtMs === null ? longestPollDelayMs : nextPollAtMs - run.clock.now()
    if (asked.size > 0 || delayMs <= 0 || run.signal.aborted) return asked
    await sleepUntilAsked(run, delayMs, commands)
  }
}

async function sleepUntilAsked(
  { clock, signal }: Run,
  delayMs: number,
  commands: TripleCommands | undefined,
): Promise<void> {
  const woken = followSignal(signal)
  const unsubscribe = commands?.subscribe(() => woken.abort())
  await sleep(clock, delayMs, woken.signal)
  unsubscribe?.()
  woken.release()
}

/** At work at the server, or stopped by something that passes: a full server, a cut connection, a busy file. */
export const isWaiting = ({ outcome, problem }: TripleReport): boolean =>
  outcome.type === 'pending' || (outcome.type === 'failed' && problem?.isPassing === true)

/** The longest of its wishes, which counts where it is longer than ours. */
function wishOfServerMs(waiting: Iterable<TripleReport>): number {
  let longestMs = 0
  for (const { problem } of waiting) longestMs = Math.max(longestMs, problem?.retryAfterMs ?? 0)
  return Math.min(longestMs, longestPollDelayMs)
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
