import type { BatchIndex } from './batch-index.js'
import { parseJournalLine, type JournalEntry } from './journal-entry.js'
import type { BatchWorkspace } from './open-workspace.js'
import { readTextEnd } from './read-text-end.js'

/**
 * The newest entries of a journal, oldest first, back to the one that was looked for. Most journals tell it in their last
 * few lines, and a status reads ten thousands of them: no more is read, and no more lines are parsed, than it takes.
 *
 * @param isLookedFor the entry that is old enough
 * @param mostEntries after so many it is looked for no further
 */
export async function readJournalEnd(
  { fileSystem, layout }: BatchWorkspace,
  index: BatchIndex,
  isLookedFor: (entry: JournalEntry) => boolean,
  mostEntries = usuallyMostEntries,
): Promise<readonly JournalEntry[]> {
  let newer: readonly JournalEntry[] = []
  for (const path of [layout.journalFile(index), layout.olderJournalFile(index)]) {
    let found: readonly JournalEntry[] = []
    for (const mostBytes of endBytes) {
      const { text, isCut } = await readTextEnd(fileSystem, path, mostBytes)
      found = [...entriesBackTo(isLookedFor, text, mostEntries), ...newer]
      const [oldest] = found
      if (found.length >= mostEntries || (oldest !== undefined && isLookedFor(oldest))) return found
      if (!isCut) break
    }
    newer = found
  }
  return newer
}

/** A few polls; a journal with long lines is read further, one that has just begun with the one before. */
const endBytes = [4 * 1024, 256 * 1024]

/** Nobody looks further back; a triple that never asked the server may have noted thousands of steps. */
const usuallyMostEntries = 32

function entriesBackTo(
  isLookedFor: (entry: JournalEntry) => boolean,
  text: string,
  mostEntries: number,
): JournalEntry[] {
  const entries: JournalEntry[] = []
  for (const line of text.split('\n').toReversed()) {
    // What no journal begins with costs an error to parse.
    const entry = line === '' ? null : parseJournalLine(line)
    if (entry === null) continue
    entries.push(entry)
    if (entries.length >= mostEntries || isLookedFor(entry)) break
  }
  return entries.toReversed()
}
