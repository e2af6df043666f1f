import type { TripleNote } from '../../src/engine/workers/triple-note.js'
import type { TripleTask } from '../../src/engine/workers/triple-worker.js'

/**
 * What workers share beside the folder, as a Redis holds it that promises nothing: jobs of which each is given to one worker at
 * a time, and how each triple rested. Whatever becomes of it, no result is lost and nothing is paid for twice.
 */
export class JobQueue {
  readonly #now: () => number
  #state: State = nothingKnown
  /** As it was at some times of the last seconds, the oldest first. */
  readonly #earlier: { readonly atMs: number; readonly state: State }[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  get notes(): ReadonlyMap<string, TripleNote> {
    return this.#state.notes
  }

  /** Whose round it is, for so long: one worker at a time looks over the folder. */
  takeRound(forMs: number): boolean {
    const nowMs = this.#now()
    if (this.#state.nextRoundAtMs > nowMs) return false
    this.#set({ nextRoundAtMs: nowMs + forMs })
    return true
  }

  /** One job a triple: another one is not added. */
  add(tasks: readonly TripleTask[]): void {
    const jobs = new Map(this.#state.jobs)
    for (const task of tasks) if (!jobs.has(task.index)) jobs.set(task.index, { task, dueAtMs: this.#now() })
    this.#set({ jobs })
  }

  /** The job that is due for longest; it is given to somebody else when nothing is heard of it for so long. */
  take(silenceMs: number): TripleTask | null {
    const nowMs = this.#now()
    const due = [...this.#state.jobs.values()].filter(({ dueAtMs }) => dueAtMs <= nowMs)
    const [first] = due.toSorted((left, right) => left.dueAtMs - right.dueAtMs)
    if (first === undefined) return null
    this.later(first.task, silenceMs)
    return first.task
  }

  /** The same job again, after so long. */
  later(task: TripleTask, delayMs: number): void {
    this.#set({ jobs: new Map(this.#state.jobs).set(task.index, { task, dueAtMs: this.#now() + delayMs }) })
  }

  done(index: string): void {
    this.#set({ jobs: without(this.#state.jobs, [index]) })
  }

  keep(index: string, note: TripleNote): void {
    this.#set({ notes: new Map(this.#state.notes).set(index, note) })
  }

  drop(indices: readonly string[]): void {
    this.#set({ notes: without(this.#state.notes, indices) })
  }

  get isEmpty(): boolean {
    return this.#state.jobs.size === 0
  }

  /** What may happen to it, by name. */
  suffer(what: QueueFault): void {
    const { jobs } = this.#state
    switch (what) {
      case 'queue-forgets':
        // It writes to its disk once a second.
        this.#state = this.#earlier.find(({ atMs }) => atMs >= this.#now() - 1_000)?.state ?? this.#state
        return
      case 'queue-emptied':
        this.#state = nothingKnown
        return
      case 'queue-repeats':
        return this.#set({ jobs: mapped(jobs, (job) => ({ ...job, dueAtMs: this.#now() })) })
      case 'queue-delays':
        return this.#set({ jobs: mapped(jobs, (job) => ({ ...job, dueAtMs: job.dueAtMs + 60_000 })) })
    }
  }

  #set(changes: Partial<State>): void {
    const atMs = this.#now()
    this.#earlier.push({ atMs, state: this.#state })
    while ((this.#earlier[0]?.atMs ?? atMs) < atMs - 1_000) this.#earlier.shift()
    this.#state = { ...this.#state, ...changes }
  }
}

export const queueFaults = ['queue-forgets', 'queue-emptied', 'queue-repeats', 'queue-delays'] as const
export type QueueFault = (typeof queueFaults)[number]

interface Job {
  readonly task: TripleTask
  readonly dueAtMs: number
}

interface State {
  readonly jobs: ReadonlyMap<string, Job>
  readonly notes: ReadonlyMap<string, TripleNote>
  readonly nextRoundAtMs: number
}

const nothingKnown: State = { jobs: new Map(), notes: new Map(), nextRoundAtMs: 0 }

function without<Value>(
  map: ReadonlyMap<string, Value>,
  keys: readonly string[],
): ReadonlyMap<string, Value> {
  const left = new Map(map)
  for (const key of keys) left.delete(key)
  return left
}

const mapped = <Value>(
  map: ReadonlyMap<string, Value>,
  change: (value: Value) => Value,
): ReadonlyMap<string, Value> => new Map([...map].map(([key, value]) => [key, change(value)]))
