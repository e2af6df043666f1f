import { problemOfResults } from '../accounting/verify-results.js'
import { verifyTriple } from '../accounting/verify.js'
import { onFirstUse } from '../on-first-use.js'
import { readMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { scanDone, type DoneTriple } from '../workspace/scan-done.js'
import type { ReportEvent } from './events.js'
import type { TripleProof } from './report.js'
import { withReadingRun, type ReadingRun } from './run.js'

export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ReportEvent | undefined
}

/** Proves every triple in `done/` again, offline: its bytes, its requests, and the rows of its results. */
export function verifyWorkspace(
  workspace: BatchWorkspace,
  options: VerifyOptions = {},
): Promise<readonly TripleProof[]> {
  return withReadingRun(workspace, options, verifyAll)
}

async function verifyAll(run: ReadingRun): Promise<readonly TripleProof[]> {
  const proofs: TripleProof[] = []
  const triples = await scanDone(run.workspace)
  run.report({ type: 'workspace.scanned', triples: triples.length, totalBytes: 0 })
  for (const triple of triples) {
    run.signal.throwIfAborted()
    proofs.push(await proofOf(run, triple))
  }
  return proofs
}

/** Proves one finished triple again. */
export async function proofOf(
  { workspace, signal }: Pick<ReadingRun, 'workspace' | 'signal'>,
  { index, input, output, error, metadata }: DoneTriple,
): Promise<TripleProof> {
  const { fileSystem, layout } = workspace
  const readNotes = onFirstUse(async () => (metadata === null ? null : readMetadata(workspace, metadata)))
  const { isProven, problems, accounting } = await verifyTriple({
    fs: fileSystem,
    index,
    files: { input, output, error },
    proofPath: layout.accountingFile(index),
    readMetadata: readNotes,
    signal,
  })
  const counts = accounting?.counts ?? null
  const proof = { index, isProven, problems, counts }
  if (!isProven || counts === null) return proof
  // The results of a lineage are looked at with its root; a retry has none of its own.
  const rootIndex = (await readNotes())?.root_index ?? index
  if (rootIndex !== index) return proof
  const ofResults = await problemOfResults({
    fs: fileSystem,
    index,
    resultsPath: layout.resultsFile(index),
    counts,
  })
  return ofResults === null ? proof : { ...proof, isProven: false, problems: [ofResults] }
}
