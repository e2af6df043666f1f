import { isProblemForPerson, type JournalEntry } from '../workspace/journal-entry.js'
import { phaseOf, phases, type Phase } from './phases.js'

/** How many triples were in which phase, over time, according to the journals. */
export interface WorkspaceHistory {
  /** The end of the first bucket, in milliseconds since 1970. */
  readonly firstEndMs: number
  readonly bucketMs: number
  /** At the end of each bucket, oldest first; at most 120. Empty when no journal tells anything. */
  readonly counts: Readonly<Record<Phase, readonly number[]>>
  /** Triples that the journals tell of. */
  readonly triples: number
}

/** From one time on a triple was in a phase. */
export interface PhaseChange {
  readonly atMs: number
  readonly phase: Phase
}

/** The history in entries of one triple, which may come from anywhere. */
export function historyOfEntries(entries: readonly JournalEntry[]): WorkspaceHistory {
  const changes = phaseChangesIn(entries)
  return historyOf([changes], changes.at(-1)?.atMs ?? 0)
}

/** The longest story that is kept of a triple, in changes of its phase. */
const mostChanges = 200

/** Steps within one phase are none. Times that go back, or are none, are left out: clocks are set and files edited. */
export function phaseChangesIn(entries: Iterable<JournalEntry>): readonly PhaseChange[] {
  const changes: PhaseChange[] = []
  for (const { at, to, facts } of entries) {
    const atMs = Date.parse(at)
    const last = changes.at(-1)
    const phase = phaseOf(to, { needsPerson: isProblemForPerson(facts) })
    if (Number.isNaN(atMs) || last?.phase === phase || atMs < (last?.atMs ?? 0)) continue
    changes.push({ atMs, phase })
  }
  return changes.slice(-mostChanges)
}

const mostBuckets = 120

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const bucketLengthsMs = [
  1_000,
  5_000,
  15_000,
  minuteMs,
  5 * minuteMs,
  15 * minuteMs,
  hourMs,
  6 * hourMs,
  dayMs,
  7 * dayMs,
  30 * dayMs,
]

/** From the first change to `nowMs`, in buckets of a length that people count in. */
export function historyOf(triples: readonly (readonly PhaseChange[])[], nowMs: number): WorkspaceHistory {
  const told = triples.filter((changes) => changes.length > 0)
  const firstMs = told.reduce((first, [change]) => Math.min(first, change?.atMs ?? first), nowMs)
  const bucketMs =
    bucketLengthsMs.find((lengthMs) => (nowMs - firstMs) / lengthMs < mostBuckets - 1) ??
    Math.ceil((nowMs - firstMs) / (mostBuckets - 2))
  const firstEndMs = (Math.floor(firstMs / bucketMs) + 1) * bucketMs
  const buckets = told.length === 0 ? 0 : Math.floor((nowMs - firstEndMs) / bucketMs) + 2
  /** The first bucket that ends at this time or after it. */
  const bucketAt = (atMs: number): number =>
    Math.max(0, Math.min(buckets, Math.ceil((atMs - firstEndMs) / bucketMs)))
  const steps = Object.fromEntries(
    phases.map((phase) => [phase, Array.from({ length: buckets + 1 }, () => 0)]),
  ) as Record<Phase, number[]>
  for (const changes of told) {
    for (const [at, { atMs, phase }] of changes.entries()) {
      const untilMs = changes[at + 1]?.atMs
      add(steps[phase], bucketAt(atMs), 1)
      add(steps[phase], untilMs === undefined ? buckets : bucketAt(untilMs), -1)
    }
  }
  const counts = Object.fromEntries(phases.map((phase) => [phase, sums(steps[phase]).slice(0, buckets)]))
  return { firstEndMs, bucketMs, counts: counts as Record<Phase, number[]>, triples: told.length }
}

function add(numbers: number[], at: number, step: number): void {
  numbers[at] = (numbers[at] ?? 0) + step
}

function sums(steps: readonly number[]): number[] {
  let sum = 0
  return steps.map((step) => (sum += step))
}
