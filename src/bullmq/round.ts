import type { Redis } from 'ioredis'
import { monotonicMsOf } from '../clock.js'
import type { WorkerSignals } from '../engine/signals/worker-signals.js'
import type { TripleNote } from '../engine/workers/triple-note.js'
import type { TripleWorker } from '../engine/workers/triple-worker.js'
import type { LearntBatches } from './learnt-batches.js'
import type { NoteBook } from './note-book.js'
import type { QueueNames } from './queue-names.js'
import type { SharedRoom } from './shared-room.js'
import { toldMemory } from './told-memory.js'
import type { TripleQueue } from './triple-queue.js'

export interface RoundParts {
  readonly worker: TripleWorker
  readonly redis: Redis
  readonly names: QueueNames
  readonly notes: NoteBook
  readonly room: SharedRoom
  readonly pace: { readonly pollDelayMs: number; readonly lookDelayMs: number }
  readonly signals: WorkerSignals | null
  readonly triples: TripleQueue
  readonly learnt: LearntBatches
}

/** The looks of one worker over the folder, for all: one worker at a time looks, and asks the server for all batches. */
export class Round {
  readonly #parts: RoundParts
  #turn = 0
  /** At the last look of this worker. */
  #wasSettled = false
  /** This worker looks over the folder no sooner, by the clock that nobody can set. */
  #restsUntilMs = 0

  constructor(parts: RoundParts) {
    this.#parts = parts
  }

  /** Looks once, unless this worker has spent enough of its time with looks. */
  async lookOver(): Promise<void> {
    const { worker, notes, room, redis, names, pace } = this.#parts
    const { clock, signal, report, provider } = this.#parts.worker.run
    const begunAtMs = monotonicMsOf(clock)
    if (signal.aborted || begunAtMs < this.#restsUntilMs) return
    const known = await notes.all()
    const nowMs = clock.now()
    const nextPollAtMs = Number((await redis.hget(names.state, 'nextPollAtMs')) ?? 0)
    // One that lies further ahead than a poll is of a clock that was set back since.
    const isPollDue = provider !== null && !(nextPollAtMs > nowMs && nextPollAtMs <= nowMs + longestPauseMs)
    this.#turn += 1
    const sight = await worker.lookOver({ notes: known, isPollDue, turn: this.#turn })
    if (sight.problem !== null) report({ type: 'warning', index: null, message: sight.problem.message })
    if (isPollDue) {
      const pauseMs = Math.min(Math.max(pace.pollDelayMs, sight.problem?.retryAfterMs ?? 0), longestPauseMs)
      await redis.hset(names.state, 'nextPollAtMs', nowMs + pauseMs)
      report({ type: 'poll.scheduled', delayMs: pauseMs, waiting: sight.waiting })
    }
    const free = Math.max(0, await room.free())
    const tasks = [...sight.tasks, ...sight.heldBack.slice(0, free)]
    if (isPollDue) this.#parts.learnt.keep(tasks)
    await this.#parts.triples.dropStrange(tasks, this.#turn)
    await this.#parts.triples.add(tasks)
    await notes.keep(withNews(known, sight.news))
    await notes.drop(sight.gone)
    await room.drop(sight.gone)
    // How long a poll takes says nothing of the folder.
    if (!isPollDue) this.#restsUntilMs = endOfRest(begunAtMs, monotonicMsOf(clock))
    const isSettled = tasks.length === 0 && sight.unsettled === 0 && (await this.#parts.triples.isIdle())
    await this.#tell({ isSettled, isPollDue })
    await redis.hset(names.state, { settled: isSettled ? 1 : 0, ...(sight.unknown === 0 && { counted: 1 }) })
    report({ type: 'round.ended', triples: sight.triples, queued: tasks.length, waiting: sight.waiting })
  }

  /** At each poll, and as soon as all is settled: whoever ends then has told it. */
  async #tell({
    isSettled,
    isPollDue,
  }: {
    readonly isSettled: boolean
    readonly isPollDue: boolean
  }): Promise<void> {
    const { signals, redis, names, worker } = this.#parts
    const isNews = isPollDue || (isSettled && !this.#wasSettled)
    this.#wasSettled = isSettled
    if (signals === null || !isNews) return
    await signals.tell({
      memory: toldMemory(redis, names.told),
      by: worker.seat.worker.token,
      isSettled,
    })
  }
}

/** A look over very many triples takes seconds: a worker spends a fifth of its time with looks at most. */
function endOfRest(begunAtMs: number, endedAtMs: number): number {
  return endedAtMs + Math.min(4 * (endedAtMs - begunAtMs), longestRestMs)
}

const longestRestMs = 60_000

/** Until somebody comes to them, the server need not be asked for these again. */
function withNews(
  notes: ReadonlyMap<string, TripleNote>,
  news: readonly string[],
): ReadonlyMap<string, TripleNote> {
  return new Map(
    news.flatMap((index) => {
      const note = notes.get(index)
      return note === undefined ? [] : [[index, { ...note, hasNews: true }] as const]
    }),
  )
}

/** Wishes of a server for longer pauses are cut to this. */
const longestPauseMs = 3_600_000
