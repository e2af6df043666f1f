import { createActor, waitFor } from 'xstate'
import { failedState, schedulerMachine, toProblem, type SchedulerActor } from '../../machines/index.js'
import { isBatchReconciliationError } from '../errors.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import type { TripleReport } from './report.js'
import type { Run } from './run.js'
import { isSmall, type TripleSizes } from './triple-sizes.js'

/** Takes one triple to its rest. */
export type RunTriple = (triple: BatchFileTriple) => Promise<TripleReport>

/**
 * Runs triples to their rest, a few at a time: the scheduler's machine says which one starts when. `null` stands for
 * those that a stop kept from coming to rest.
 *
 * @param sizes of those that were measured: small ones share a place, see `sharePlaces`
 */
export async function runTriples(
  run: Run,
  triples: readonly BatchFileTriple[],
  sizes: TripleSizes,
  runTriple: RunTriple,
): Promise<readonly (TripleReport | null)[]> {
  const reports: (TripleReport | null)[] = triples.map(() => null)
  const places = sharePlaces(triples, sizes, run.smallTogether)
  const scheduler = createActor(schedulerMachine, {
    input: { triples: places.length, maxLive: run.concurrency },
  })
  const runAt = async (position: number): Promise<void> => {
    reports[position] = await runOne(run, triples[position] as BatchFileTriple, runTriple)
  }
  const runPlace = (positions: readonly number[]): Promise<void[]> => Promise.all(positions.map(runAt))
  scheduler.on('triple.admitted', ({ position }) => {
    const place = places[position]
    if (place === undefined) throw new Error(`The scheduler admitted place ${position} of ${places.length}.`)
    void runPlace(place).then(() => scheduler.send({ type: 'triple.settled' }))
  })
  await runToEnd(scheduler, run.signal)
  return reports
}

/**
 * Positions of triples that take one place of the scheduler, in order. A triple of some rows waits for the disk most of
 * its time, and waits together with others for the same syncs; so up to `together` small ones that follow each other
 * share a place, and a large one has it alone.
 */
function sharePlaces(
  triples: readonly BatchFileTriple[],
  sizes: TripleSizes,
  together: number,
): readonly (readonly number[])[] {
  const places: number[][] = []
  let open: number[] = []
  for (const [position, triple] of triples.entries()) {
    const mayShare = isSmall(triple, sizes)
    if (open.length === 0 || open.length >= together || !mayShare) places.push((open = []))
    open.push(position)
    if (!mayShare) open = []
  }
  return places
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
    tokens: null,
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
