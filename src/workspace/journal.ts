import type { Clock } from '../clock.js'
import { systemClock } from '../clock.js'
import type { BatchIndex } from './batch-index.js'
import { appendText } from './append-text.js'
import { fileProblem } from './file-problem.js'
import { parseJournalLine, type JournalEntry } from './journal-entry.js'
import { afterRest, readLastRests, restIn, restingSince, type NotedRest } from './journal-rest.js'
import type { BatchWorkspace } from './open-workspace.js'
import { readTextEnd } from './read-text-end.js'

export interface Journal {
  /** Notes a transition now; it is written within a second. `isRest`: the triple rests where it came. Never throws. */
  append(entry: Omit<JournalEntry, 'at' | 'since'>, isRest?: boolean): void
  /** Writes what was noted, and waits until all of it is written or was given up. Never rejects. */
  flush(): Promise<void>
}

export interface JournalOptions {
  /** The system's unless given. */
  readonly clock?: Clock
  /** Hears once of the first thing that kept the journal from being written. */
  readonly onError?: (error: unknown) => void
}

/** Above this a journal begins anew, and one older generation is kept. */
export const largestJournalBytes = 1024 * 1024

/**
 * The journal of a triple, for people and for replay: nothing is ever decided by it, so a failure to write it stops
 * nothing. No file stays open between writes, and nothing is synced: ten thousand of them cost little.
 */
export function openJournal(
  workspace: BatchWorkspace,
  index: BatchIndex,
  { clock = systemClock, onError = () => {} }: JournalOptions = {},
): Journal {
  let pending: Note[] = []
  let rests: readonly NotedRest[] | null = null
  let writing: Promise<void> | null = null
  let timer: { readonly handle: unknown } | null = null
  let hasFailed = false

  const write = async (): Promise<void> => {
    while (pending.length > 0) {
      const notes = pending
      pending = []
      await appendNotes(workspace, index, async (isNew) => {
        if (notes.some(({ isRest }) => isRest)) {
          // What cannot be read again must not keep the next steps from being noted.
          rests ??= await readLastRests(workspace, index, isNew).catch(() => [])
        }
        return notes.map(lineOf).join('')
      })
    }
  }
  const lineOf = ({ entry, isRest }: Note): string => {
    const noted = isRest ? { ...entry, since: restingSince(entry, rests ?? []) } : entry
    const rest = restIn(noted)
    if (rest !== null) rests = afterRest(rest, rests ?? [])
    return `${JSON.stringify(noted)}\n`
  }
  const giveUpOnce = (error: unknown): void => {
    pending = []
    if (hasFailed) return
    hasFailed = true
    onError(fileProblem(error, { path: workspace.layout.journalFile(index), action: 'write', index }))
  }
  const writeSoon = (): void => {
    timer ??= { handle: clock.setTimeout(() => void flush(), gatheringMs) }
  }
  const flush = async (): Promise<void> => {
    if (timer !== null) clock.clearTimeout(timer.handle)
    timer = null
    if (writing === null && pending.length === 0) return
    writing ??= write()
      .catch(giveUpOnce)
      .finally(() => (writing = null))
    await writing
    await flush()
  }
  return {
    append(entry, isRest = false) {
      pending.push({ entry: { at: new Date(clock.now()).toISOString(), ...entry }, isRest })
      writeSoon()
    },
    flush,
  }
}

/** A triple that gets from its start to its rest within this time costs one write. */
const gatheringMs = 1_000

interface Note {
  readonly entry: JournalEntry
  readonly isRest: boolean
}

/** Entries of a journal, and how many lines of it are none. */
export interface JournalContent {
  readonly entries: readonly JournalEntry[]
  readonly unreadableLines: number
}

/**
 * What was noted of a triple, oldest first; lines a crash or a hand left torn are counted and left out. Of a file far
 * larger than ours get, its end.
 */
export async function readJournal(workspace: BatchWorkspace, index: BatchIndex): Promise<JournalContent> {
  const { layout } = workspace
  return readFiles(workspace, [layout.olderJournalFile(index), layout.journalFile(index)], mostReadBytes)
}

/** More than two generations of ours hold. */
const mostReadBytes = 8 * 1024 * 1024

async function readFiles(
  { fileSystem }: BatchWorkspace,
  paths: readonly string[],
  mostBytes: number,
): Promise<JournalContent> {
  const entries: JournalEntry[] = []
  let unreadableLines = 0
  for (const path of paths) {
    for (const line of (await readTextEnd(fileSystem, path, mostBytes)).text.split('\n')) {
      const entry = parseJournalLine(line)
      if (entry !== null) entries.push(entry)
      else if (line.trim() !== '') unreadableLines += 1
    }
  }
  return { entries, unreadableLines }
}

/** `textOf` is told whether the file is new, and so has nothing of an earlier process. */
async function appendNotes(
  workspace: BatchWorkspace,
  index: BatchIndex,
  textOf: (isNew: boolean) => Promise<string>,
): Promise<void> {
  const { fileSystem, layout } = workspace
  const path = layout.journalFile(index)
  const bytes = await appendText(workspace, path, textOf)
  if (bytes > largestJournalBytes) await fileSystem.rename(path, layout.olderJournalFile(index))
}
