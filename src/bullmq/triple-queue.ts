import { Queue, type QueueOptions } from 'bullmq'
import type { Redis } from 'ioredis'
import type { TripleTask } from '../engine/workers/triple-worker.js'
import { dataOf, jobIdOf, taskOf, type JobData } from './job-data.js'

/** The triples that somebody should work on: one job for each, named by its index. */
export class TripleQueue {
  readonly #queue: Queue<JobData>
  readonly #redis: Redis

  constructor(redis: Redis, name: string, options: QueueOptions) {
    this.#redis = redis
    this.#queue = new Queue<JobData>(name, options)
  }

  onError(listener: (error: Error) => void): void {
    this.#queue.on('error', listener)
  }

  /** Adds those that are not in it. */
  async add(tasks: readonly TripleTask[]): Promise<void> {
    for (let at = 0; at < tasks.length; at += jobsAtOnce) {
      const jobs = (await this.#absent(tasks.slice(at, at + jobsAtOnce))).map((task) => ({
        name: 'triple',
        data: dataOf(task),
        opts: { jobId: jobIdOf(task.index) },
      }))
      if (jobs.length > 0) await this.#queue.addBulk(jobs)
    }
  }

  /** Nothing waits in it, and nobody is at work. */
  async isIdle(): Promise<boolean> {
    const counts = await this.#queue.getJobCounts('wait', 'active', 'delayed', 'prioritized')
    return Object.values(counts).every((count) => count === 0)
  }

  /**
   * Removes jobs that have the name of a triple and hold something else, which would keep that triple from being queued: the
   * engine cannot begin with what is no JSON, and gives it to one worker after the other. One that somebody is at work on
   * goes later. Looks at another part of the tasks in each turn: there may be a hundred thousand.
   */
  async dropStrange(tasks: readonly TripleTask[], turn: number): Promise<void> {
    const part = partOf(tasks, turn)
    const reading = this.#redis.pipeline()
    for (const { index } of part) reading.hget(this.#keyOf(index), 'data')
    const read = (await reading.exec()) ?? []
    for (const [at, { index }] of part.entries()) {
      const data = read[at]?.[1]
      if (typeof data === 'string' && taskOf(jsonOrNull(data))?.index !== index)
        await this.#queue.remove(jobIdOf(index))
    }
  }

  close(): Promise<void> {
    return this.#queue.close()
  }

  /** The engine adds no second job of a name; to ask whether there is one costs less than to offer it. */
  async #absent(tasks: readonly TripleTask[]): Promise<readonly TripleTask[]> {
    const asking = this.#redis.pipeline()
    for (const { index } of tasks) asking.exists(this.#keyOf(index))
    const answers = (await asking.exec()) ?? []
    return tasks.filter((_, at) => answers[at]?.[1] !== 1)
  }

  #keyOf(index: string): string {
    return this.#queue.toKey(jobIdOf(index))
  }
}

const jobsAtOnce = 500

function partOf(tasks: readonly TripleTask[], turn: number): readonly TripleTask[] {
  const parts = Math.max(1, Math.ceil(tasks.length / jobsAtOnce))
  return tasks.slice((turn % parts) * jobsAtOnce).slice(0, jobsAtOnce)
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
