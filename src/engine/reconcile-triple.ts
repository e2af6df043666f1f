import type { ExpectedContentType } from '../accounting/rows/content.js'
import type { TripleOutcome } from '../../machines/index.js'
import { onFirstUse } from '../on-first-use.js'
import { findInputChange, inputChangeText } from '../workspace/input-identity.js'
import { locateTriple } from '../workspace/locate-triple.js'
import { readMetadata } from '../workspace/metadata.js'
import { standingPath } from '../workspace/move-intent.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import type { ReconcileOptions } from './options.js'
import type { TripleReport } from './report.js'
import { withRun, type Run } from './run.js'

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
  const openTripleSession = await loadSessions()
  const session = openTripleSession(run, index)
  try {
    const report = await session.run()
    if (isWaiting(report)) await sayInputChange(run, index)
    return report
  } finally {
    await session.close()
  }
}

const loadSessions = onFirstUse(async () => (await import('./triple-session.js')).openTripleSession)

const isWaiting = ({ outcome: { type } }: TripleReport): boolean =>
  type === 'not-submitted' || type === 'pending'

/** No step reads an input that only waits; that it is not the one that was sent is said all the same. */
async function sayInputChange({ workspace, report }: Run, index: string): Promise<void> {
  const triple = await locateTriple(workspace, index)
  const path = standingPath(workspace, triple, 'input')
  const metadataPath = standingPath(workspace, triple, 'metadata')
  if (path === null || metadataPath === null) return
  const change = await findInputChange(workspace, await readMetadata(workspace, metadataPath), {
    index,
    path,
  })
  if (change !== null) report({ type: 'warning', index, message: `${inputChangeText(change)}.` })
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
