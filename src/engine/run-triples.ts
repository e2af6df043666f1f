import { createActor, waitFor } from 'xstate'
import { failedState, schedulerMachine, toProblem, type SchedulerActor } from '../../machines/index.js'
import { isBatchReconciliationError } from '../errors.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import type { TripleReport } from './report.js'
import type { Run } from './run.js'

/** Takes one triple to its rest. */
export type RunTriple = (triple: BatchFileTriple) => Promise<TripleReport>

/**
 * Runs triples to their rest, a few at a time: the scheduler's machine says which one starts when. `null` stands for
 * those that a stop kept from coming to rest.
 */
export async function runTriples(
  run: Run,
  triples: readonly BatchFileTriple[],
  runTriple: RunTriple,
): Promise<readonly (TripleReport | null)[]> {
  const reports: (TripleReport | null)[] = triples.map(() => null)
  const scheduler = createActor(schedulerMachine, {
    input: { triples: triples.length, maxLive: run.concurrency },
  })
  scheduler.on('triple.admitted', ({ position }) => {
    const triple = triples[position]
    if (triple === undefined)
      throw new Error(`The scheduler admitted triple ${position} of ${triples.length}.`)
    void runOne(run, triple, runTriple).then((report) => {
      reports[position] = report
      scheduler.send({ type: 'triple.settled' })
    })
  })
  await runToEnd(scheduler, run.signal)
  return reports
}

async function runToEnd(scheduler: SchedulerActor, signal: AbortSignal): Promise<void> {
  const stop = (): void => scheduler.send({ type: 'scheduler.stop' })
  signal.addEventListener('abort', stop, { once: true })
  scheduler.start()
  if (signal.aborted) stop()
  await waitFor(scheduler, (snapshot) => snapshot.status === 'done')
  signal.removeEventListener('abort', stop)
}

/** Never rejects: a fault of ours in one triple must not take the others down either. */
async function runOne(
  { report: emit }: Run,
  triple: BatchFileTriple,
  runTriple: RunTriple,
): Promise<TripleReport | null> {
  emit({ type: 'triple.started', index: triple.index })
  try {
    const report = await runTriple(triple)
    emit({ type: 'triple.settled', index: triple.index, report })
    return report
  } catch (error) {
    if (isBatchReconciliationError(error) && error.code === 'Interrupted') return null
    const report = brokenReport(triple.index, error)
    emit({ type: 'triple.settled', index: triple.index, report })
    return report
  }
}

function brokenReport(index: string, error: unknown): TripleReport {
  const problem = toProblem(error)
  return {
    index,
    outcome: { type: 'failed', problem },
    state: failedState,
    operations: [],
    counts: null,
    rows: null,
    lineageRows: null,
    failedForGood: null,
    requestsSent: null,
    problem,
    attempt: 1,
    rootIndex: index,
    remoteStatus: null,
    resultsPath: null,
    unconfirmed: null,
  }
}
