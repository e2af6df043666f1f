import { setImmediate } from 'node:timers/promises'
import type { FileSystem } from './file-system.js'

/**
 * The same file system, whose callers share the syncs of a directory: many triples at work then wait for one disk
 * operation instead of one each. Who asks is answered by a sync that began after the question, so it covers every
 * name that was given or taken before. It begins at the end of the present turn of the event loop, or as soon as the
 * one under way has ended: nobody waits longer than for two. When it fails, it has failed for all who share it.
 */
export function withSharedSyncs(inner: FileSystem): FileSystem {
  const queues = new Map<string, SyncQueue>()
  return {
    list: (directory) => inner.list(directory),
    stat: (path) => inner.stat(path),
    makeDirectory: (path) => inner.makeDirectory(path),
    open: (path, mode) => inner.open(path, mode),
    openAsBlob: (path) => inner.openAsBlob(path),
    rename: (from, to) => inner.rename(from, to),
    link: (from, to) => inner.link(from, to),
    remove: (path) => inner.remove(path),
    removeDirectory: (path) => inner.removeDirectory(path),
    syncDirectory: (path) => {
      const queue = queues.get(path) ?? { next: null, last: Promise.resolve() }
      queues.set(path, queue)
      queue.next ??= beginNext(queue, () => inner.syncDirectory(path))
      return queue.next
    },
  }
}

interface SyncQueue {
  /** The sync that has not begun. */
  next: Promise<void> | null
  /** Settles when the one before it has ended, well or not. */
  last: Promise<unknown>
}

async function beginNext(queue: SyncQueue, sync: () => Promise<void>): Promise<void> {
  await Promise.all([queue.last, setImmediate()])
  // From here on a question is too late for this one.
  queue.next = null
  const syncing = sync()
  queue.last = syncing.catch(() => {})
  await syncing
}
