import {
  countFieldOf,
  noRows,
  rowClasses,
  type RowCounts,
  type TripleOutcome,
} from '../../../machines/index.js'
import type { ReconciliationEvent } from '../events.js'
import type { KnownStandings } from '../known-standings.js'
import { stuckReason, type StuckReason } from '../triple-story.js'
import type { Metric } from './metrics-text.js'

/** The numbers of one run or watch, kept from its events. */
export interface Metrics {
  add(event: ReconciliationEvent): void
  /** As they stand. `isRunning` is false once the process has come to its end. */
  all(nowMs: number, isRunning: boolean): readonly Metric[]
}

/** @param standings are told of each event before this is */
export function runMetrics(root: string, standings: KnownStandings): Metrics {
  const outcomes = new Map<string, TripleOutcome['type']>()
  const rowsSoFar = new Map<string, RowCounts>()
  const rows = new Map<string, number>()
  let [bytesRead, bytesDownloaded, requestsAgain, warnings] = [0, 0, 0, 0]

  /** Of a triple at work the events tell sums, which begin anew with each attempt to process it. */
  const addRows = (index: string, now: RowCounts): void => {
    const before = rowsSoFar.get(index) ?? noRows
    for (const rowClass of rowClasses) {
      const field = countFieldOf(rowClass)
      const more = now[field] >= before[field] ? now[field] - before[field] : now[field]
      rows.set(rowClass, (rows.get(rowClass) ?? 0) + more)
    }
    rowsSoFar.set(index, now)
  }
  return {
    add(event) {
      if (event.type === 'bytes.read') bytesRead += event.bytes
      if (event.type === 'bytes.downloaded') bytesDownloaded += event.bytes
      if (event.type === 'retry.written') requestsAgain += event.requests
      if (event.type === 'warning') warnings += 1
      if (event.type === 'rows.processed') addRows(event.index, event.rows)
      if (event.type === 'triple.gone') outcomes.delete(event.index)
      if (event.type !== 'triple.settled') return
      outcomes.set(event.index, event.report.outcome.type)
      rowsSoFar.delete(event.index)
    },
    all(nowMs, isRunning) {
      const labels = { workspace: root }
      const one = (value: number): Metric['samples'] => [{ labels, value }]
      const each = (label: string, kinds: readonly string[], counts: Counts): Metric['samples'] =>
        kinds.map((kind) => ({ labels: { ...labels, [label]: kind }, value: counts.get(kind) ?? 0 }))
      const values = {
        triples: each('outcome', outcomeTypes, countsOf(outcomes.values())),
        stuck_triples: each('reason', stuckReasons, countsOf(reasonsOf(standings, nowMs))),
        rows_processed_total: each('class', rowClasses, rows),
        bytes_read_total: one(bytesRead),
        bytes_downloaded_total: one(bytesDownloaded),
        requests_again_total: one(requestsAgain),
        warnings_total: one(warnings),
        running: one(isRunning ? 1 : 0),
        updated_timestamp_seconds: one(Math.floor(nowMs / 1_000)),
      } satisfies Record<MetricName, Metric['samples']>
      return metricNames.map((name) => ({
        name,
        help: helps[name],
        type: typeOf(name),
        samples: values[name],
      }))
    },
  }
}

type Counts = ReadonlyMap<string, number>

/** Every metric, with what it says. */
const helps = {
  triples: 'Triples that came to rest in this process, by the outcome they have now.',
  stuck_triples: 'Of these, those that will not move by themselves, by the reason.',
  rows_processed_total: 'Rows of output and error files that were processed, by class.',
  bytes_read_total: 'Bytes read from files of rows.',
  bytes_downloaded_total: 'Bytes that came from the server.',
  requests_again_total: 'Failed requests that were written out to be sent again.',
  warnings_total: 'Warnings.',
  running: '1 while the process works, 0 once it has ended by itself.',
  updated_timestamp_seconds: 'When this file was written, in seconds since 1970.',
} as const
type MetricName = keyof typeof helps
const metricNames = Object.keys(helps) as readonly MetricName[]

const typeOf = (name: MetricName): Metric['type'] => (name.endsWith('_total') ? 'counter' : 'gauge')

/** Kinds without a triple are told as 0, so that an alarm sees them come and go. */
const outcomeTypes = namesOf<TripleOutcome['type']>({
  done: true,
  pending: true,
  'not-submitted': true,
  'needs-attention': true,
  failed: true,
})
const stuckReasons = namesOf<StuckReason>({
  'needs-attention': true,
  failed: true,
  overdue: true,
  'no-room': true,
  'backing-off': true,
  interrupted: true,
})

function namesOf<Name extends string>(names: Readonly<Record<Name, true>>): readonly string[] {
  return Object.keys(names)
}

function* reasonsOf(standings: KnownStandings, nowMs: number): Generator<StuckReason, void, undefined> {
  for (const standing of standings.all(null)) {
    const reason = stuckReason(standing, nowMs)
    if (reason !== null) yield reason
  }
}

function countsOf(kinds: Iterable<string>): Counts {
  const counts = new Map<string, number>()
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}
