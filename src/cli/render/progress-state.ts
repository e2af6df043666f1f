import { firstState, topStateOf } from '../../../machines/index.js'
import type { ReconciliationEvent } from '../../engine/events.js'
import type { TripleReport } from '../../engine/report.js'
import { failedRows } from './outcome-table.js'
import { bytesText, countOf, countText, durationText } from '../../units.js'

/** What a progress display knows: sums, and the triples that are at work right now. */
export interface ProgressState {
  /** `elapsedMs`, here and below: since the display began. */
  add(event: ReconciliationEvent, elapsedMs: number): void
  /** One or two lines of text, not yet cut to a width. */
  lines(elapsedMs: number): readonly string[]
  /** Between two polls of a server: nothing happens, but the time to the next look runs down. */
  readonly isWaiting: boolean
}

/** Adds up events. Memory grows with the triples at work, not with those that are through. */
export function createProgressState(): ProgressState {
  const sums: Sums = {
    triples: 0,
    bytes: 0,
    isMeasured: false,
    bytesRead: 0,
    bytesDownloaded: 0,
    settled: 0,
    settledRows: 0,
    nextLookAtMs: null,
    working: new Map(),
    outcomes: new Map(),
    returning: new Map(),
  }
  return {
    add: (event, elapsedMs) => addEvent(sums, event, elapsedMs),
    lines: (elapsedMs) => [...(sums.triples > 0 ? [triplesLine(sums)] : []), volumeLine(sums, elapsedMs)],
    get isWaiting() {
      return sums.nextLookAtMs !== null
    },
  }
}

interface Sums {
  triples: number
  /** To be read in this pass, as far as it is known. */
  bytes: number
  /** False when nobody looked how much there is to read. */
  isMeasured: boolean
  bytesRead: number
  bytesDownloaded: number
  settled: number
  settledRows: number
  nextLookAtMs: number | null
  readonly working: Map<string, Working>
  readonly outcomes: Map<string, number>
  /** Those of the outcomes that are looked at again in the next pass. */
  readonly returning: Map<string, number>
}

interface Working {
  state: string
  rows: number
}

function addEvent(sums: Sums, event: ReconciliationEvent, elapsedMs: number): void {
  if (event.type === 'workspace.scanned') beginPass(sums, event)
  if (event.type === 'poll.scheduled') sums.nextLookAtMs = elapsedMs + event.delayMs
  if (event.type === 'bytes.read') readBytes(sums, event.bytes)
  if (event.type === 'bytes.downloaded') downloadBytes(sums, event.bytes)
  if (event.type === 'triple.started') start(sums, event.index)
  if (event.type === 'triple.settled') settle(sums, event.report)
  if (event.type !== 'triple.changed' && event.type !== 'rows.processed') return
  const triple = sums.working.get(event.index)
  if (triple === undefined) return
  if (event.type === 'triple.changed') triple.state = topStateOf(event.to)
  else triple.rows = event.rows.success + failedRows(event.rows)
}

/** What settled for good in earlier passes stays in the sums; what waits comes again in this one. */
function beginPass(
  sums: Sums,
  { triples, totalBytes }: Extract<ReconciliationEvent, { type: 'workspace.scanned' }>,
): void {
  sums.nextLookAtMs = null
  for (const [outcome, count] of sums.returning) {
    sums.settled -= count
    add(sums.outcomes, outcome, -count)
  }
  sums.returning.clear()
  sums.triples = sums.settled + triples
  sums.bytes = totalBytes
  sums.bytesRead = 0
  sums.isMeasured = totalBytes > 0
}

/**
 * The total of the scan knows each file once. What is read again, because a file or what is known of its batch
 * changed, was read beyond it: the total grows, so that no more is read than there is to read.
 */
function readBytes(sums: Sums, bytes: number): void {
  sums.bytesRead += bytes
  if (sums.isMeasured) sums.bytes = Math.max(sums.bytes, sums.bytesRead)
}

/** What comes from a server stood nowhere at the scan, and is read once it is whole. */
function downloadBytes(sums: Sums, bytes: number): void {
  sums.bytesDownloaded += bytes
  if (sums.isMeasured) sums.bytes += bytes
}

/** Retries that are written during a pass come on top of what was scanned. */
function start(sums: Sums, index: string): void {
  sums.working.set(index, { state: topStateOf(firstState), rows: 0 })
  sums.triples = Math.max(sums.triples, sums.settled + sums.working.size)
}

function settle(sums: Sums, { index, outcome, problem }: TripleReport): void {
  sums.settled += 1
  sums.settledRows += sums.working.get(index)?.rows ?? 0
  sums.working.delete(index)
  add(sums.outcomes, outcome.type, 1)
  if (outcome.type === 'pending' || problem?.isPassing === true) add(sums.returning, outcome.type, 1)
}

function add(counts: Map<string, number>, name: string, count: number): void {
  const sum = (counts.get(name) ?? 0) + count
  if (sum === 0) counts.delete(name)
  else counts.set(name, sum)
}

function triplesLine({ triples, settled, outcomes, working }: Sums): string {
  const states = new Map<string, number>()
  for (const { state } of working.values()) states.set(state, (states.get(state) ?? 0) + 1)
  const parts = [...outcomes, ...states].map(([name, count]) => `${name} ${countText(count)}`)
  return [`${countText(settled)} of ${countOf(triples, 'triple')}`, ...parts].join(' · ')
}

function volumeLine(sums: Sums, elapsedMs: number): string {
  const { bytes, bytesRead, bytesDownloaded, settledRows, working, nextLookAtMs } = sums
  const rows = [...working.values()].reduce((sum, triple) => sum + triple.rows, settledRows)
  const left = bytes === 0 || nextLookAtMs !== null ? null : timeLeftMs(bytesRead / bytes, elapsedMs)
  return [
    ...(nextLookAtMs === null
      ? []
      : [`next look at the server in ${durationText(nextLookAtMs - elapsedMs)}`]),
    bytes === 0 ? `${bytesText(bytesRead)} read` : `${bytesText(bytesRead)} of ${bytesText(bytes)} read`,
    ...(bytesDownloaded > 0 ? [`${bytesText(bytesDownloaded)} downloaded`] : []),
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
