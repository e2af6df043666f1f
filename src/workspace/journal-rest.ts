import type { FileSystem, OpenFile } from './file-system.js'
import { parseJournalLine, type JournalEntry } from './journal-entry.js'
import type { WorkspaceLayout } from './layout.js'

/** Where a triple rests, why, and since when (ISO 8601). */
export interface NotedRest {
  readonly state: string
  readonly problemCode: string | null
  readonly since: string
}

/** The rest an entry speaks of; `null` when the triple was only passing through. */
export function restIn({ to, since, facts }: JournalEntry): NotedRest | null {
  return since === undefined ? null : { state: to, problemCode: problemCodeOf(facts), since }
}

/**
 * Since when the triple rests as `entry` says: polls and retries that end where they began do not begin a new rest,
 * also when the journal was begun anew in between.
 */
export function restingSince(entry: JournalEntry, last: NotedRest | null): string {
  const isSame = last?.state === entry.to && last.problemCode === problemCodeOf(entry.facts)
  return isSame ? last.since : entry.at
}

/** The last rest that was noted for a triple, from the ends of its journal and the older one. */
export async function readLastRest(
  fileSystem: FileSystem,
  layout: WorkspaceLayout,
  index: string,
): Promise<NotedRest | null> {
  for (const path of [layout.journalFile(index), layout.olderJournalFile(index)]) {
    if ((await fileSystem.stat(path)) === null) continue
    const file = await fileSystem.open(path, 'read')
    try {
      const rest = lastRestIn(await readTail(file))
      if (rest !== null) return rest
    } finally {
      await file.close()
    }
  }
  return null
}

export function problemCodeOf(facts: JournalEntry['facts']): string | null {
  const problem = facts?.['problem']
  if (typeof problem !== 'object' || problem === null) return null
  const code: unknown = Reflect.get(problem, 'code')
  return typeof code === 'string' ? code : null
}

function lastRestIn(tail: string): NotedRest | null {
  for (const line of tail.split('\n').toReversed()) {
    const entry = parseJournalLine(line)
    const rest = entry === null ? null : restIn(entry)
    if (rest !== null) return rest
  }
  return null
}

/** More than a poll notes. */
const tailBytes = 64 * 1024

async function readTail(file: OpenFile): Promise<string> {
  const { bytes } = await file.stat()
  const tail = new Uint8Array(Math.min(bytes, tailBytes))
  const read = await file.read(tail, bytes - tail.byteLength)
  return new TextDecoder().decode(tail.subarray(0, read))
}
