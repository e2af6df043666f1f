import { createHash, type Hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../src/clock.js'
import type { FakeBatchServer } from '../../src/testing/index.js'
import type { FileSystem } from '../../src/workspace/file-system.js'
import { randomFrom } from '../random-from.js'
import { JobQueue } from './job-queue.js'
import { simulatedFetch, type SentRequest } from './network.js'
import { fileSystemOn } from './disk-calls.js'
import { home } from './places.js'
import type { ProcessName, Runtime } from './runtime.js'
import type { SimulatedDisk } from './simulated-disk.js'

/**
 * One machine, its disk, a network and a server, and the processes that are at work. Every operation on the disk and every
 * step of a call waits here until it is chosen. One at a time is done, then everybody goes on until all wait again; when
 * nobody has an operation to do, time passes until the next timer. So what happens follows from the seed alone.
 */
export class World {
  readonly disk: SimulatedDisk
  readonly server: FakeBatchServer
  /** On a machine of its own. It is empty when a life begins: what it knew before is lost. */
  readonly queue: JobQueue
  readonly #random: () => number
  readonly #trace: Trace
  readonly #isPatient: boolean
  #plan: Plan
  readonly #waiting: Operation[] = []
  readonly #timers = new Map<number, Timer>()
  readonly #processes: WorldProcess[] = []
  #timerNumber = 0
  #operations = 0
  #isSettled = false
  #current: WorldProcess | null = null
  /** How far the time of day that people set is ahead of the time that passes. */
  #aheadMs = 0
  /** The time that passes, and that of the server. */
  nowMs: number

  constructor({
    seed,
    disk,
    server,
    nowMs,
    trace = new Trace(),
    plan = {},
    isPatient = false,
  }: WorldOptions) {
    this.#isPatient = isPatient
    this.nowMs = nowMs
    this.disk = disk(() => this.timeOfDayMs)
    this.server = server({ now: () => this.nowMs })
    this.queue = new JobQueue(() => this.nowMs)
    this.#random = randomFrom(seed)
    this.#trace = trace
    this.#plan = plan
  }

  /** What the clock on the wall says, of all processes of this world. */
  get timeOfDayMs(): number {
    return this.nowMs + this.#aheadMs
  }

  /** Somebody sets the clock; no timer goes off sooner or later for it. */
  setClock(aheadMs: number): void {
    this.#trace.add(`the clock is set ${aheadMs} ms ahead`)
    this.#aheadMs = aheadMs
  }

  /** Operations that were done so far. */
  get operations(): number {
    return this.#operations
  }

  /** Requests that were asked for and have not reached the server. */
  get sending(): readonly SentRequest[] {
    return this.#waiting.flatMap(({ request }) => request ?? [])
  }

  start(name: ProcessName, startedAs: string): WorldProcess {
    let tellKilled = nothing
    const killed = new Promise<void>((resolve) => (tellKilled = resolve))
    const process: WorldProcess = {
      ...name,
      world: this,
      mount: `${home}.${(mounts += 1)}`,
      startedAs,
      isGone: false,
      killed,
      tellKilled,
      fileSystem: fileSystemOn(this, () => process),
      clock: this.#clockOf(() => process),
      fetch: simulatedFetch(this, () => process),
    }
    this.#processes.push(process)
    return process
  }

  /** The process does nothing any more, from its next operation on. What it sent is on its way all the same. */
  kill(process: WorldProcess): void {
    process.isGone = true
    process.tellKilled()
    for (const [id, timer] of this.#timers) if (timer.process === process) this.#timers.delete(id)
    for (let at = this.#waiting.length - 1; at >= 0; at -= 1)
      if (this.#waiting[at]?.process === process) this.#waiting.splice(at, 1)
  }

  /** From here on nothing goes wrong. */
  calm(): void {
    this.#plan = {}
  }

  killAll(): void {
    for (const process of this.#processes) if (!process.isGone) this.kill(process)
  }

  /** Settles once the operation was chosen and done; never when its process is gone by then. */
  ask<Result>(
    process: WorldProcess,
    what: string,
    run: (fault: string | null) => Result | Promise<Result>,
    {
      request = null,
      signal,
    }: { readonly request?: SentRequest | null; readonly signal?: AbortSignal | null } = {},
  ): Promise<Result> {
    if (process.isGone) return new Promise(() => {})
    return new Promise((resolve, reject) => {
      const operation: Operation = {
        process,
        what,
        request,
        run: async (fault) => {
          try {
            resolve(await run(fault))
            return 'ok'
          } catch (error) {
            reject(error as Error)
            return codeOf(error)
          }
        },
      }
      signal?.addEventListener(
        'abort',
        () => {
          const at = this.#waiting.indexOf(operation)
          if (at >= 0) this.#waiting.splice(at, 1)
          reject(signal.reason as Error)
        },
        { once: true },
      )
      this.#waiting.push(operation)
    })
  }

  /** Settles after so long, for a process that is not there any more as well. */
  later(process: WorldProcess | null, delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.#setTimer(process, resolve, delayMs))
  }

  /**
   * Lets everybody go on until the work is settled, and gives what came of it. Ends early, with `crashed`, when the plan
   * says that the power goes.
   */
  async run<Result>(work: Promise<Result>): Promise<Ending<Result>> {
    let ending: Ending<Result> | null = null
    this.#isSettled = false
    const settle = (as: Ending<Result>): void => {
      ending = as
      this.#isSettled = true
    }
    work.then(
      (result) => settle({ type: 'result', result }),
      (error: unknown) => settle({ type: 'error', error }),
    )
    for (let steps = 0; ; steps += 1) {
      await untilQuiet()
      if (ending !== null) return ending
      if (steps > mostSteps) throw new Error(`No end after ${mostSteps} steps, last ${this.#trace.tail()}`)
      if ((await this.#step()) === 'crash') return { type: 'crashed' }
    }
  }

  runtime(): Runtime {
    return {
      now: () => this.timeOfDayMs,
      monotonicMs: () => this.nowMs,
      random: () => this.#random(),
      setTimeout: (callback, delayMs) => this.#setTimer(this.#current, callback, delayMs),
      clearTimeout: (handle) => void this.#timers.delete(Number(handle)),
      process: () => this.#current ?? { host: 'nowhere', pid: 1 },
      startOf: (pid) => this.#startOf(pid),
    }
  }

  async #step(): Promise<'done' | 'crash'> {
    const operation = this.#choose()
    if (operation === null) {
      await this.#passTime()
      return 'done'
    }
    this.#operations += 1
    if ((await this.#plan.beforeOperation?.(this, operation)) === 'crash') return 'crash'
    // It may have been killed there.
    if (operation.process.isGone) return 'done'
    this.#waiting.splice(this.#waiting.indexOf(operation), 1)
    this.#current = operation.process
    const fault = this.#plan.faultOf?.(this, operation) ?? null
    const answer = await operation.run(fault)
    this.#trace.add(`${operation.process.pid} ${operation.what} ${fault ?? ''} ${answer}`)
    return 'done'
  }

  #choose(): Operation | null {
    const { length } = this.#waiting
    if (length < 2) return this.#waiting[0] ?? null
    return this.#waiting[Math.floor(this.#random() * length)] ?? null
  }

  async #passTime(): Promise<void> {
    if (this.#isPatient && (await this.#hasComeToLife(patienceMs))) return
    let first: [number, Timer] | null = null
    for (const entry of this.#timers) if (first === null || entry[1].atMs < first[1].atMs) first = entry
    if (first === null) {
      if (await this.#hasComeToLife(mostPatienceMs)) return
      throw new Error(`Nobody has anything left to do, last ${this.#trace.tail()}`)
    }
    const [id, timer] = first
    this.#timers.delete(id)
    this.nowMs = Math.max(this.nowMs, timer.atMs)
    this.#current = timer.process
    this.#trace.add(`time ${this.nowMs}`)
    timer.callback()
  }

  /** Waits in real time: somebody may be loading a module, or compiling one. */
  async #hasComeToLife(patienceMs: number): Promise<boolean> {
    for (const endsAt = realNow() + patienceMs; realNow() < endsAt; await setImmediate()) {
      if (this.#waiting.length > 0 || this.#isSettled) return true
    }
    return false
  }

  #setTimer(process: WorldProcess | null, callback: () => void, delayMs: number): number {
    this.#timerNumber += 1
    if (process?.isGone !== true)
      this.#timers.set(this.#timerNumber, { process, callback, atMs: this.nowMs + Math.max(0, delayMs) })
    return this.#timerNumber
  }

  #clockOf(process: () => WorldProcess): Clock {
    return {
      now: () => this.timeOfDayMs,
      monotonicMs: () => this.nowMs,
      setTimeout: (callback, delayMs) => this.#setTimer(process(), callback, delayMs),
      clearTimeout: (handle) => void this.#timers.delete(handle as number),
    }
  }

  /** As the process that asks sees it: only those of its own host. */
  #startOf(pid: number): string | null {
    const alive = this.#processes.find(
      (process) => process.pid === pid && process.host === this.#current?.host && !process.isGone,
    )
    return alive?.startedAs ?? null
  }
}

const nothing = (): void => {}

/** Of all worlds: those that are over have processes that never end. */
let mounts = 0

export interface WorldOptions {
  readonly seed: number
  readonly disk: (now: () => number) => SimulatedDisk
  readonly server: (clock: { now(): number }) => FakeBatchServer
  readonly nowMs: number
  readonly trace?: Trace
  readonly plan?: Plan
  /** Before time passes, waits a moment in real time for modules to be loaded. */
  readonly isPatient?: boolean
}

const realNow = performance.now.bind(performance)
const patienceMs = 30
const mostPatienceMs = 5_000

/** What goes wrong, and when. */
export interface Plan {
  /** Called before each operation. `crash`: the power goes instead of it. */
  readonly beforeOperation?: (world: World, operation: Operation) => Promise<'crash' | void> | 'crash' | void
  /** The name of what goes wrong with this one; `null` for nothing. */
  readonly faultOf?: (world: World, operation: Operation) => string | null
}

export interface Operation {
  readonly process: WorldProcess
  readonly what: string
  /** Set when it is the sending of a call. */
  readonly request: SentRequest | null
  /** Never rejects; gives what came of it in a word. */
  readonly run: (fault: string | null) => Promise<string>
}

export interface WorldProcess extends ProcessName {
  readonly world: World
  /** Where it finds what stands at `home`. */
  readonly mount: string
  readonly startedAs: string
  isGone: boolean
  readonly killed: Promise<void>
  readonly tellKilled: () => void
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly fetch: typeof fetch
}

export type Ending<Result> =
  | { readonly type: 'result'; readonly result: Result }
  | { readonly type: 'error'; readonly error: unknown }
  | { readonly type: 'crashed' }

interface Timer {
  readonly process: WorldProcess | null
  readonly callback: () => void
  readonly atMs: number
}

/** What happened, in order: a hash of all of it, and the last lines of it for a person. */
export class Trace {
  readonly #hash: Hash = createHash('sha256')
  readonly #lines: string[] = []
  readonly #kept: number

  constructor(kept = 40) {
    this.#kept = kept
  }

  add(line: string): void {
    this.#hash.update(line).update('\n')
    this.#lines.push(line)
    if (this.#lines.length > 2 * this.#kept) this.#lines.splice(0, this.#kept)
  }

  digest(): string {
    return this.#hash.copy().digest('hex')
  }

  tail(): string {
    return this.#lines.slice(-this.#kept).join('\n')
  }
}

/** More than any scenario needs; who comes so far waits for something that never comes. */
const mostSteps = 200_000

/** Turns of the event loop after which everybody who can go on without an operation or a timer has done so. */
const quietTurns = 3

async function untilQuiet(): Promise<void> {
  for (let turn = 0; turn < quietTurns; turn += 1) await setImmediate()
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
