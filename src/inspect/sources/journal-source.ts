import { basename } from 'node:path'
import { standingIn } from '../../engine/journal-standing.js'
import { courseOf } from '../../engine/triple-course.js'
import { historyOfEntries } from '../../engine/phase-history.js'
import { toStandingProblem } from '../../engine/triple-story.js'
import { reconciliationError } from '../../errors.js'
import { asFileProblem } from '../../workspace/file-problem.js'
import type { FileSystem } from '../../workspace/file-system.js'
import { parseJournalLine, type JournalEntry } from '../../workspace/journal-entry.js'
import { nodeFileSystem } from '../../workspace/node-file-system.js'
import { readWholeFile } from '../../workspace/read-whole-file.js'
import type { InspectionSource } from '../inspection-source.js'
import type { AttemptCourse, TripleDetail, TripleSummary } from '../protocol.js'
import { withoutFacts } from './triple-detail.js'
import { replayOf, stepOf } from './triple-replay.js'

/** Our own begin anew at 1 MiB; anything far beyond that is not one of them. */
const largestJournalBytes = 8 * 1024 * 1024

const mostDetailSteps = 200

/**
 * One journal, which may have come by mail: only its lines are shown, nothing on this disk is looked up by them.
 *
 * @throws WrongUsage when the file is missing, too large, or holds no step
 */
export async function journalSource(
  path: string,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<InspectionSource> {
  const { entries, unreadableLines } = await readEntries(fileSystem, path)
  const replay = replayOf(indexOf(path, entries), entries, unreadableLines)
  const summary = summaryOf(replay.index, entries)
  const history = historyOfEntries(entries)
  const detail = detailOf(summary, entries, unreadableLines)
  return {
    title: path,
    root: null,
    mode: 'replay',
    isComplete: true,
    isOver: true,
    summaries: () => [summary],
    summary: (index) => (index === summary.index ? summary : null),
    subscribe: () => () => {},
    detail: async (index) => (index === summary.index ? detail : null),
    replay: async (index) => (index === summary.index ? replay : null),
    history: async () => history,
    failedForGood: async () => [],
    tokens: async () => [],
    command: null,
    close: () => {},
  }
}

async function readEntries(fileSystem: FileSystem, path: string) {
  const found = await fileSystem.stat(path).catch(asFileProblem({ path, action: 'look at' }))
  if (found === null) throw noJournal(path, 'it does not exist')
  if (found.kind !== 'file') throw noJournal(path, 'it is no file')
  if (found.bytes > largestJournalBytes) throw noJournal(path, `it has ${found.bytes} bytes`)
  const bytes = await readWholeFile(fileSystem, path).catch(asFileProblem({ path, action: 'read' }))
  const lines = new TextDecoder().decode(bytes).split('\n')
  const written = lines.filter((line) => line.trim() !== '')
  const entries = written.map(parseJournalLine).filter((entry) => entry !== null)
  if (entries.length === 0) throw noJournal(path, 'no line of it is a step')
  return { entries, unreadableLines: written.length - entries.length }
}

function noJournal(path: string, why: string): Error {
  return reconciliationError({
    code: 'WrongUsage',
    message: `${path} is no journal of a triple: ${why}.`,
    hint: 'Journals are logs/batch_journal_<index>.jsonl of a workspace.',
    facts: { path },
  })
}

const longestIndex = 100

/** For people only: it is never made a path. */
function indexOf(path: string, entries: readonly JournalEntry[]): string {
  const noted = entries.findLast(({ facts }) => typeof facts?.['index'] === 'string')?.facts?.['index']
  if (typeof noted === 'string' && noted !== '') return noted.slice(0, longestIndex)
  const [, named] = /^batch_journal_(.+?)(?:\.1)?\.jsonl$/.exec(basename(path)) ?? []
  return (named ?? basename(path)).slice(0, longestIndex)
}

function summaryOf(index: string, entries: readonly JournalEntry[]): TripleSummary {
  const standing = standingIn(entries)
  const facts = entries.at(-1)?.facts ?? {}
  return {
    index,
    state: standing?.state.slice(0, longestIndex) ?? '',
    stateSinceMs: standing?.stateSinceMs ?? null,
    lastPollAtMs: standing?.lastPollAtMs ?? null,
    nextPollAtMs: null,
    isAtRest: standing?.isAtRest ?? true,
    isAtWork: false,
    problem: standing?.problem == null ? null : toStandingProblem(standing.problem),
    remoteStatus: textIn(facts, 'remoteStatus'),
    batchId: textIn(facts, 'batchId'),
    rootIndex: textIn(facts, 'rootIndex') ?? index,
    attempt: attemptIn(facts),
    requests: null,
    missing: null,
    worker: null,
    restedAtMs: null,
  }
}

/** A page counts with it. */
function attemptIn({ attempt }: Readonly<Record<string, unknown>>): number {
  return typeof attempt === 'number' && Number.isSafeInteger(attempt) && attempt > 0 ? attempt : 1
}

function detailOf(
  summary: TripleSummary,
  entries: readonly JournalEntry[],
  unreadableLines: number,
): TripleDetail {
  const facts = entries.at(-1)?.facts ?? {}
  const steps = entries.slice(-mostDetailSteps).map(stepOf)
  return {
    summary,
    operations: [],
    files: [],
    inputFileId: null,
    outputFileId: textIn(facts, 'outputFileId'),
    errorFileId: textIn(facts, 'errorFileId'),
    parentIndex: textIn(facts, 'parentIndex'),
    retryIndex: null,
    problem: withoutFacts(standingIn(entries)?.problem ?? null),
    counts: null,
    tokens: null,
    rows: null,
    contradictions: [],
    errorGroups: [],
    steps,
    omittedSteps: entries.length - steps.length,
    unreadableLines,
    lineage: [lineageOf(summary, entries)],
  }
}

/** A journal knows of itself only, and not when the server was asked. */
const lineageOf = ({ index, attempt }: TripleSummary, entries: readonly JournalEntry[]): AttemptCourse => ({
  index,
  attempt,
  ...courseOf(entries),
  submittedAtMs: null,
  dueAtMs: null,
  answered: null,
  requests: null,
})

function textIn(facts: Readonly<Record<string, unknown>>, key: string): string | null {
  const value = facts[key]
  return typeof value === 'string' ? value.slice(0, longestIndex) : null
}
