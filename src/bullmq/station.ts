import { Queue, Worker, type Job, type WorkerOptions as EngineOptions } from 'bullmq'
import type { Redis } from 'ioredis'
import { monotonicMsOf } from '../clock.js'
import type { Run } from '../engine/run.js'
import { sleep } from '../engine/sleep.js'
import type { TripleWorker } from '../engine/workers/triple-worker.js'
import { waitsForSomebody, type TripleNote } from '../engine/workers/triple-note.js'
import { dataOf, taskOf, type JobData } from './job-data.js'
import { delay, putBack } from './job-moves.js'
import { learntBatches, type LearntBatches } from './learnt-batches.js'
import type { NoteBook } from './note-book.js'
import { watchOutages, type Outages } from './outages.js'
import { keyPrefix, type QueueNames } from './queue-names.js'
import type { SharedRoom } from './shared-room.js'
import { TripleQueue } from './triple-queue.js'
import { untilStopped } from './until-stopped.js'

/** What one worker did. */
export interface WorkReport {
  /** How often a triple was worked on until it rested. */
  readonly rested: number
  /** How often that was its end. */
  readonly done: number
  /** How often another worker had it. */
  readonly held: number
}

interface StationParts {
  readonly worker: TripleWorker
  readonly redis: Redis
  readonly giveUp: () => void
  readonly names: QueueNames
  readonly notes: NoteBook
  readonly room: SharedRoom
  readonly pace: { readonly pollDelayMs: number; readonly lookDelayMs: number }
  readonly shouldEnd: boolean
}

const roundJob = 'look-over'

/** A job that was lost is made again by the next round; one that stalls is given to another worker, however often. */
const jobOptions = { removeOnComplete: true, removeOnFail: true } as const
const mostStalls = 1_000_000

/** The queues as one worker sees them. */
export class Station {
  readonly #parts: StationParts
  readonly #run: Run
  readonly #outages: Outages
  readonly #triples: TripleQueue
  readonly #rounds: Queue
  readonly #learnt: LearntBatches
  #turn = 0
  /** This worker looks over the folder no sooner, by the clock that nobody can set. */
  #restsUntilMs = 0
  #rested = 0
  #done = 0
  #held = 0

  constructor(parts: StationParts) {
    this.#parts = parts
    this.#run = parts.worker.run
    this.#learnt = learntBatches(this.#run.clock)
    const { redis, names } = parts
    this.#outages = watchOutages(redis, (message) => this.#warn(message))
    const options = {
      connection: redis,
      prefix: keyPrefix,
      defaultJobOptions: jobOptions,
      skipVersionCheck: true,
    }
    this.#triples = new TripleQueue(redis, names.triples, options)
    this.#rounds = new Queue(names.rounds, options)
    const note = (error: Error): void => this.#outages.note(error)
    this.#triples.onError(note)
    this.#rounds.on('error', note)
  }

  async work(): Promise<WorkReport> {
    const { names } = this.#parts
    const { signal, concurrency } = this.#run
    const workers = [
      this.#workerOf(names.triples, concurrency, (job, token) =>
        this.#workOnTriple(job as Job<JobData>, token),
      ),
      this.#workerOf(names.rounds, 1, () => this.#lookOver()),
    ]
    try {
      let hasBegun = false
      while (!signal.aborted) {
        hasBegun ||= (await untilStopped(this.#begin(), signal)) ?? false
        await untilStopped(this.#keepRounds(), signal)
        await sleep(this.#run.clock, this.#parts.pace.lookDelayMs, signal)
        if (hasBegun && this.#parts.shouldEnd && (await untilStopped(this.#isSettled(), signal))) break
      }
    } finally {
      await this.#close(workers)
      this.#outages.stop()
    }
    return { rested: this.#rested, done: this.#done, held: this.#held }
  }

  #workerOf(
    name: string,
    concurrency: number,
    process: (job: Job, token: string | undefined) => Promise<void>,
  ) {
    const { redis, worker } = this.#parts
    const { host, pid, lease_ms: leaseMs } = worker.seat.worker
    const silenceMs = Math.min(leaseMs, longestSilenceMs)
    const options: EngineOptions = {
      connection: redis,
      prefix: keyPrefix,
      concurrency,
      name: `${host}:${pid}`,
      lockDuration: silenceMs,
      stalledInterval: silenceMs,
      maxStalledCount: mostStalls,
      skipVersionCheck: true,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    }
    const made = new Worker(name, process, options)
    made.on('error', (error) => this.#outages.note(error))
    return made
  }

  /**
   * What a round said before we came says nothing of now, and whoever starts a worker may have done what triples wait for: a
   * new key, more quota. `false` when Redis did not take it.
   */
  async #begin(): Promise<boolean> {
    const { redis, names, notes } = this.#parts
    try {
      await redis.hset(names.state, 'settled', 0)
      const waiting = [...(await notes.all())].filter(([, note]) => waitsForSomebody(note))
      await notes.drop(waiting.map(([index]) => index))
      return true
    } catch (error) {
      this.#outages.note(error as Error)
      return false
    }
  }

  /** Jobs under way end first: their triples stop between two steps. A Redis that is away is not waited for. */
  async #close(workers: readonly Worker[]): Promise<void> {
    const { clock } = this.#run
    const closing = Promise.all(workers.map((each) => each.close())).then(() =>
      Promise.all([this.#triples.close(), this.#rounds.close()]),
    )
    const closed = new AbortController()
    void closing.finally(() => closed.abort()).catch(() => {})
    while (!closed.signal.aborted && !this.#outages.isAway) await sleep(clock, looksApartMs, closed.signal)
    if (!closed.signal.aborted) this.#parts.giveUp()
    await closing
  }

  /** The engine's own scheduler, one for all workers; one that Redis lost is made again. */
  async #keepRounds(): Promise<void> {
    const { lookDelayMs } = this.#parts.pace
    try {
      const standing = await this.#rounds.getJobScheduler(roundJob)
      const isAlive = standing?.every === lookDelayMs && (standing.next ?? 0) > Date.now() - 3 * lookDelayMs
      if (isAlive) return
      await this.#rounds.setGlobalConcurrency(1)
      await this.#rounds.upsertJobScheduler(roundJob, { every: lookDelayMs }, { opts: jobOptions })
    } catch (error) {
      this.#outages.note(error as Error)
    }
  }

  /** Nothing is queued or at work, and the last round found nothing to wait for. */
  async #isSettled(): Promise<boolean> {
    const { redis, names } = this.#parts
    try {
      return (await this.#triples.isIdle()) && (await redis.hget(names.state, 'settled')) === '1'
    } catch (error) {
      this.#outages.note(error as Error)
      return false
    }
  }

  async #workOnTriple(job: Job<JobData>, token: string | undefined): Promise<void> {
    const { worker, notes, room } = this.#parts
    const { signal } = this.#run
    const data = taskOf(job.data)
    if (data === null) return this.#warn('A job names no triple and is dropped.')
    if (signal.aborted) return putBack(job, token)
    const task = { ...data, learnt: this.#learnt.takeFor(data.index) }
    const end = await worker.work(task)
    switch (end.type) {
      case 'done':
        this.#rested += 1
        this.#done += 1
        await room.giveBack(task.index)
        await notes.drop([task.index])
        return this.#triples.add(end.retryIndices.map((index) => ({ index })))
      case 'rested': {
        const { note } = end
        this.#rested += 1
        if (note.batchId !== null) await room.occupy(task.index, note.requests, note.createdAtMs)
        else await room.giveBack(task.index)
        return notes.keep(new Map([[task.index, note]]))
      }
      case 'backing-off':
        await job.updateData(dataOf(end.again))
        return delay(job, token, end.delayMs)
      case 'held':
        this.#held += 1
        return delay(job, token, end.delayMs)
      case 'interrupted':
        return putBack(job, token)
    }
  }

  /** One worker at a time looks over the folder, and asks the server for all batches that are waited for. */
  async #lookOver(): Promise<void> {
    const { worker, notes, room, redis, names, pace } = this.#parts
    const { clock, signal, report, provider } = this.#run
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
    if (isPollDue) this.#learnt.keep(tasks)
    await this.#triples.dropStrange(tasks, this.#turn)
    await this.#triples.add(tasks)
    await notes.keep(withNews(known, sight.news))
    await notes.drop(sight.gone)
    await room.drop(sight.gone)
    // How long a poll takes says nothing of the folder.
    if (!isPollDue) this.#restsUntilMs = endOfRest(begunAtMs, monotonicMsOf(clock))
    const isSettled = tasks.length === 0 && sight.unsettled === 0
    await redis.hset(names.state, { settled: isSettled ? 1 : 0, ...(sight.unknown === 0 && { counted: 1 }) })
    report({ type: 'round.ended', triples: sight.triples, queued: tasks.length, waiting: sight.waiting })
  }

  #warn(message: string): void {
    this.#run.report({ type: 'warning', index: null, message })
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

/** After so long, or the time of a lease, the engine gives the job of a worker that says nothing to another one. */
const longestSilenceMs = 30_000

/** Between two looks whether Redis is there, when a worker stops. */
const looksApartMs = 250

/** Wishes of a server for longer pauses are cut to this. */
const longestPauseMs = 3_600_000
