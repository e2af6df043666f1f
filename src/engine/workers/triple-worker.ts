import type { StepFailures } from '../../../machines/index.js'
import type { CreationRoom } from '../../actors/creation-room.js'
import type { TriplePlace } from '../../actors/ownership.js'
import { hasCallbacks } from '../../actors/processors.js'
import { submissionGate } from '../../actors/submission-gate.js'
import { isBatchReconciliationError } from '../../errors.js'
import { onFirstUse } from '../../on-first-use.js'
import type { RemoteBatch } from '../../providers/batch-provider.js'
import { createWorkspaceDirectories, type BatchWorkspace } from '../../workspace/open-workspace.js'
import { removeRowsOfMovedTriples } from '../../workspace/stale-files.js'
import { claimLog } from '../../workspace/workers/claim-log.js'
import type { Lease } from '../../workspace/workers/lease.js'
import type { LeaseRecord } from '../../workspace/workers/worker-schema.js'
import { takeWorkerSeat, type WorkerSeat } from '../../workspace/workers/worker-seat.js'
import type { Choices } from '../parse-options.js'
import type { TripleReport } from '../report.js'
import { withRun, type Run } from '../run.js'
import { triplesAtWork } from '../triples-at-work.js'
import { leasedPlace, submissionTurns, type LeasedPlaces } from './leased-ownership.js'
import { lookOver, type LookOverRequest, type Sight } from './look-over.js'
import { noteOf, quotaPauseMs, type TripleNote } from './triple-note.js'

/** Something to look at, once. Whoever keeps these may lose them: they are made again from the files. */
export interface TripleTask {
  readonly index: string
  /** How often the step it stopped at has failed in a row. */
  readonly earlierFailures?: StepFailures | undefined
  /** What the server said of its batch a moment ago. */
  readonly learnt?: RemoteBatch | undefined
}

export type TaskEnd =
  /** Nobody looks at it again; the retries that it wrote are next. */
  | { readonly type: 'done'; readonly report: TripleReport; readonly retryIndices: readonly string[] }
  /** `note` is for the next look over the workspace. */
  | { readonly type: 'rested'; readonly report: TripleReport; readonly note: TripleNote }
  /** A step failed for a passing reason: the same task again, with `again`, after so long. */
  | {
      readonly type: 'backing-off'
      readonly report: TripleReport
      readonly delayMs: number
      readonly again: TripleTask
    }
  /** Another worker has it. */
  | { readonly type: 'held'; readonly holder: LeaseRecord | null; readonly delayMs: number }
  /** The signal fired, or another worker took it over: whoever goes on begins with its files. */
  | { readonly type: 'interrupted' }

/** A process that works on a workspace together with others. Which triples it works on, somebody else says. */
export interface TripleWorker {
  readonly run: Run
  readonly seat: WorkerSeat
  /** Works on one triple as far as it goes by itself, while nobody else does. Never rejects for what is wrong with it. */
  work(task: TripleTask): Promise<TaskEnd>
  /** Looks for triples to work on, and removes what workers left that are gone. */
  lookOver(request: LookOverRequest): Promise<Sight>
}

/** Longer waits than this are left to whoever says which triple is next. */
const patienceMs = 2_000

/**
 * Works as one of several on a workspace. Throws `WorkspaceLocked` while a command is at work that wants it for itself.
 */
export function withTripleWorker<Room extends CreationRoom, Result>(
  workspace: BatchWorkspace,
  options: object,
  roomOf: (choices: Choices) => Room,
  work: (worker: TripleWorker, room: Room, choices: Choices) => Promise<Result>,
): Promise<Result> {
  return withRun(workspace, options, async (run, choices) => {
    const { leaseMs } = choices
    const room = roomOf(choices)
    const { clock, report } = run
    const onProblem = (problem: unknown): void =>
      report({ type: 'warning', index: null, message: `No sign of life could be given: ${String(problem)}` })
    const seat = await takeWorkerSeat(workspace, { clock, leaseMs, onProblem })
    try {
      await createWorkspaceDirectories(workspace)
      await removeRowsOfMovedTriples(workspace)
      return await work(tripleWorker({ ...run, room }, seat), room, choices)
    } finally {
      await seat.leave()
    }
  })
}

const loadSessions = onFirstUse(async () => (await import('../triple-session.js')).openTripleSession)

function tripleWorker(shared: Run, seat: WorkerSeat): TripleWorker {
  const places = new Map<string, TriplePlace>()
  const { clock } = shared
  // Workers stay for weeks: once there is money again nobody should have to start them anew.
  const parts = { ...shared, submissions: submissionGate({ clock, afterMs: quotaPauseMs }) }
  const run: Run = { ...parts, triples: triplesAtWork(parts, (index) => places.get(index)) }
  const leased: LeasedPlaces = {
    workspace: run.workspace,
    seat,
    clock: run.clock,
    signal: run.signal,
    sentBefore: run.sentBefore,
    admission: run.admission,
    claims: claimLog(run.workspace),
    submissions: submissionTurns({ seat, clock: run.clock, signal: run.signal }),
    keepsRowsInMemory: !hasCallbacks(run),
  }
  const workAlone = async (task: TripleTask): Promise<TaskEnd> => {
    const { index, earlierFailures, learnt } = task
    const openTripleSession = await loadSessions()
    const session = openTripleSession(run, index, { earlierFailures, patienceMs })
    if (learnt !== undefined) run.board?.tell(learnt)
    try {
      const report = await session.run()
      const { laterTry } = session
      if (laterTry !== null) {
        const again = { index, earlierFailures: laterTry.earlierFailures }
        return { type: 'backing-off', report, delayMs: laterTry.delayMs, again }
      }
      if (report.problem?.code === 'TripleTaken') return { type: 'interrupted' }
      if (report.outcome.type === 'done')
        return { type: 'done', report, retryIndices: retriesOf(report.outcome) }
      const note = await noteOf(run.workspace, report, {
        couldSubmit: run.maySubmit,
        nowMs: run.clock.now(),
      })
      return { type: 'rested', report, note }
    } catch (error) {
      if (isBatchReconciliationError(error) && error.code === 'Interrupted') return { type: 'interrupted' }
      throw error
    } finally {
      await session.close()
      if (learnt !== undefined) run.board?.forget(learnt.batchId)
    }
  }
  return {
    run,
    seat,
    async work(task) {
      const { index } = task
      const answer = await seat.take(index)
      if (answer.type === 'held') return { type: 'held', holder: answer.holder, delayMs: answer.againInMs }
      places.set(index, leasedPlace(leased, answer.lease))
      run.report({ type: 'triple.started', index })
      try {
        const end = await workAlone(task)
        // What it found after somebody else went on says nothing: a file that appeared is that of the one who did.
        if (await isLost(answer.lease)) return { type: 'interrupted' }
        if (end.type === 'rested' || end.type === 'done')
          run.report({ type: 'triple.settled', index, report: end.report })
        return end
      } finally {
        places.delete(index)
        await answer.lease.release()
      }
    },
    async lookOver(request) {
      await seat.tidy()
      return lookOver(run, request)
    },
  }
}

function retriesOf({ retryIndex, retryIndices }: DoneOutcome): readonly string[] {
  return retryIndices ?? (retryIndex === null ? [] : [retryIndex])
}

type DoneOutcome = Extract<TripleReport['outcome'], { readonly type: 'done' }>

/** Whether somebody else is known to have it. A disk that cannot be asked changes nothing about what was found. */
function isLost(lease: Lease): Promise<boolean> {
  return lease.confirm().then(
    () => false,
    (error: unknown) => isBatchReconciliationError(error) && error.code === 'TripleTaken',
  )
}
