import { parseBatchIndex, type BatchIndex } from '../workspace/batch-index.js'
import { parseJournalLine, type JournalEntry } from '../workspace/journal-entry.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { readTextEnd } from '../workspace/read-text-end.js'
import { markOfFile } from '../workspace/file-mark.js'
import { historyOf, phaseChangesIn, type PhaseChange, type WorkspaceHistory } from './phase-history.js'

export interface HistoryReader {
  /**
   * The history of these triples until now. What did not change since the last call is not read again; calls at one
   * time are one. Rejects never: a journal that cannot be read tells nothing.
   */
  read(indices: readonly string[], nowMs: number): Promise<WorkspaceHistory>
}

/** Some hundred steps; what lies before is not on the map. */
const journalEndBytes = 128 * 1024

export function createHistoryReader(workspace: BatchWorkspace): HistoryReader {
  const known = new Map<BatchIndex, { readonly mark: string; readonly changes: readonly PhaseChange[] }>()
  let reading: Promise<WorkspaceHistory> | null = null

  const changesOf = async (index: BatchIndex): Promise<readonly PhaseChange[]> => {
    const { fileSystem, layout } = workspace
    const path = layout.journalFile(index)
    const mark = markOfFile(await fileSystem.stat(path))
    const before = known.get(index)
    if (before?.mark === mark) return before.changes
    const texts: string[] = []
    for (const file of [layout.olderJournalFile(index), path]) {
      texts.push((await readTextEnd(fileSystem, file, journalEndBytes)).text)
    }
    const changes = phaseChangesIn(entriesIn(texts))
    known.set(index, { mark, changes })
    return changes
  }
  const readAll = async (indices: readonly string[], nowMs: number): Promise<WorkspaceHistory> => {
    const present = new Set(indices.map(parseBatchIndex).filter((index) => index !== null))
    for (const index of known.keys()) if (!present.has(index)) known.delete(index)
    const all: (readonly PhaseChange[])[] = []
    for (const index of present) all.push(await changesOf(index).catch(() => []))
    return historyOf(all, nowMs)
  }
  return {
    read: (indices, nowMs) => {
      reading ??= readAll(indices, nowMs).finally(() => (reading = null))
      return reading
    },
  }
}

function* entriesIn(texts: readonly string[]): Generator<JournalEntry> {
  for (const line of texts.flatMap((text) => text.split('\n'))) {
    const entry = line === '' ? null : parseJournalLine(line)
    if (entry !== null) yield entry
  }
}
