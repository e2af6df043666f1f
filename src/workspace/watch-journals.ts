import { watch } from 'node:fs'
import { parseBatchIndex, type BatchIndex } from './batch-index.js'
import type { BatchWorkspace } from './open-workspace.js'

/**
 * Calls back with the index of each journal that is written to, soon after. A help and no promise: a system may have
 * no watches left, a network share may tell nothing, and without `logs/` there is nothing to watch.
 *
 * @returns what ends it; `null` where nothing can be watched
 */
export function watchJournals(
  { layout }: BatchWorkspace,
  onWritten: (index: BatchIndex) => void,
): (() => void) | null {
  try {
    const watcher = watch(layout.logs, { persistent: false }, (_, name) => {
      const [, text = ''] = /^batch_journal_(.+)\.jsonl$/.exec(name ?? '') ?? []
      const index = parseBatchIndex(text)
      if (index !== null) onWritten(index)
    })
    // A watch that breaks tells nothing any more; what looks at intervals goes on.
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    return null
  }
}
