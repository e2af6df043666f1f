import { isParkedState } from '../../../machines/index.js'
import type { TripleStatus, WorkspaceStatus } from '../../engine/report.js'
import { unknownCount } from './outcome-table.js'
import { tableText, type TableColumn, type TableOptions } from './table.js'
import { terminalText } from './terminal-text.js'
import { countOf, countText, elapsedText } from '../../units.js'

/** How the triples of `workdir/` stand, one line each. */
export function statusTable(triples: readonly TripleStatus[], nowMs: number, options: TableOptions): string {
  return tableText(statusColumns(nowMs, options), triples, options)
}

/** Where the workspace stands as a whole. */
export function statusSummary({ triples, doneCount, lockedBy }: WorkspaceStatus): string {
  const lock = lockedBy === null ? '' : ` Locked by ${terminalText(lockedBy)}.`
  return `${countOf(triples.length, 'triple')} in workdir/, ${countText(doneCount)} in done/.${lock}\n`
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
