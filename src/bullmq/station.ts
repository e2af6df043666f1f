import { Queue, Worker, type Job, type WorkerOptions as EngineOptions } from 'bullmq'
import type { Run } from '../engine/run.js'
import { sleep } from '../engine/sleep.js'
import { waitsForSomebody } from '../engine/workers/triple-note.js'
import { dataOf, taskOf, type JobData } from './job-data.js'
import { delay, putBack } from './job-moves.js'
import { learntBatches, type LearntBatches } from './learnt-batches.js'
import { watchOutages, type Outages } from './outages.js'
import { keyPrefix } from './queue-names.js'
import { Round, type RoundParts } from './round.js'
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
  /** How many triples of the workspace wait for somebody; `null` when it was stopped before all was settled. */
  readonly needSomebody: number | null
}

interface StationParts extends Omit<RoundParts, 'triples' | 'learnt'> {
  readonly giveUp: () => void
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
  readonly #round: Round
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
    this.#round = new Round({ ...parts, triples: this.#triples, learnt: this.#learnt })
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
      this.#workerOf(names.rounds, 1, () => this.#round.lookOver()),
    ]
    let needSomebody: number | null = null
    try {
      let hasBegun = false
      while (!signal.aborted) {
        hasBegun ||= (await untilStopped(this.#begin(), signal)) ?? false
        await untilStopped(this.#keepRounds(), signal)
        await sleep(this.#run.clock, this.#parts.pace.lookDelayMs, signal)
        if (!hasBegun || !this.#parts.shouldEnd) continue
        needSomebody = await untilStopped(this.#settledWith(), signal)
        if (needSomebody !== null) break
      }
    } finally {
      await this.#close(workers)
      await this.#parts.signals?.close()
      this.#outages.stop()
    }
    return { rested: this.#rested, done: this.#done, held: this.#held, needSomebody }
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

  /**
   * How many triples wait for somebody, when nothing is queued or at work and the last round found nothing else to wait for;
   * `null` while there is.
   */
  async #settledWith(): Promise<number | null> {
    const { redis, names, notes } = this.#parts
    try {
      if (!(await this.#triples.isIdle()) || (await redis.hget(names.state, 'settled')) !== '1') return null
      return [...(await notes.all()).values()].filter(waitsForSomebody).length
    } catch (error) {
      this.#outages.note(error as Error)
      return null
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

  #warn(message: string): void {
    this.#run.report({ type: 'warning', index: null, message })
  }
}

/** After so long, or the time of a lease, the engine gives the job of a worker that says nothing to another one. */
const longestSilenceMs = 30_000

/** Between two looks whether Redis is there, when a worker stops. */
const looksApartMs = 250
