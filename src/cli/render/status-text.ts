import { isParkedState } from '../../../machines/index.js'
import type { TripleStatus, WorkspaceStatus } from '../../engine/report.js'
import { unconfirmedOf } from '../../engine/unconfirmed-submission.js'
import { failedForGoodLines } from './lineage-text.js'
import { unknownCount } from './outcome-table.js'
import { tableLines, type TableColumn, type TableOptions } from './table.js'
import { terminalText } from './terminal-text.js'
import { unconfirmedLines } from './unconfirmed-text.js'
import { countOf, countText, elapsedText } from '../../units.js'

/** How the triples of `workdir/` stand, one line each. */
export function statusTable(
  triples: readonly TripleStatus[],
  nowMs: number,
  options: TableOptions,
): Iterable<string> {
  return tableLines(statusColumns(nowMs, options), triples, options)
}

/** Where the workspace stands as a whole. */
export function statusSummary(status: WorkspaceStatus, root: string): string {
  const { triples, doneCount, lockedBy } = status
  const lock = lockedBy === null ? '' : ` Locked by ${terminalText(lockedBy)}.`
  return [
    `${countOf(triples.length, 'triple')} in workdir/, ${countText(doneCount)} in done/.${lock}`,
    ...unconfirmedLines(unconfirmedOf(triples), root),
    ...failedLines(status, root),
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

function statusColumns(nowMs: number, { style }: TableOptions): readonly TableColumn<TripleStatus>[] {
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
    count('attempt', (triple) => triple.attempt),
    { title: 'age', isNumber: true, text: ({ sinceMs }) => ageText(sinceMs, nowMs) },
    { title: 'problem', text: ({ problem }) => terminalText(problem?.code ?? '') },
  ]
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
