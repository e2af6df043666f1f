import { systemClock, type Clock } from '../../clock.js'
import { asFileProblem } from '../file-problem.js'
import type { BatchWorkspace } from '../open-workspace.js'
import { signsWhileALeaseLasts } from '../workers/usual-lease.js'
import { createBench, noFacts, refusalOf, type Bench, type Role } from './bench.js'
import { beWelcomed, come, leave, meetingFolder, welcome } from './meeting.js'
import { atomicRename } from './promises/atomic-rename.js'
import { clocks } from './promises/clocks.js'
import { durableSync } from './promises/durable-sync.js'
import { exclusiveLink } from './promises/exclusive-link.js'
import { oneFileSystem } from './promises/one-file-system.js'
import { removedFolder } from './promises/removed-folder.js'
import { seenSoon } from './promises/seen-soon.js'
import type { StorageFinding, StoragePromise } from './storage-promise.js'

export interface CheckStorageOptions {
  /** The system's unless given. */
  readonly clock?: Clock
  readonly signal?: AbortSignal
  /** Of the workers to be, in milliseconds: a sign of life has to be seen, and answered, within a quarter of it. */
  readonly leaseMs: number
  /** How long the process that leads waits for the other one, in milliseconds. */
  readonly waitMs: number
  /** Called in the process that leads, once the other one may come. */
  readonly onOpen?: () => void
}

/** Of the process that leads the findings; of the one that follows nothing but that it did its half. */
export interface StorageCheck {
  readonly role: Role
  /** Where the other process runs. */
  readonly otherHost: string
  readonly findings: readonly NamedFinding[]
}

export interface NamedFinding extends StorageFinding {
  /** Such as `exclusive-link`. */
  readonly promise: string
}

/**
 * Tries whether the storage of a workspace keeps what workers rely on, together with a second process that calls this for
 * the same folder, on this host or on another one. Whoever comes first leads. Works beside workers, in a folder of its own
 * that is gone afterwards.
 *
 * @throws StorageCheckFailed when no second process comes, or it ends in the middle
 */
export function checkStorage(workspace: BatchWorkspace, options: CheckStorageOptions): Promise<StorageCheck> {
  const folder = meetingFolder(workspace)
  return check(workspace, options).catch(asFileProblem({ path: folder, action: 'check the storage in' }))
}

async function check(workspace: BatchWorkspace, options: CheckStorageOptions): Promise<StorageCheck> {
  const { clock = systemClock, signal = neverStopped, leaseMs, waitMs, onOpen } = options
  const folder = meetingFolder(workspace)
  const promises = promisesFor(leaseMs)
  const benchOf = (role: Role, topic: string): Bench =>
    createBench(workspace, { folder, topic, role, clock, signal })
  const role = await come(benchOf('follower', meetingTopic))
  const meeting = benchOf(role, meetingTopic)
  if (role === 'follower') {
    const otherHost = await beWelcomed(meeting)
    for (const promise of promises) await follow(promise, benchOf(role, promise.name))
    await meeting.give('left')
    return { role, otherHost, findings: [] }
  }
  try {
    onOpen?.()
    const otherHost = await welcome(meeting, waitMs)
    const findings: NamedFinding[] = []
    for (const promise of promises) {
      findings.push({ promise: promise.name, ...(await lead(promise, benchOf(role, promise.name))) })
    }
    // Not under its feet.
    await meeting.hear('left', noFacts)
    return { role, otherHost, findings }
  } finally {
    await leave(workspace)
  }
}

const meetingTopic = 'meeting'
const neverStopped = new AbortController().signal

/** In this order; both processes go through all of them. */
const promisesFor = (leaseMs: number): readonly StoragePromise[] => [
  oneFileSystem,
  exclusiveLink,
  atomicRename,
  removedFolder,
  seenSoon(leaseMs / signsWhileALeaseLasts),
  durableSync,
  clocks,
]

/** A refusal of the system, in either half, is a finding too. */
async function lead(promise: StoragePromise, bench: Bench): Promise<StorageFinding> {
  let finding: StorageFinding | null = null
  let refused: string | null = null
  try {
    finding = await promise.lead(bench)
  } catch (error) {
    refused = refusalOf(error)
  }
  const theirs = await bench.end(refused)
  refused ??= theirs.refused
  return refused === null && finding !== null
    ? finding
    : { isKept: false, told: `the system refused it (${refused})` }
}

async function follow(promise: StoragePromise, bench: Bench): Promise<void> {
  const refused = await promise.follow(bench).then(() => null, refusalOf)
  await bench.end(refused)
}
