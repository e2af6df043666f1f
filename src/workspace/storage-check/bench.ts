import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import { monotonicMsOf, type Clock } from '../../clock.js'
import { isBatchReconciliationError, reconciliationError } from '../../errors.js'
import { writeNewRecord } from '../claim-name.js'
import type { FileSystem } from '../file-system.js'
import type { BatchWorkspace } from '../open-workspace.js'
import { readSmallFile } from '../read-whole-file.js'
import { systemErrorCode } from '../system-error-code.js'

/** Two processes try the storage: one leads and tells what was found, the other one does what it is asked. */
export type Role = 'leader' | 'follower'

/** What one of the two has at hand for one trial. */
export interface Bench {
  readonly role: Role
  readonly workspace: BatchWorkspace
  readonly fileSystem: FileSystem
  readonly clock: Clock
  /** Absolute path of what is called so in this trial. */
  readonly at: (name: string) => string
  /** Gives the other process facts under a name. Rejects with the system's error. */
  give(name: string, facts?: object): Promise<void>
  /**
   * Waits for the facts that the other process gives under a name. Rejects with the refusal of the system that ended the
   * other half, or with `StorageCheckFailed` when nothing comes.
   */
  hear<Facts>(name: string, facts: z.ZodType<Facts>): Promise<Facts>
  /** Looks again and again, until there is something; `null` when there was nothing for so long. */
  until<Found>(look: () => Promise<Found | null>, patienceMs: number): Promise<Found | null>
  /** Gives signals and timers of this process their turn, and stops when it is to stop. */
  readonly breathe: () => Promise<void>
  /** Milliseconds of a clock that nobody can set. */
  readonly nowMs: () => number
  /** Says that this half is over, and how the system refused it; then waits until the other one is. */
  end(refused: string | null): Promise<HalfEnd>
}

export interface BenchOptions {
  readonly folder: string
  /** Of the trial. */
  readonly topic: string
  readonly role: Role
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Network file systems may keep names and attributes for a minute (nfs(5), `acdirmax`), and say nothing meanwhile. */
export const patienceMs = 90_000

const firstPauseMs = 1
const longestPauseMs = 50
/** More than any facts of ours. */
const mostBytes = 64 * 1024

/** Of a signal that says nothing but that it is there. */
export const noFacts = z.object({})
const halfEnd = z.object({ refused: z.string().nullable() })
type HalfEnd = z.infer<typeof halfEnd>

const endOf = (role: Role): string => `end-${role}`
const other: Readonly<Record<Role, Role>> = { leader: 'follower', follower: 'leader' }

export function createBench(workspace: BatchWorkspace, options: BenchOptions): Bench {
  const { folder, topic, role, clock, signal } = options
  const { fileSystem } = workspace
  const at = (name: string): string => join(folder, `${topic}.${name}`)

  const until: Bench['until'] = async (look, patience) => {
    const sinceMs = monotonicMsOf(clock)
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      signal.throwIfAborted()
      const found = await look()
      if (found !== null) return found
      if (monotonicMsOf(clock) - sinceMs > patience) return null
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, pauseMs))
    }
  }
  const factsAt = <Facts>(name: string, facts: z.ZodType<Facts>): Promise<Facts | null> =>
    readFacts(fileSystem, at(name), facts)
  const hearSoon = async <Facts>(name: string, facts: z.ZodType<Facts>): Promise<Facts | null> => {
    const ended = await factsAt(endOf(other[role]), halfEnd)
    const heard = await factsAt(name, facts)
    if (heard === null && ended !== null) throw endedEarly(name, ended)
    return heard
  }
  const give: Bench['give'] = async (name, facts = {}) => {
    const prepared = at(`${name}.${role}.new`)
    await writeNewRecord(fileSystem, prepared, facts)
    await fileSystem.rename(prepared, at(name))
  }
  return {
    role,
    workspace,
    fileSystem,
    clock,
    at,
    until,
    give,
    nowMs: () => monotonicMsOf(clock),
    async breathe() {
      await setImmediate()
      signal.throwIfAborted()
    },
    async hear(name, facts) {
      const heard = await until(() => hearSoon(name, facts), patienceMs)
      if (heard === null) throw nothingHeard(name)
      return heard
    },
    async end(refused) {
      await give(endOf(role), { refused })
      const ended = await until(() => factsAt(endOf(other[role]), halfEnd), patienceMs)
      if (ended === null) throw nothingHeard(topic)
      return ended
    },
  }
}

/** `null` unless it stands there whole. Rejects with the system's error. */
export async function readFacts<Facts>(
  fileSystem: FileSystem,
  path: string,
  facts: z.ZodType<Facts>,
): Promise<Facts | null> {
  const read = await readSmallFile(fileSystem, path, mostBytes)
  const parsed = read.type === 'content' ? facts.safeParse(jsonOrNull(read.content)) : null
  return parsed?.success === true ? parsed.data : null
}

function jsonOrNull(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return null
  }
}

/** What a refusal of the system is told as. Anything else is thrown on: it is no answer of the storage. */
export function refusalOf(error: unknown): string {
  const code = systemErrorCode(error)
  if (code === null || isBatchReconciliationError(error)) throw error
  return code
}

/** Its half was refused by the system: that is the finding. Otherwise one of the two does not do its half. */
function endedEarly(name: string, { refused }: HalfEnd): Error {
  return refused === null ? nothingHeard(name) : Object.assign(new Error(refused), { code: refused })
}

function nothingHeard(name: string): Error {
  return reconciliationError({
    code: 'StorageCheckFailed',
    message: `The other process gave no answer for ${patienceMs / 1_000} seconds (${name}).`,
    hint: 'When it has ended, begin again. When both are still there, this storage shows the one too late what the other writes: it is not fit for workers.',
    facts: { name },
  })
}
