import { randomBytes } from 'node:crypto'
import { monotonicMsOf, systemClock, type Clock } from '../../clock.js'
import { writeNewRecord } from '../claim-name.js'
import { asFileProblem } from '../file-problem.js'
import { acquireLockFile, type LockOptions } from '../lock.js'
import type { BatchWorkspace } from '../open-workspace.js'
import { ownIdentity, systemProcessTable, type ProcessTable } from '../process-table.js'
import { removeIfThere } from '../remove-if-there.js'
import { systemErrorCode } from '../system-error-code.js'
import { signsWhileALeaseLasts, usualLeaseMs } from './usual-lease.js'
import { everythingTaken, takeLease, type Lease, type LeaseAnswer } from './lease.js'
import { watchOwners, type OwnerWatch } from './owner-watch.js'
import {
  listWorkerFiles,
  readWorker,
  removeTornRecords,
  removeWorkersFolder,
  workerPath,
} from './worker-files.js'
import type { WorkerRecord } from './worker-schema.js'

/** One worker's place in a workspace that it shares with others. */
export interface WorkerSeat {
  /** What it says of itself. */
  readonly worker: WorkerRecord
  /** Takes what has this name, or says who has it. Rejects with a problem. */
  take(name: string): Promise<LeaseAnswer>
  /**
   * Gives a sign of life now: for the time that leases last, from here on, nobody takes any. Rejects with `TripleTaken`
   * when others have found this worker silent for too long, and with a problem of the disk.
   */
  giveSignOfLife(): Promise<void>
  /**
   * Gives one unless the last is fresh. For how many milliseconds from this call on nobody takes any lease. Rejects like
   * `giveSignOfLife`.
   */
  safeForMs(): Promise<number>
  /** Removes what workers that are gone left behind. */
  tidy(): Promise<void>
  /** Gives back all leases, and the place. */
  leave(): Promise<void>
}

export interface WorkerSeatOptions extends LockOptions {
  /** How long after its last sign of life a worker's leases last, in milliseconds; a minute unless given. */
  readonly leaseMs?: number
  /** Hears of signs of life that could not be given. */
  readonly onProblem?: (problem: unknown) => void
}

/**
 * Takes a place among the workers of the workspace. Throws `WorkspaceLocked` while a command works on it that wants it
 * for itself: the record is written while nobody else can have the lock file.
 */
export async function takeWorkerSeat(
  workspace: BatchWorkspace,
  options: WorkerSeatOptions = {},
): Promise<WorkerSeat> {
  const { clock = systemClock, processes = systemProcessTable, leaseMs = usualLeaseMs } = options
  const worker = newWorker(clock, processes, leaseMs)
  const seatedAtMs = await sitDown(workspace, worker, { clock, processes })
  return new Seat(workspace, { worker, seatedAtMs }, watchOwners(workspace, { clock, processes, leaseMs }), {
    ...options,
    clock,
    processes,
  })
}

/**
 * The lock file is held meanwhile: a command that wants the workspace for itself comes before or after, and sees it. Gives when
 * the record was begun, by the clock that nobody can set.
 */
async function sitDown(
  workspace: BatchWorkspace,
  worker: WorkerRecord,
  options: Required<LockOptions>,
): Promise<number> {
  const lock = await acquireWhenFree(workspace, options)
  const path = workerPath(workspace, worker.token)
  const begunAtMs = monotonicMsOf(options.clock)
  try {
    await putRecord(workspace, path, worker).catch(asFileProblem({ path, action: 'write' }))
    return begunAtMs
  } finally {
    await lock.release()
  }
}

/** Of the workers that were here before, the last one may take the folder away at the same moment. */
async function putRecord(workspace: BatchWorkspace, path: string, worker: WorkerRecord): Promise<void> {
  const { fileSystem, layout } = workspace
  for (let tries = 1; ; tries += 1) {
    await fileSystem.makeDirectory(layout.workers)
    await removeTornRecords(workspace)
    try {
      await writeNewRecord(fileSystem, path, worker)
      return
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT' || tries >= mostTries) throw error
    }
  }
}

/** Other workers hold the lock for a moment while they come. */
async function acquireWhenFree(workspace: BatchWorkspace, options: Required<LockOptions>) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await acquireLockFile(workspace, options)
    } catch (error) {
      if (tries >= mostTries) throw error
      await pause(options.clock, triesApartMs)
    }
  }
}

const mostTries = 20
const triesApartMs = 50

const pause = (clock: Clock, delayMs: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimeout(resolve, delayMs))

function newWorker(clock: Clock, processes: ProcessTable, leaseMs: number): WorkerRecord {
  const nowMs = clock.now()
  return {
    ...ownIdentity(processes),
    token: randomBytes(16).toString('hex'),
    since_ms: nowMs,
    signs_of_life: 0,
    lease_ms: leaseMs,
    ends_at_ms: nowMs + leaseMs,
  }
}

class Seat implements WorkerSeat {
  readonly #workspace: BatchWorkspace
  readonly #owners: OwnerWatch
  readonly #clock: Clock
  readonly #processes: ProcessTable
  readonly #onProblem: (problem: unknown) => void
  readonly #leases = new Map<string, Lease>()
  readonly #asked = new Set<string>()
  #worker: WorkerRecord
  /** When the last sign of life was begun that was given, by the clock that nobody can set. */
  #signedAtMs: number
  #signing: Promise<void> = Promise.resolve()
  #timer: unknown
  #hasLeft = false

  constructor(
    workspace: BatchWorkspace,
    { worker, seatedAtMs }: { readonly worker: WorkerRecord; readonly seatedAtMs: number },
    owners: OwnerWatch,
    { clock, processes, onProblem = () => {} }: WorkerSeatOptions & Required<LockOptions>,
  ) {
    this.#workspace = workspace
    this.#worker = worker
    this.#signedAtMs = seatedAtMs
    this.#owners = owners
    this.#clock = clock
    this.#processes = processes
    this.#onProblem = onProblem
    this.#signLater()
  }

  get worker(): WorkerRecord {
    return this.#worker
  }

  async take(name: string): Promise<LeaseAnswer> {
    if (this.#asked.has(name)) return { type: 'held', holder: this.#leaseRecord(), againInMs: triesApartMs }
    this.#asked.add(name)
    let answer: LeaseAnswer | null = null
    try {
      answer = await takeLease(this.#workspace, { name, owner: this.#leaseRecord(), owners: this.#owners })
      return answer.type === 'lease' ? { type: 'lease', lease: this.#kept(answer.lease) } : answer
    } catch (error) {
      return asFileProblem({ path: this.#workspace.layout.workers, action: 'take a lease in' })(error)
    } finally {
      if (answer?.type !== 'lease') this.#asked.delete(name)
    }
  }

  async giveSignOfLife(): Promise<void> {
    // One after the other: a sign that is under way began before this one was asked for.
    const mine = this.#signing.then(() => this.#sign())
    this.#signing = mine.catch(() => {})
    return mine
  }

  async safeForMs(): Promise<number> {
    const askedAtMs = monotonicMsOf(this.#clock)
    const { lease_ms: leaseMs } = this.#worker
    // As old as it may become between two of the usual ones.
    const isFresh = askedAtMs - this.#signedAtMs <= leaseMs / signsWhileALeaseLasts
    if (!isFresh) await this.giveSignOfLife()
    return this.#signedAtMs + leaseMs - askedAtMs
  }

  async tidy(): Promise<void> {
    await tidyUp(this, this.#workspace, this.#owners)
  }

  async leave(): Promise<void> {
    this.#hasLeft = true
    this.#clock.clearTimeout(this.#timer)
    await this.#signing
    for (const lease of this.#leases.values()) await lease.release()
    const path = workerPath(this.#workspace, this.#worker.token)
    await removeIfThere(this.#workspace.fileSystem, path).catch(asFileProblem({ path, action: 'remove' }))
    await removeWorkersFolder(this.#workspace)
  }

  #leaseRecord() {
    const { host, pid, process_start, process_namespace, token } = this.#worker
    return { host, pid, process_start, process_namespace, token, taken_at_ms: this.#clock.now() }
  }

  #kept(lease: Lease): Lease {
    const { name } = lease
    this.#leases.set(name, lease)
    const release = async (): Promise<void> => {
      try {
        await lease.release().catch(asFileProblem({ path: lease.folder, action: 'remove' }))
      } finally {
        this.#leases.delete(name)
        this.#asked.delete(name)
      }
    }
    const kept = { ...lease, release }
    this.#leases.set(name, kept)
    return kept
  }

  async #sign(): Promise<void> {
    const { fileSystem } = this.#workspace
    const begunAtMs = monotonicMsOf(this.#clock)
    const worker = {
      ...this.#worker,
      signs_of_life: this.#worker.signs_of_life + 1,
      ends_at_ms: this.#clock.now() + this.#worker.lease_ms,
    }
    const path = workerPath(this.#workspace, worker.token)
    // Who found it gone has taken what it had, and then its record: too late for a sign, but it may begin anew.
    if ((await readWorker(this.#workspace, worker.token)).type === 'absent') {
      await sitDown(this.#workspace, worker, { clock: this.#clock, processes: this.#processes })
      this.#worker = worker
      throw everythingTaken()
    }
    const prepared = `${path}.new`
    const write = async (): Promise<void> => {
      await removeIfThere(fileSystem, prepared)
      await writeNewRecord(fileSystem, prepared, worker)
      await fileSystem.rename(prepared, path)
    }
    await write().catch(asFileProblem({ path, action: 'write' }))
    this.#worker = worker
    this.#signedAtMs = begunAtMs
  }

  #signLater(): void {
    const delayMs = this.#worker.lease_ms / signsWhileALeaseLasts
    this.#timer = this.#clock.setTimeout(() => {
      if (this.#hasLeft) return
      void this.giveSignOfLife()
        .catch((error: unknown) => this.#onProblem(error))
        .finally(() => {
          if (!this.#hasLeft) this.#signLater()
        })
    }, delayMs)
  }
}

/** Takes over, and gives back, each lease of an owner that is gone; then removes the record of the owner. */
async function tidyUp(seat: WorkerSeat, workspace: BatchWorkspace, owners: OwnerWatch): Promise<void> {
  const { leases, folders, tokens } = await listWorkerFiles(workspace)
  const others = tokens.filter((token) => token !== seat.worker.token)
  const gone = await goneAmong(workspace, others, owners)
  // A folder without a lease is that of somebody who is just taking one, unless its owner is gone.
  const orphans = folders.filter(({ token }) => gone.includes(token) || !tokens.includes(token))
  for (const name of new Set([...leases, ...orphans].map((each) => each.name))) {
    const answer = await seat.take(name)
    if (answer.type === 'lease') await answer.lease.release()
  }
  for (const token of gone) await removeRecord(workspace, token)
}

async function goneAmong(
  workspace: BatchWorkspace,
  tokens: readonly string[],
  owners: OwnerWatch,
): Promise<readonly string[]> {
  const gone: string[] = []
  for (const token of tokens) {
    const read = await readWorker(workspace, token)
    if (read.type === 'record' && (await owners.standingOf(read.record)).type === 'gone') gone.push(token)
  }
  return gone
}

async function removeRecord(workspace: BatchWorkspace, token: string): Promise<void> {
  const path = workerPath(workspace, token)
  for (const each of [`${path}.new`, path]) {
    await removeIfThere(workspace.fileSystem, each).catch(asFileProblem({ path: each, action: 'remove' }))
  }
}
