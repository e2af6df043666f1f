import type { ExpectedContentType } from '../accounting/rows/content.js'
import type { TripleOutcome } from '../../machines/index.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import type { ReconcileOptions } from './options.js'
import type { TripleReport } from './report.js'
import { withRun, type Run } from './run.js'
import { openTripleSession } from './triple-session.js'

/**
 * Reconciles one triple as far as it goes by itself: to `done/`, or to where it waits for the server or for a
 * person. Never rejects for what is wrong with the triple: that is its outcome.
 *
 * The caller sees to it that no other process works on the workspace (`reconcileWorkspace` locks it).
 */
export function reconcileTriple<Content = unknown, Type extends ExpectedContentType = 'text'>(
  workspace: BatchWorkspace,
  triple: Pick<BatchFileTriple, 'index'>,
  options: ReconcileOptions<Content, Type> = {},
): Promise<TripleReport> {
  return withRun(workspace, options, (run) => runToRest(run, triple))
}

/** `reconcileTriple` within a run. */
export async function runToRest(run: Run, { index }: Pick<BatchFileTriple, 'index'>): Promise<TripleReport> {
  const session = openTripleSession(run, index)
  try {
    return await session.run()
  } finally {
    await session.close()
  }
}

/**
 * As `reconcileTriple`, giving the outcome only. The seed's name.
 *
 * @example
 * const outcome = await reconcileUnprocessedBatchTriple(triple, { expectedContentType: 'json', processOutput })
 */
export async function reconcileUnprocessedBatchTriple<
  Content = unknown,
  Type extends ExpectedContentType = 'text',
>(triple: BatchFileTriple, options: ReconcileOptions<Content, Type> = {}): Promise<TripleOutcome> {
  return (await reconcileTriple(triple.workspace, triple, options)).outcome
}
