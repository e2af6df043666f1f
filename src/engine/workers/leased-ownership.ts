import { soleOwnership, type Ownership, type TriplePlace } from '../../actors/ownership.js'
import type { SubmissionAdmission } from '../../actors/submission-admission.js'
import type { SentBefore } from '../../actors/sent-before.js'
import type { Clock } from '../../clock.js'
import { reconciliationError } from '../../errors.js'
import { leaseHolderText } from '../../workspace/holder-text.js'
import { fileInMemory } from '../../workspace/file-in-memory.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import type { Lease, LeaseAnswer } from '../../workspace/workers/lease.js'
import { leasedFileSystem } from '../../workspace/workers/leased-file-system.js'
import type { ClaimLog } from '../../workspace/workers/claim-log.js'
import type { WorkerSeat } from '../../workspace/workers/worker-seat.js'
import { sleep } from '../sleep.js'
import { turnsUnderLease, type TurnsUnderLease } from './turns-under-lease.js'

export interface LeasedPlaces {
  readonly workspace: BatchWorkspace
  readonly seat: WorkerSeat
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly sentBefore: SentBefore
  readonly admission: SubmissionAdmission
  readonly claims: ClaimLog
  /** At what all triples of all workers want: to look whether requests were sent before. */
  readonly submissions: TurnsUnderLease
  /** Whether the rows of an attempt are of use to this process only. */
  readonly keepsRowsInMemory: boolean
}

/** Of a lease's time, what a creation may take: others may see the sign of life later than it was given. */
const creationShare = 0.75

/** Shorter than the time for which whoever takes over searches for the batch before it makes another. */
const longestCreationMs = 60_000

/** Where the steps of a triple work that this worker has the lease of. */
export function leasedPlace(places: LeasedPlaces, lease: Lease): TriplePlace {
  const { layout } = places.workspace
  const rows = places.keepsRowsInMemory ? fileInMemory(layout.rowsFile(lease.name)) : null
  const workspaceUnder = (each: Lease): BatchWorkspace => {
    const workspace = workspaceOf(places, each)
    return rows === null ? workspace : { ...workspace, fileSystem: rows.on(workspace.fileSystem) }
  }
  return { workspace: workspaceUnder(lease), ownership: leasedOwnership(places, lease, workspaceUnder) }
}

function leasedOwnership(
  places: LeasedPlaces,
  lease: Lease,
  workspaceUnder: (lease: Lease) => BatchWorkspace,
): Ownership {
  const { workspace, seat, sentBefore, admission, claims, submissions } = places
  const withLease = async <Result>(
    request: LeaseWish,
    work: (workspace: BatchWorkspace) => Promise<Result>,
  ): Promise<Result> => {
    const other = await takeSoon(places, request)
    try {
      // What we are about to write follows from our own triple, which must be ours still.
      await lease.confirm()
      return await work(workspaceUnder(other))
    } finally {
      await other.release()
    }
  }
  return {
    withTriple: (_workspace, index, work) => withLease({ name: index, patienceMs }, work),
    // Whoever has the root triple has the results of its lineage.
    withResults: (_workspace, rootIndex, work) =>
      rootIndex === lease.name
        ? work(workspaceUnder(lease))
        : // Triples of this worker wait here for each other, instead of asking the disk again and again.
          soleOwnership.withResults(workspace, rootIndex, () =>
            withLease({ name: rootIndex, patienceMs: retryPatienceMs }, work),
          ),
    withSubmissions: (index, work) =>
      submissions(async (ours, isFirst) => {
        await lease.confirm()
        if (isFirst) await hearOfOthers({ sentBefore, admission, claims })
        // First: what is claimed and then not sent only makes others look once more.
        await claims.add(workspaceOf(places, ours), index)
        return work()
      }),
    async beforeCreation() {
      const safeMs = await seat.safeForMs()
      await lease.confirm()
      const keptMs = seat.worker.lease_ms * (1 - creationShare)
      return Math.min(safeMs - keptMs, longestCreationMs)
    },
  }
}

/** What other workers have begun to send since this one last had the lease. */
async function hearOfOthers({
  claims,
  sentBefore,
  admission,
}: Pick<LeasedPlaces, 'claims' | 'sentBefore' | 'admission'>): Promise<void> {
  const { indices, isWhole } = await claims.ofOthers()
  if (isWhole) {
    await sentBefore.hearOf(indices)
    admission.hearOf(indices)
  } else {
    sentBefore.forget()
    admission.forget()
  }
}

/** The lease for submissions, of which one taking serves many triples. */
export function submissionTurns(places: Pick<LeasedPlaces, 'seat' | 'clock' | 'signal'>): TurnsUnderLease {
  const { clock, signal } = places
  const take = (): Promise<Lease> => takeSoon(places, { name: 'submissions', patienceMs })
  return turnsUnderLease({
    take,
    clock,
    signal,
    heldForMs: 2 * longestPauseMs,
    pauseMs: 1.5 * longestPauseMs,
  })
}

/** Only the rows of an attempt go on where another one left them. */
function workspaceOf({ workspace }: Pick<LeasedPlaces, 'workspace'>, lease: Lease): BatchWorkspace {
  const { logs } = workspace.layout
  const isGrowing = (path: string): boolean => path.startsWith(logs) && path.endsWith('.part.jsonl')
  return { ...workspace, fileSystem: leasedFileSystem(workspace.fileSystem, lease, isGrowing) }
}

interface LeaseWish {
  readonly name: string
  /** For so long it is waited for while others have it, in milliseconds. */
  readonly patienceMs: number
}

/** What others have for a moment is waited for; longer than that the triple is left, and comes again. */
const patienceMs = 10_000

/** A retry that wants its root gives way sooner than a root that wants its retry: one of two that wait for each other goes on. */
const retryPatienceMs = patienceMs / 2

const longestPauseMs = 250

async function takeSoon(
  { seat, clock, signal }: Pick<LeasedPlaces, 'seat' | 'clock' | 'signal'>,
  { name, patienceMs: mostMs }: LeaseWish,
): Promise<Lease> {
  for (let waitedMs = 0; ;) {
    const answer = await seat.take(name)
    if (answer.type === 'lease') return answer.lease
    if (waitedMs >= mostMs || signal.aborted) throw heldByOther(name, answer)
    const pauseMs = Math.min(answer.againInMs, longestPauseMs)
    await sleep(clock, pauseMs, signal)
    waitedMs += pauseMs
  }
}

function heldByOther(name: string, { holder, againInMs }: Extract<LeaseAnswer, { type: 'held' }>): Error {
  const who = holder === null ? 'another worker' : leaseHolderText(holder)
  return reconciliationError({
    code: 'TripleTaken',
    message: `${name} is being worked on by ${who}.`,
    hint: 'A worker looks at it again in a while.',
    isPassing: true,
    retryAfterMs: againInMs,
    facts: { name },
  })
}
