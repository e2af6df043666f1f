import { reconciliationError, type BatchReconciliationError } from '../../errors.js'
import { claimName } from '../claim-name.js'
import type { BatchWorkspace } from '../open-workspace.js'
import { removeIfThere } from '../remove-if-there.js'
import type { OwnerWatch } from './owner-watch.js'
import {
  leasePath,
  listLeases,
  readLease,
  removeStagingFolder,
  stagingPath,
  workerPath,
  type LeaseFile,
  type WorkerFiles,
} from './worker-files.js'
import type { LeaseRecord } from './worker-schema.js'

/** What one worker alone may do something about, until it gives it back. */
export interface Lease {
  readonly name: string
  /** Higher than that of every owner before. */
  readonly number: number
  /** Where its owner writes what it is about to put in place. Gone when the lease is: nothing can be put in place then. */
  readonly folder: string
  /** Makes sure that nobody has taken it over; to be called right before each effect. Rejects with `TripleTaken`. */
  confirm(): Promise<void>
  /** Gives it back. One that was taken over is left alone. */
  release(): Promise<void>
}

export type LeaseAnswer =
  | { readonly type: 'lease'; readonly lease: Lease }
  /** Somebody else has it. `againInMs`: when it makes sense to ask again. */
  | { readonly type: 'held'; readonly holder: LeaseRecord | null; readonly againInMs: number }

export interface LeaseRequest {
  readonly name: string
  readonly owner: LeaseRecord
  readonly owners: OwnerWatch
}

/** When somebody else took it this moment; two who came at once do not come back at once. */
const againSoonMs = (): number => 50 + Math.random() * 200

/**
 * Takes a lease, or says who has it. The owner is who has the highest number. A lease whose owner is gone is taken over
 * under the next number, which of all who try only one gets; then the folders of all owners before are taken away, so that
 * one that was only asleep can put nothing in place when it wakes. A kill anywhere in between leaves a lease of an owner
 * that is gone, which the next one takes over in the same way.
 */
export async function takeLease(workspace: BatchWorkspace, request: LeaseRequest): Promise<LeaseAnswer> {
  const { name, owner } = request
  const before = await listLeases(workspace, name)
  const judged: Judged = new Map()
  const standing = await standingOf(workspace, request, before.leases, judged)
  if (standing !== null) return standing
  // Above that of a folder without a lease, too: its owner must find its folder gone. Begun with the time, so that a number
  // is hardly used twice; a whole one, as it stands in names.
  const numbers = [...before.leases, ...before.folders]
  const number = Math.max(Math.floor(owner.taken_at_ms), ...numbers.map((each) => each.number + 1))
  const mine = { name, number, token: owner.token }
  const folder = stagingPath(workspace, mine)
  // Before the claim: whoever takes over from us finds it, and takes it away.
  await workspace.fileSystem.makeDirectory(folder)
  if (!(await hasClaimed(workspace, mine))) return leftToOthers(workspace, mine)
  // Whoever comes from here on sees our claim, so this is all that stands of others.
  const beside = await listLeases(workspace, name)
  if (!(await isAlone(workspace, mine, beside.leases, judged))) return leftToOthers(workspace, mine)
  await removeEarlier(workspace, mine, beside)
  // Somebody who had been and gone between our folder and our claim has taken the folder away, as he had to.
  if (!(await isStanding(workspace, folder))) return leftToOthers(workspace, mine)
  return { type: 'lease', lease: leaseAt(workspace, mine, folder) }
}

/** Takes back what we put there, which others go by; they had it first. */
async function leftToOthers(workspace: BatchWorkspace, mine: Mine): Promise<LeaseAnswer> {
  await removeClaim(workspace, mine)
  await removeStagingFolder(workspace, stagingPath(workspace, mine))
  return { type: 'held', holder: null, againInMs: againSoonMs() }
}

/** The name may be that of another owner by now, where clocks differ. */
async function removeClaim(workspace: BatchWorkspace, mine: Mine): Promise<void> {
  const standing = await readLease(workspace, mine)
  const isOurs = standing.type === 'record' && standing.record.token === mine.token
  if (isOurs) await removeIfThere(workspace.fileSystem, leasePath(workspace, mine))
}

const isStanding = async ({ fileSystem }: BatchWorkspace, folder: string): Promise<boolean> =>
  (await fileSystem.stat(folder)) !== null

/** The owners that were found gone, by the number of their lease. */
type Judged = Map<number, string>

/** `null` when all owners so far are gone; notes who they are. */
async function standingOf(
  workspace: BatchWorkspace,
  { owners, owner }: LeaseRequest,
  leases: readonly LeaseFile[],
  judged: Judged,
): Promise<LeaseAnswer | null> {
  for (const lease of leases) {
    const read = await readLease(workspace, lease)
    if (read.type === 'absent') continue
    // Records are linked when they are whole: one that says nothing is none of ours, and a person has to look.
    if (read.type === 'unreadable') return { type: 'held', holder: null, againInMs: unreadableAgainMs }
    judged.set(lease.number, read.record.token)
    // One of our own that was not given back, because giving it back failed.
    if (read.record.token === owner.token) continue
    const standing = await owners.standingOf(read.record)
    if (standing.type === 'present') {
      return { type: 'held', holder: read.record, againInMs: standing.knownInMs }
    }
  }
  return null
}

const unreadableAgainMs = 60_000

/** The record of the owner gets one more name; it stands whole for as long as the owner has its place. */
function hasClaimed(workspace: BatchWorkspace, mine: Mine): Promise<boolean> {
  return claimName(workspace.fileSystem, workerPath(workspace, mine.token), leasePath(workspace, mine))
}

interface Mine extends LeaseFile {
  readonly token: string
}

/**
 * Who judged slowly may come when all those it judged are long gone and others have come. A lease that it did not judge,
 * whatever its number, means that somebody else is at work; then it leaves.
 */
async function isAlone(
  workspace: BatchWorkspace,
  mine: Mine,
  leases: readonly LeaseFile[],
  judged: Judged,
): Promise<boolean> {
  for (const lease of leases) {
    if (lease.number !== mine.number && !(await isJudged(workspace, lease, judged))) return false
  }
  return true
}

/** By its number and its owner: where clocks differ, or stand still, a number may have come back. */
async function isJudged(workspace: BatchWorkspace, lease: LeaseFile, judged: Judged): Promise<boolean> {
  const token = judged.get(lease.number)
  if (token === undefined) return false
  const read = await readLease(workspace, lease)
  return read.type === 'absent' || (read.type === 'record' && read.record.token === token)
}

/** The folders first: their owners can do nothing any more from there on. */
async function removeEarlier(
  workspace: BatchWorkspace,
  { number, token }: Mine,
  { leases, folders }: Pick<WorkerFiles, 'leases' | 'folders'>,
): Promise<void> {
  for (const each of folders) {
    const isMine = each.number === number && each.token === token
    if (!isMine && each.number <= number) await removeStagingFolder(workspace, stagingPath(workspace, each))
  }
  for (const each of leases) {
    if (each.number < number) await removeIfThere(workspace.fileSystem, leasePath(workspace, each))
  }
}

function leaseAt(workspace: BatchWorkspace, mine: Mine, folder: string): Lease {
  const { fileSystem } = workspace
  return {
    name: mine.name,
    number: mine.number,
    folder,
    async confirm() {
      if (!(await isStanding(workspace, folder))) throw tripleTaken(mine.name)
    },
    async release() {
      // Whoever took it over removes our claim after the folder, unless it was killed in between.
      if (!(await removeStagingFolder(workspace, folder))) return removeClaim(workspace, mine)
      await removeIfThere(fileSystem, leasePath(workspace, mine))
    },
  }
}

/** Another worker has gone on with it. */
export function tripleTaken(name: string): BatchReconciliationError {
  return taken(`Another worker has taken over ${name}, because this one gave no sign of life for too long.`, {
    name,
  })
}

/** Others have gone on with all that the worker had. */
export function everythingTaken(): BatchReconciliationError {
  return taken(
    'Others have found this worker silent for longer than its leases last, and go on with what it had.',
  )
}

function taken(message: string, facts: Readonly<Record<string, unknown>> = {}): BatchReconciliationError {
  return reconciliationError({
    code: 'TripleTaken',
    message,
    hint: 'Nothing is lost: who has it goes on. When it happens often, give workers more memory and CPU, or a longer --lease-seconds.',
    isPassing: true,
    hasBeenRetried: true,
    facts,
  })
}
