import type { TripleOutcome } from '../../../machines/index.js'
import type { Clock } from '../../clock.js'
import type { ReconciliationEvent } from '../events.js'
import { countedBy } from '../report-totals.js'
import { counters, countRun, type CounterName } from '../run-counters.js'
import { stuckReason, type StuckReason, type TripleStanding } from '../triple-story.js'
import type { Metric } from './metrics-text.js'

/** The numbers of one run or watch, kept from its events. */
export interface Metrics {
  add(event: ReconciliationEvent): void
  /** As they stand. `isRunning` is false once the process has come to its end. */
  all(isRunning: boolean): readonly Metric[]
}

/** How many triples stand how. */
export interface Census {
  /** By outcome. */
  readonly outcomes: Counts
  /** By the reason for which they do not move. */
  readonly stuck: Counts
}

type Counts = Readonly<Record<string, number>>

export function runMetrics(
  root: string,
  clock: Clock,
  { census, isShared }: { readonly census: () => Census; readonly isShared: boolean },
): Metrics {
  const sums = new Map(counterNames.map((name) => [name, new Map<string | null, number>()]))
  const counted = countRun(clock, { isShared }, (name, value, part) => {
    const parts = sums.get(name)
    parts?.set(part, (parts.get(part) ?? 0) + value)
  })
  const labels = { workspace: root }
  const one = (value: number): Metric['samples'] => [{ labels, value }]
  const each = (label: string, kinds: readonly string[], counts: Counts): Metric['samples'] =>
    kinds.map((kind) => ({ labels: { ...labels, [label]: kind }, value: counts[kind] ?? 0 }))
  const counter = (name: CounterName): Metric => {
    const { help, unit, parts } = counters[name]
    const grown = sums.get(name) ?? new Map<string | null, number>()
    const counts = Object.fromEntries(grown)
    const samples = parts === null ? one(grown.get(null) ?? 0) : each(parts.label, parts.kinds, counts)
    return { name: `${name}${unit === 's' ? '_seconds' : ''}_total`, help, type: 'counter', samples }
  }
  return {
    add(event) {
      counted.onEvent(event)
    },
    all(isRunning) {
      counted.tellWaits()
      const { outcomes, stuck } = census()
      return [
        gauge('triples', each('outcome', outcomeTypes, outcomes)),
        gauge('stuck_triples', each('reason', reasons, stuck)),
        ...counterNames.map(counter),
        gauge('running', one(isRunning ? 1 : 0)),
        gauge('updated_timestamp_seconds', one(Math.floor(clock.now() / 1_000))),
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
const reasons = namesOf<StuckReason>({
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

/** How many of them are stuck, by the reason. */
export function stuckReasons(standings: Iterable<TripleStanding>, nowMs: number): Counts {
  return countedBy(reasonsOf(standings, nowMs), (reason) => reason)
}

function* reasonsOf(
  standings: Iterable<TripleStanding>,
  nowMs: number,
): Generator<StuckReason, void, undefined> {
  for (const standing of standings) {
    const reason = stuckReason(standing, nowMs)
    if (reason !== null) yield reason
  }
}
