import { soleOwnership, type Ownership, type TriplePlace } from '../../actors/ownership.js'
import type { SubmissionAdmission } from '../../actors/submission-admission.js'
import type { SentBefore } from '../../actors/sent-before.js'
import type { Clock } from '../../clock.js'
import { reconciliationError } from '../../errors.js'
import { leaseHolderText } from '../../workspace/holder-text.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import type { Lease, LeaseAnswer } from '../../workspace/workers/lease.js'
import { leasedFileSystem } from '../../workspace/workers/leased-file-system.js'
import type { ClaimLog } from '../../workspace/workers/claim-log.js'
import type { WorkerSeat } from '../../workspace/workers/worker-seat.js'
import { sleep } from '../sleep.js'

export interface LeasedPlaces {
  readonly workspace: BatchWorkspace
  readonly seat: WorkerSeat
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly sentBefore: SentBefore
  readonly admission: SubmissionAdmission
  readonly claims: ClaimLog
}

/** Of a lease's time, what a creation may take: the rest is for what comes between the sign of life and the request. */
const creationShare = 0.75

/** Shorter than the time for which whoever takes over searches for the batch before it makes another. */
const longestCreationMs = 60_000

/** Where the steps of a triple work that this worker has the lease of. */
export function leasedPlace(places: LeasedPlaces, lease: Lease): TriplePlace {
  return { workspace: workspaceOf(places, lease), ownership: leasedOwnership(places, lease) }
}

function leasedOwnership(places: LeasedPlaces, lease: Lease): Ownership {
  const { workspace, seat, sentBefore, admission, claims } = places
  const withLease = async <Result>(
    name: string,
    work: (workspace: BatchWorkspace) => Promise<Result>,
  ): Promise<Result> => {
    const other = await takeSoon(places, name)
    try {
      // What we are about to write follows from our own triple, which must be ours still.
      await lease.confirm()
      return await work(workspaceOf(places, other))
    } finally {
      await other.release()
    }
  }
  return {
    withTriple: (_workspace, index, work) => withLease(index, work),
    withResults: (_workspace, rootIndex, work) =>
      // Triples of this worker wait here for each other, instead of asking the disk again and again.
      soleOwnership.withResults(workspace, rootIndex, () => withLease(`${rootIndex}.results`, work)),
    withSubmissions: (index, work) =>
      withLease('submissions', async (ours) => {
        const { indices, isWhole } = await claims.ofOthers()
        if (isWhole) {
          await sentBefore.hearOf(indices)
          admission.hearOf(indices)
        } else {
          sentBefore.forget()
          admission.forget()
        }
        // First: what is claimed and then not sent only makes others look once more.
        await claims.add(ours, index)
        return work()
      }),
    async beforeCreation() {
      await seat.giveSignOfLife()
      await lease.confirm()
    },
    creationLimitMs: Math.min(seat.worker.lease_ms * creationShare, longestCreationMs),
  }
}

/** Only the rows of an attempt go on where another one left them. */
function workspaceOf({ workspace }: LeasedPlaces, lease: Lease): BatchWorkspace {
  const { logs } = workspace.layout
  const isGrowing = (path: string): boolean => path.startsWith(logs) && path.endsWith('.part.jsonl')
  return { ...workspace, fileSystem: leasedFileSystem(workspace.fileSystem, lease, isGrowing) }
}

/** What others have for a moment is waited for; longer than that the triple is left, and comes again. */
const patienceMs = 10_000
const longestPauseMs = 250

async function takeSoon({ seat, clock, signal }: LeasedPlaces, name: string): Promise<Lease> {
  for (let waitedMs = 0; ;) {
    const answer = await seat.take(name)
    if (answer.type === 'lease') return answer.lease
    if (waitedMs >= patienceMs || signal.aborted) throw heldByOther(name, answer)
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
