import type { TripleOutcome } from '../../../machines/index.js'
import type { Clock } from '../../clock.js'
import type { ReconciliationEvent } from '../events.js'
import type { KnownStandings } from '../known-standings.js'
import { counters, countRun, type CounterName } from '../run-counters.js'
import { stuckReason, type StuckReason } from '../triple-story.js'
import type { Metric } from './metrics-text.js'

/** The numbers of one run or watch, kept from its events. */
export interface Metrics {
  add(event: ReconciliationEvent): void
  /** As they stand. `isRunning` is false once the process has come to its end. */
  all(isRunning: boolean): readonly Metric[]
}

/** @param standings are told of each event before this is */
export function runMetrics(root: string, standings: KnownStandings, clock: Clock): Metrics {
  const outcomes = new Map<string, TripleOutcome['type']>()
  const sums = new Map(counterNames.map((name) => [name, new Map<string | null, number>()]))
  const counted = countRun(clock, (name, value, part) => {
    const parts = sums.get(name)
    parts?.set(part, (parts.get(part) ?? 0) + value)
  })
  const labels = { workspace: root }
  const one = (value: number): Metric['samples'] => [{ labels, value }]
  const each = (label: string, kinds: readonly string[], counts: Counts): Metric['samples'] =>
    kinds.map((kind) => ({ labels: { ...labels, [label]: kind }, value: counts.get(kind) ?? 0 }))
  const counter = (name: CounterName): Metric => {
    const { help, unit, parts } = counters[name]
    const counts: Counts = sums.get(name) ?? new Map()
    const samples = parts === null ? one(counts.get(null) ?? 0) : each(parts.label, parts.kinds, counts)
    return { name: `${name}${unit === 's' ? '_seconds' : ''}_total`, help, type: 'counter', samples }
  }
  return {
    add(event) {
      counted.onEvent(event)
      if (event.type === 'triple.gone') outcomes.delete(event.index)
      if (event.type === 'triple.settled') outcomes.set(event.index, event.report.outcome.type)
    },
    all(isRunning) {
      counted.tellWaits()
      const nowMs = clock.now()
      return [
        gauge('triples', each('outcome', outcomeTypes, countsOf(outcomes.values()))),
        gauge('stuck_triples', each('reason', stuckReasons, countsOf(reasonsOf(standings, nowMs)))),
        ...counterNames.map(counter),
        gauge('running', one(isRunning ? 1 : 0)),
        gauge('updated_timestamp_seconds', one(Math.floor(nowMs / 1_000))),
      ]
    },
  }
}

const gauge = (name: keyof typeof gauges, samples: Metric['samples']): Metric => ({
  name,
  help: gauges[name],
  type: 'gauge',
  samples,
})

type Counts = ReadonlyMap<string | null, number>

const counterNames = Object.keys(counters) as readonly CounterName[]

/** What is not counted up, with what it says. */
const gauges = {
  triples: 'Triples that came to rest in this process, by the outcome they have now.',
  stuck_triples: 'Of these, those that will not move by themselves, by the reason.',
  running: '1 while the process works, 0 once it has ended by itself.',
  updated_timestamp_seconds: 'When this file was written, in seconds since 1970.',
} as const

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
