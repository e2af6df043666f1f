import { systemClock, type Clock } from '../../clock.js'
import { isBatchReconciliationError } from '../../errors.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { listWorkerFiles } from '../../workspace/workers/worker-files.js'
import type { ReportEvent } from '../events.js'
import { neverThrowing } from '../never-throwing.js'
import { requireWorkspace } from '../require-workspace.js'
import { workspaceStatus } from '../workspace-status.js'
import { requireMetricsName } from './metrics-file.js'
import { openSenders, type SignalOptions } from './senders.js'
import { parseShared, sharedText, withoutLost, type ToldMemory } from './shared-told.js'
import { sharedNumbers } from './shared-numbers.js'
import { signalsOf } from './round-signals.js'
import type { Signal } from './signal.js'

/** The signals of one of several workers. */
export interface WorkerSignals {
  /** Hears every event of the worker. */
  readonly onEvent: ReportEvent
  /**
   * Tells what stands in the folder, as far as no worker has told it. One at a time of all workers calls this. Never
   * rejects.
   */
  tell(round: SignalRound): Promise<void>
  /** Waits for what is on its way, as the signals of a run do. Once it has begun nothing more is told. Never rejects. */
  close(): Promise<void>
}

export interface SignalRound {
  readonly memory: ToldMemory
  /** Token of the worker. */
  readonly by: string
  /** Nothing is queued, at work or waited for. */
  readonly isSettled: boolean
}

/**
 * Tells other programs when all is settled, somebody is needed, or a batch is overdue, once for all workers of a workspace.
 * Give it to `workWorkspace` of each, and close it after that.
 *
 * @throws WrongUsage when an address or a secret cannot be used
 * @example
 * const signals = await openWorkerSignals(workspace, { webhook: { url, secret } })
 * await workWorkspace(workspace, { client, redisUrl, signals })
 * await signals.close()
 */
export async function openWorkerSignals(
  workspace: BatchWorkspace,
  options: SignalOptions,
): Promise<WorkerSignals> {
  requireWorkspace(workspace)
  const { clock = systemClock } = options
  const warn = neverThrowing(options.onWarning)
  const senders = openSenders(options)
  requireMetricsName(options.metricsFile)
  const numbers = await sharedNumbers(workspace, options)
  const told = new Set<string>()
  /** A fault that stays, such as a folder that is gone, is said once. */
  const warnOnce = (text: string): void => {
    if (!told.has(text)) warn(text)
    told.add(text)
  }
  let closing: Promise<unknown> | null = null
  return {
    onEvent: (event) => numbers?.onEvent(event),
    async tell(round) {
      if (closing !== null) return
      const send = (signal: Signal): void =>
        senders.send(signal, () => void round.memory.noteEnd(signal.id).catch(() => {}))
      await tellRound(workspace, clock, round, send).catch((error: unknown) =>
        warnOnce(`What somebody may have to be told cannot be found out: ${messageOf(error)}`),
      )
    },
    async close() {
      closing ??= Promise.all([senders.close(), numbers?.close()])
      await closing
    },
  }
}

const messageOf = (error: unknown): string =>
  isBatchReconciliationError(error) ? error.message : String(error)

async function tellRound(
  workspace: BatchWorkspace,
  clock: Clock,
  { memory, by, isSettled }: SignalRound,
  send: (signal: Signal) => void,
): Promise<void> {
  const status = await workspaceStatus(workspace)
  const { tokens } = await listWorkerFiles(workspace)
  const { text, ended } = await memory.load()
  const before = withoutLost(parseShared(text), ended, (token) => token === by || tokens.includes(token))
  const signals = signalsOf(status, before, { root: workspace.root, nowMs: clock.now(), isSettled })
  const opened = signals.news.map(({ signal: { id }, about }) => ({ id, by, about }))
  // First, so that a worker that is killed in between leaves what it meant to send to the others.
  await memory.save(sharedText({ ...signals.told, open: [...before.open, ...opened] }), ended)
  for (const { signal } of signals.news) send(signal)
}
