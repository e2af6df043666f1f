import { isWaitingForBatch, isWaitingForRoom, isWaitingForServer } from '../../machines/index.js'
import { parseJournalLine, problemCodeOf, type JournalEntry } from './journal-entry.js'
import type { BatchWorkspace } from './open-workspace.js'
import { readTextEnd } from './read-text-end.js'

/** Where a triple rests, why, and since when: ISO 8601 in a journal, milliseconds since 1970 in a run. */
export interface NotedRest<Since = string> {
  readonly state: string
  /** The batch it waits for, or else the code of its problem. */
  readonly reason: string | null
  readonly since: Since
}

/**
 * What makes two rests in a state the same one. A batch is one wait, whatever went wrong at single polls; so is the
 * wait for room, however often and in whatever words the server refused.
 */
export function restReason(
  state: string,
  { batchId, problemCode }: { readonly batchId: string | null; readonly problemCode: string | null },
): string | null {
  if (isWaitingForRoom(state)) return null
  return isWaitingForBatch(state) ? batchId : problemCode
}

/**
 * Since when it rests so, by the rests before; `null` when this is another rest. Polls and retries that end where
 * they began do not begin a new rest, and neither does a server that was out of reach for a while.
 */
export function restedSince<Since>(
  { state, reason }: Omit<NotedRest<Since>, 'since'>,
  before: readonly NotedRest<Since>[],
): Since | null {
  return before.find((rest) => rest.state === state && rest.reason === reason)?.since ?? null
}

/** The rests to remember after `rest`: itself, and the last waits for a batch and for room. */
export function afterRest<Since>(
  rest: NotedRest<Since>,
  before: readonly NotedRest<Since>[],
): readonly NotedRest<Since>[] {
  return [rest, ...before.filter(({ state }) => isWaitingForServer(state) && state !== rest.state)]
}

/** The rest an entry speaks of; `null` when the triple was only passing through, or its time is none. */
export function restIn({ to, since, facts }: JournalEntry): NotedRest | null {
  return isTime(since) ? { state: to, reason: reasonIn(to, facts), since } : null
}

/** Since when the triple rests as `entry` says; the rests before may be those of an earlier process. */
export function restingSince(entry: JournalEntry, before: readonly NotedRest[]): string {
  return restedSince({ state: entry.to, reason: reasonIn(entry.to, entry.facts) }, before) ?? entry.at
}

/**
 * The last rests that were noted for a triple, from the ends of its journal and the older one.
 *
 * @param isNew nothing was written to the journal yet, so that only the older one could tell
 */
export async function readLastRests(
  { fileSystem, layout }: BatchWorkspace,
  index: string,
  isNew: boolean,
): Promise<readonly NotedRest[]> {
  let rests: readonly NotedRest[] = []
  const older = layout.olderJournalFile(index)
  for (const path of isNew ? [older] : [older, layout.journalFile(index)]) {
    const lines = (await readTextEnd(fileSystem, path, endBytes)).text.split('\n')
    for (const line of lines) {
      const entry = parseJournalLine(line)
      const rest = entry === null ? null : restIn(entry)
      if (rest !== null) rests = afterRest(rest, rests)
    }
  }
  return rests
}

function reasonIn(state: string, facts: JournalEntry['facts']): string | null {
  const batchId = facts?.['batchId']
  return restReason(state, {
    batchId: typeof batchId === 'string' ? batchId : null,
    problemCode: problemCodeOf(facts),
  })
}

/** Journals can be edited: what is carried on from line to line has to be a time. */
function isTime(text: string | undefined): text is string {
  return text !== undefined && /^\d{4}-\d\d-\d\dT[\d:.]{5,20}Z$/.test(text) && !Number.isNaN(Date.parse(text))
}

/** More than a poll notes. */
const endBytes = 64 * 1024
