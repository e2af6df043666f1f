import { createActor } from 'xstate'
import {
  outcomeOf,
  recommendedOperations,
  statePathOf,
  type TripleActor,
  type TripleOutcome,
  type TripleSnapshot,
} from '../../machines/index.js'
import type { TripleDependencies } from '../actors/dependencies.js'
import { reconciliationError } from '../errors.js'
import { openJournal } from '../workspace/journal.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import { tripleDependencies } from './dependencies.js'
import type { ReportEvent } from './events.js'
import { bothInspect, neverThrows, observeRootActor } from './observe-actor.js'
import type { ReconcileOptions } from './options.js'
import { provideActors } from './provide-actors.js'
import type { TripleReport } from './report.js'
import { runContext, type RunContext } from './run-context.js'

/**
 * Reconciles one triple as far as it goes by itself: to `done/`, or to where it waits for the server or for a
 * person. Never rejects for what is wrong with the triple: that is its outcome.
 *
 * The caller sees to it that no other process works on the workspace (`reconcileWorkspace` locks it).
 */
export async function reconcileTriple(
  workspace: BatchWorkspace,
  triple: Pick<BatchFileTriple, 'index'>,
  options: ReconcileOptions = {},
  run: RunContext = runContext(options),
): Promise<TripleReport> {
  const dependencies = tripleDependencies(workspace, options, run)
  const watch = observeTransitions(dependencies, triple.index, dependencies.report as ReportEvent)
  const actor = createActor(provideActors(dependencies), {
    input: {
      index: triple.index,
      limits: dependencies.limits,
      maySubmit: options.shouldSubmit ?? false,
      maySubmitRetries: options.shouldSubmitRetries ?? true,
    },
    clock: dependencies.clock,
    inspect: bothInspect(watch.inspect, neverThrows(options.inspect)),
  })
  try {
    const snapshot = await atRest(actor, options.signal)
    return tripleReport(workspace, snapshot)
  } finally {
    actor.stop()
    await dependencies.stepsAtWork.settled()
    dependencies.accountings.forget()
    await watch.flush()
  }
}

/**
 * As `reconcileTriple`, giving the outcome only. The seed's name.
 *
 * @example
 * const outcome = await reconcileUnprocessedBatchTriple(triple, { expectedContentType: 'json', processOutput })
 */
export async function reconcileUnprocessedBatchTriple(
  triple: BatchFileTriple,
  options: ReconcileOptions = {},
): Promise<TripleOutcome> {
  return (await reconcileTriple(triple.workspace, triple, options)).outcome
}

/** Resolves when the triple rests, rejects with `Interrupted` when the signal fires before. */
function atRest(actor: TripleActor, signal: AbortSignal | undefined): Promise<TripleSnapshot> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(interrupted())
    const settle = (finish: () => void): void => {
      signal?.removeEventListener('abort', onAbort)
      finish()
    }
    if (signal?.aborted === true) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    actor.subscribe({
      next: (snapshot) => {
        if (snapshot.hasTag('resting')) settle(() => resolve(snapshot))
      },
      error: (error: unknown) => settle(() => reject(error)),
    })
    actor.start()
  })
}

/** Tells listeners and the journal of every transition. */
function observeTransitions({ workspace, clock }: TripleDependencies, index: string, report: ReportEvent) {
  const journal = openJournal(workspace, index, {
    clock,
    onError: (error) =>
      report({ type: 'warning', index, message: `The journal cannot be written: ${String(error)}` }),
  })
  let from = 'start'
  const inspect = observeRootActor((observation) => {
    if (observation.type !== 'actor.moved') return
    const snapshot = observation.snapshot as TripleSnapshot
    const to = statePathOf(snapshot)
    if (to === from) return
    const { facts, problem } = snapshot.context
    const step = { from, event: observation.event.type, to }
    from = to
    journal.append({ ...step, facts: { ...facts, problem } })
    report({ type: 'triple.changed', index, ...step, facts })
  })
  return { inspect, flush: () => journal.flush() }
}

function tripleReport(workspace: BatchWorkspace, snapshot: TripleSnapshot): TripleReport {
  const { context } = snapshot
  const outcome = outcomeOf(snapshot)
  const course = context.facts === null ? null : recommendedOperations(context.facts)
  const rootIndex = context.facts?.rootIndex ?? context.index
  return {
    index: context.index,
    outcome,
    state: statePathOf(snapshot),
    operations: course?.type === 'operations' ? course.operations : [],
    counts: context.counts,
    rows: context.counts === null ? null : context.rows,
    problem: 'problem' in outcome ? outcome.problem : null,
    attempt: context.facts?.attempt ?? 1,
    rootIndex,
    remoteStatus: context.remoteStatus,
    resultsPath: outcome.type === 'done' ? workspace.layout.resultsFile(rootIndex) : null,
  }
}

function interrupted(): Error {
  return reconciliationError({
    code: 'Interrupted',
    message: 'The run was stopped before this triple came to rest.',
    hint: 'Run again: it goes on where it stopped.',
  })
}
