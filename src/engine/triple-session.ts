import { createActor } from 'xstate'
import {
  laterTryOf,
  outcomeOf,
  recommendedOperations,
  statePathOf,
  type LaterTry,
  type StepFailures,
  type TripleActor,
  type TripleEvent,
  type TripleOutcome,
  type TripleSnapshot,
} from '../../machines/index.js'
import { reconciliationError } from '../errors.js'
import { openJournal } from '../workspace/journal.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { shellWord } from '../workspace/shell-word.js'
import { bothInspect, neverThrows, observeRootActor } from './observe-actor.js'
import { problemOfWait } from './pending-problem.js'
import { knowLineage, withLineage } from './lineage-report.js'
import type { TripleReport } from './report.js'
import type { Run } from './run.js'
import { unconfirmedSubmission } from './unconfirmed-submission.js'

/** One triple's actor, from its start to its stop. Between two runs it rests and costs a few kilobytes. */
export interface TripleSession {
  /**
   * Runs until the triple rests: from the start the first time, later on from `wake`. One at a time. Rejects with
   * `Interrupted` when the signal of the run fires before; never for what is wrong with the triple.
   */
  run(wake?: TripleEvent): Promise<TripleReport>
  /** The later try that it was left for, when it waits for one longer than it was to. */
  readonly laterTry: LaterTry | null
  /** Stops the actor and waits for what it had begun. */
  close(): Promise<void>
}

export interface SessionOptions {
  readonly earlierFailures?: StepFailures | undefined
  /** A triple that waits longer than this for another try of a step does not keep `run` waiting. Unless set it does. */
  readonly patienceMs?: number
}

/** Starts nothing yet. */
export function openTripleSession(
  run: Run,
  index: string,
  { earlierFailures, patienceMs = Infinity }: SessionOptions = {},
): TripleSession {
  const dependencies = run.triples.begin(index)
  const watch = observeTransitions(run, index)
  const actor = createActor(run.triples.machine, {
    input: {
      index,
      limits: run.limits,
      maySubmit: run.maySubmit,
      maySubmitRetries: run.maySubmitRetries,
      workspace: shellWord(run.workspace.root),
      ...(earlierFailures !== undefined && { earlierFailures }),
    },
    clock: run.clock,
    inspect: bothInspect(watch.inspect, neverThrows(run.inspect)),
  })
  const settle = async (): Promise<void> => {
    await dependencies.stepsAtWork.settled()
    dependencies.accountings.forget()
    dependencies.accountings.rememberArrived(null)
    await watch.flush()
  }
  const longTry = (snapshot: TripleSnapshot): LaterTry | null => {
    const later = laterTryOf(snapshot)
    return later !== null && later.delayMs > patienceMs ? later : null
  }
  const isOver = (snapshot: TripleSnapshot): boolean =>
    snapshot.hasTag('resting') || longTry(snapshot) !== null
  return {
    get laterTry() {
      return longTry(actor.getSnapshot())
    },
    run: async (wake) => {
      const snapshot = await untilOver(actor, wake, isOver, run.signal)
      await settle()
      const report = await tripleReport(run, snapshot)
      run.admission.hearOf([index])
      tellNote(run, report)
      return report
    },
    close: async () => {
      actor.stop()
      await settle()
      run.triples.end(index)
    },
  }
}

/** An end that is not the usual one is said aloud, not only reported. */
function tellNote({ report }: Run, { index, outcome }: TripleReport): void {
  if (outcome.type === 'done' && outcome.note !== undefined)
    report({ type: 'warning', index, message: outcome.note })
}

/** Resolves when it is over, rejects with `Interrupted` when the signal fires before. */
function untilOver(
  actor: TripleActor,
  wake: TripleEvent | undefined,
  isOver: (snapshot: TripleSnapshot) => boolean,
  signal: AbortSignal,
): Promise<TripleSnapshot> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(interrupted())
    const onAbort = (): void => settle(() => reject(interrupted()))
    const settle = (finish: () => void): void => {
      signal.removeEventListener('abort', onAbort)
      // XState calls back while it is still handing out the subscription (a triple that rests at once).
      queueMicrotask(() => subscription.unsubscribe())
      finish()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    const subscription = actor.subscribe({
      next: (snapshot) => {
        if (isOver(snapshot)) settle(() => resolve(snapshot))
      },
      error: (error: unknown) => settle(() => reject(error)),
    })
    if (wake === undefined) actor.start()
    else actor.send(wake)
  })
}

/** Tells listeners and the journal of every transition. */
function observeTransitions({ workspace, clock, report, journalFaults }: Run, index: string) {
  const journal = openJournal(workspace, index, {
    clock,
    onError: (error) => {
      const message = journalFaults.toTell(error)
      if (message !== null) report({ type: 'warning', index, message })
    },
  })
  let from = 'start'
  const inspect = observeRootActor((observation) => {
    if (observation.type !== 'actor.moved') return
    const snapshot = observation.snapshot as TripleSnapshot
    const to = statePathOf(snapshot)
    if (to === from) return
    const { facts, problem, tokens } = snapshot.context
    const step = { from, event: observation.event.type, to }
    from = to
    journal.append(
      { ...step, facts: { ...facts, problem, ...(tokens !== null && { tokens }) } },
      snapshot.hasTag('resting'),
    )
    report({ type: 'triple.changed', index, ...step, facts })
  })
  return { inspect, flush: () => journal.flush() }
}

async function tripleReport(run: Run, snapshot: TripleSnapshot): Promise<TripleReport> {
  const { workspace } = run
  const { context } = snapshot
  const outcome = withProblemOfWait(run, snapshot)
  const course = context.facts === null ? null : recommendedOperations(context.facts, context.workspace)
  const rootIndex = context.facts?.rootIndex ?? context.index
  const isDone = outcome.type === 'done'
  const resultsPath = isDone ? await standingResults(workspace, rootIndex) : null
  const report = {
    index: context.index,
    outcome,
    state: statePathOf(snapshot),
    operations: course?.type === 'operations' ? course.operations : [],
    counts: context.counts,
    tokens: context.tokens,
    rows: context.counts === null ? null : context.rows,
    requestsSent: isDone ? requestsSent(context) : null,
    problem: 'problem' in outcome ? outcome.problem : null,
    attempt: context.facts?.attempt ?? 1,
    rootIndex,
    remoteStatus: context.remoteStatus,
    resultsPath,
    unconfirmed: isDone ? null : await unconfirmedSubmission(workspace, context.index),
  }
  if (isDone && context.tokens !== null) run.tokenLog.note(context.index, context.tokens)
  if (isDone) await knowLineage(run, rootIndex, resultsPath)
  return withLineage(run, report)
}

/** A triple that waits as it should has no problem; one whose server nobody asked, or that is overdue, has. */
function withProblemOfWait(run: Run, snapshot: TripleSnapshot): TripleOutcome {
  const outcome = outcomeOf(snapshot)
  const { facts } = snapshot.context
  if (outcome.type !== 'pending' || outcome.problem !== null || facts === null) return outcome
  return { ...outcome, problem: problemOfWait(run, { state: statePathOf(snapshot), facts }) }
}

/** A batch that is more than the server takes never ran: its parts have its requests. */
function requestsSent({ facts, counts }: TripleSnapshot['context']): number | null {
  return facts !== null && facts.splitParts !== null ? 0 : (counts?.input ?? null)
}

/** A report names no file that is not there: somebody may have taken the results away since they were published. */
async function standingResults(
  { fileSystem, layout }: BatchWorkspace,
  rootIndex: string,
): Promise<string | null> {
  const path = layout.resultsFile(rootIndex)
  const found = await fileSystem.stat(path).catch(() => null)
  return found?.kind === 'file' ? path : null
}

function interrupted(): Error {
  return reconciliationError({
    code: 'Interrupted',
    message: 'The run was stopped before this triple came to rest.',
    hint: 'Run again: it goes on where it stopped.',
  })
}
