import type { ExpectedContentType } from '../accounting/rows/content.js'
import type { ReportEvent } from '../engine/events.js'
import type { ReconcileWorkspaceOptions, UsualType } from '../engine/options.js'
import { withTripleWorker } from '../engine/workers/triple-worker.js'
import type { WorkerSignals } from '../engine/signals/worker-signals.js'
import type { WorkerOptions } from '../engine/workers/worker-options.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { accountOf } from './account.js'
import { noteBook } from './note-book.js'
import { queueNames, workspaceId } from './queue-names.js'
import { connectRedis } from './redis-connection.js'
import { sharedRoom } from './shared-room.js'
import { Station, type WorkReport } from './station.js'

export interface WorkOptions<Content = unknown, Type extends ExpectedContentType = UsualType<Content>>
  extends ReconcileWorkspaceOptions<Content, Type>, WorkerOptions {
  /** Address of Redis, such as `redis://:password@host:6379`. Version 6.2 or newer, `maxmemory-policy noeviction`. */
  readonly redisUrl: string
  /** Between two polls of the server, all workers together, in milliseconds; a minute unless set. */
  readonly pollDelayMs?: number | undefined
  /** Told of everything, and closed before the worker leaves its place; `openWorkerSignals` makes them. */
  readonly signals?: WorkerSignals | undefined
}

/**
 * Works on a workspace together with any number of other processes, on this host and others that mount the folder, until
 * the signal fires. Redis holds who looks at which triple next, and nothing that could be lost: state stays in the files,
 * and each triple belongs to one worker at a time by a lease in the folder.
 *
 * @throws WorkspaceLocked while a command works on it that wants it for itself
 * @throws QueueUnavailable when Redis cannot be used
 * @example
 * await workWorkspace(await openWorkspace('/mnt/batches'), { client, redisUrl: 'redis://queue:6379', signal })
 */
export async function workWorkspace<Content = unknown, Type extends ExpectedContentType = 'text'>(
  workspace: BatchWorkspace,
  { redisUrl, signals, ...options }: WorkOptions<Content, Type>,
): Promise<WorkReport> {
  const onEvent: ReportEvent = (event) => {
    signals?.onEvent(event)
    options.onEvent?.(event)
  }
  const { redis, close } = await connectRedis(redisUrl)
  try {
    const id = await workspaceId(workspace)
    return await withTripleWorker(
      workspace,
      { ...options, onEvent },
      (choices) => {
        const bounds = {
          maxOpenBatches: choices.maxOpenBatches ?? null,
          maxOpenRequests: choices.maxOpenRequests ?? null,
          maxCreationsPerMinute: choices.maxCreationsPerMinute ?? null,
        }
        return sharedRoom(redis, { account: accountOf(choices), workspaceId: id, bounds })
      },
      (worker, room, { pollDelayMs, lookDelayMs, shouldEnd }) => {
        const names = queueNames(id)
        const notes = noteBook(redis, names.notes)
        const pace = {
          pollDelayMs: Math.max(pollDelayMs, worker.run.provider?.minPollDelayMs ?? 0),
          lookDelayMs,
        }
        const station = new Station({
          worker,
          redis,
          giveUp: close,
          names,
          notes,
          room,
          pace,
          shouldEnd,
          signals: signals ?? null,
        })
        return station.work()
      },
    )
  } finally {
    close()
  }
}
