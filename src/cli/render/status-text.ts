import { isParkedState, isWaitingForBatch } from '../../../machines/index.js'
import type { TripleStatus, WorkspaceStatus } from '../../engine/report.js'
import { estimatedEndMs, type AtServer } from '../../engine/triple-story.js'
import { workspaceTokensLines } from '../../engine/tokens-text.js'
import { unconfirmedOf } from '../../engine/unconfirmed-submission.js'
import { workersToldText } from '../../workspace/hold-workspace.js'
import { failedForGoodLines } from './lineage-text.js'
import { unknownCount } from './outcome-table.js'
import { tableLines, type TableColumn, type TableOptions } from './table.js'
import { terminalText } from './terminal-text.js'
import { unconfirmedLines } from './unconfirmed-text.js'
import { countOf, countText, durationText, elapsedText } from '../../units.js'

/** How the triples of `workdir/` stand, one line each. */
export function statusTable(
  triples: readonly TripleStatus[],
  nowMs: number,
  options: TableOptions,
): Iterable<string> {
  const shown = {
    isShared: triples.some(({ worker }) => worker !== null),
    isSent: triples.some(({ atServer }) => atServer?.submittedAtMs != null),
  }
  return tableLines(statusColumns(nowMs, shown, options), triples, options)
}

/** Where the workspace stands as a whole. */
export function statusSummary(status: WorkspaceStatus, root: string): string {
  const { triples, doneCount, lockedBy, workers } = status
  const lock = lockedBy === null ? '' : ` Locked by ${terminalText(lockedBy)}.`
  const shared = workers.length === 0 ? '' : ` At work: ${terminalText(workersToldText(workers))}.`
  return [
    `${countOf(triples.length, 'triple')} in workdir/, ${countText(doneCount)} in done/.${lock}${shared}`,
    ...unconfirmedLines(unconfirmedOf(triples), triples, root),
    ...failedLines(status, root),
    ...workspaceTokensLines(status.tokens),
  ]
    .map((line) => `${line}\n`)
    .join('')
}

function failedLines(
  { failedForGood: { lineages, unread } }: WorkspaceStatus,
  root: string,
): readonly string[] {
  const lines = failedForGoodLines(lineages, root)
  if (unread === 0) return lines
  return [
    ...lines,
    `${countOf(unread, 'finished triple')} with a file in failed-items/ ${unread === 1 ? 'was' : 'were'} not looked at: too many, too large, or without results.`,
  ]
}

/** True when the triple will not move until a person has looked. */
export function doesNeedSomebody({ state, problem }: TripleStatus): boolean {
  return isParkedState(state) || problem?.needsPerson === true
}

function statusColumns(
  nowMs: number,
  { isShared, isSent }: { readonly isShared: boolean; readonly isSent: boolean },
  { style }: TableOptions,
): readonly TableColumn<TripleStatus>[] {
  return [
    { title: 'index', text: ({ index }) => terminalText(index) },
    {
      title: 'state',
      text: ({ state }) => terminalText(state),
      paint: (triple, cell) => (doesNeedSomebody(triple) ? style.careful(cell) : cell),
    },
    { title: 'remote', text: ({ remoteStatus }) => terminalText(remoteStatus ?? unknownCount) },
    count('requests', (triple) => triple.counts?.input),
    count('missing', (triple) => triple.counts?.missing),
    ...(isSent ? sentColumns(nowMs) : []),
    count('attempt', (triple) => triple.attempt),
    { title: 'age', isNumber: true, text: ({ sinceMs }) => ageText(sinceMs, nowMs) },
    ...(isShared ? [workerColumn] : []),
    { title: 'problem', text: ({ problem }) => terminalText(problem?.code ?? '') },
  ]
}

/** What is known of batches at the server. */
const sentColumns = (nowMs: number): readonly TableColumn<TripleStatus>[] => [
  { title: 'answered', isNumber: true, text: ({ atServer }) => answeredText(atServer) },
  {
    title: 'submitted',
    isNumber: true,
    text: ({ atServer }) => ageText(atServer?.submittedAtMs ?? null, nowMs),
  },
  { title: 'left', isNumber: true, text: (triple) => leftText(triple, nowMs) },
  { title: 'due', isNumber: true, text: (triple) => dueText(triple, nowMs) },
]

/** How long it will still take, as far as anybody can tell. */
function leftText(triple: TripleStatus, nowMs: number): string {
  const endMs = estimatedEndMs(triple)
  return endMs === null || endMs <= nowMs ? unknownCount : `~${durationText(endMs - nowMs)}`
}

/** When the server gives it up, while it is waited for. */
function dueText({ state, atServer }: TripleStatus, nowMs: number): string {
  const dueAtMs = atServer?.dueAtMs ?? null
  if (dueAtMs === null || !isWaitingForBatch(state)) return unknownCount
  return dueAtMs < nowMs ? `${elapsedText(nowMs - dueAtMs)} ago` : `in ${durationText(dueAtMs - nowMs)}`
}

function answeredText(known: AtServer | null): string {
  if (known?.answered == null || known.total === null) return unknownCount
  return `${countText(known.answered)} of ${countText(known.total)}`
}

/** Host and number of its process. */
const workerColumn: TableColumn<TripleStatus> = {
  title: 'worker',
  text: ({ worker }) => (worker === null ? '' : terminalText(`${worker.host}:${worker.pid}`)),
}

function count(
  title: string,
  countIn: (triple: TripleStatus) => number | null | undefined,
): TableColumn<TripleStatus> {
  const text = (triple: TripleStatus): string => {
    const found = countIn(triple)
    return found === null || found === undefined ? unknownCount : countText(found)
  }
  return { title, isNumber: true, text }
}

function ageText(sinceMs: number | null, nowMs: number): string {
  return sinceMs === null ? unknownCount : elapsedText(nowMs - sinceMs)
}
