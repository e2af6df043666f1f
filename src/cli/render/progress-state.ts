import type { ReconciliationEvent } from '../../engine/events.js'
import { failedRows } from './outcome-table.js'
import { bytesText, countOf, countText, durationText } from './units.js'

/** What a progress display knows: sums, and the triples that are at work right now. */
export interface ProgressState {
  add(event: ReconciliationEvent): void
  /** One or two lines of text, not yet cut to a width. */
  lines(elapsedMs: number): readonly string[]
}

/** Adds up events. Memory grows with the triples at work, not with those that are through. */
export function createProgressState(): ProgressState {
  const sums: Sums = {
    triples: 0,
    bytes: 0,
    bytesRead: 0,
    settled: 0,
    settledRows: 0,
    working: new Map(),
    outcomes: new Map(),
  }
  return {
    add: (event) => addEvent(sums, event),
    lines: (elapsedMs) => [...(sums.triples > 0 ? [triplesLine(sums)] : []), volumeLine(sums, elapsedMs)],
  }
}

interface Sums {
  triples: number
  bytes: number
  bytesRead: number
  settled: number
  settledRows: number
  readonly working: Map<string, Working>
  readonly outcomes: Map<string, number>
}

interface Working {
  state: string
  rows: number
}

function addEvent(sums: Sums, event: ReconciliationEvent): void {
  if (event.type === 'workspace.scanned') {
    sums.triples = event.triples
    sums.bytes = event.totalBytes
  }
  if (event.type === 'bytes.read') sums.bytesRead += event.bytes
  if (event.type === 'triple.started') sums.working.set(event.index, { state: 'deciding', rows: 0 })
  if (event.type === 'triple.settled') settle(sums, event.index, event.report.outcome.type)
  if (event.type !== 'triple.changed' && event.type !== 'rows.processed') return
  const triple = sums.working.get(event.index)
  if (triple === undefined) return
  if (event.type === 'triple.changed') triple.state = event.to.split('.')[0] ?? event.to
  else triple.rows = event.rows.success + failedRows(event.rows)
}

function settle(sums: Sums, index: string, outcome: string): void {
  sums.settled += 1
  sums.settledRows += sums.working.get(index)?.rows ?? 0
  sums.working.delete(index)
  sums.outcomes.set(outcome, (sums.outcomes.get(outcome) ?? 0) + 1)
}

function triplesLine({ triples, settled, outcomes, working }: Sums): string {
  const states = new Map<string, number>()
  for (const { state } of working.values()) states.set(state, (states.get(state) ?? 0) + 1)
  const parts = [...outcomes, ...states].map(([name, count]) => `${name} ${countText(count)}`)
  return [`${countText(settled)} of ${countOf(triples, 'triple')}`, ...parts].join(' · ')
}

function volumeLine(sums: Sums, elapsedMs: number): string {
  const { bytes, bytesRead, settledRows, working } = sums
  const rows = [...working.values()].reduce((sum, triple) => sum + triple.rows, settledRows)
  const left = bytes === 0 ? null : timeLeftMs(bytesRead / bytes, elapsedMs)
  return [
    bytes === 0 ? `${bytesText(bytesRead)} read` : `${bytesText(bytesRead)} of ${bytesText(bytes)} read`,
    ...(rows > 0 ? [`${countOf(rows, 'row')} processed`] : []),
    durationText(elapsedMs),
    ...(left === null ? [] : [`about ${durationText(left)} left`]),
  ].join(' · ')
}

/** Earlier guesses only jump about. */
const soonestGuess = { shareRead: 0.02, elapsedMs: 2_000 }

function timeLeftMs(shareRead: number, elapsedMs: number): number | null {
  if (shareRead < soonestGuess.shareRead || shareRead >= 1 || elapsedMs < soonestGuess.elapsedMs) return null
  return (elapsedMs * (1 - shareRead)) / shareRead
}
