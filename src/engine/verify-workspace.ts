import { verifyTriple } from '../accounting/verify.js'
import { readMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { scanDone, type DoneTriple } from '../workspace/scan-done.js'
import type { ReportEvent } from './events.js'
import type { TripleProof } from './report.js'
import { withRun, type Run } from './run.js'

export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ReportEvent | undefined
}

/** Proves every triple in `done/` again, offline: the bytes are those of its proof, and every request is accounted for. */
export function verifyWorkspace(
  workspace: BatchWorkspace,
  options: VerifyOptions = {},
): Promise<readonly TripleProof[]> {
  return withRun(workspace, options, verifyAll)
}

async function verifyAll(run: Run): Promise<readonly TripleProof[]> {
  const proofs: TripleProof[] = []
  const triples = await scanDone(run.workspace)
  run.report({ type: 'workspace.scanned', triples: triples.length, totalBytes: 0 })
  for (const triple of triples) {
    run.signal.throwIfAborted()
    proofs.push(await proofOf(run, triple))
  }
  return proofs
}

async function proofOf(
  { workspace, signal }: Run,
  { index, input, output, error, metadata }: DoneTriple,
): Promise<TripleProof> {
  const { fileSystem, layout } = workspace
  const { isProven, problems, accounting } = await verifyTriple({
    fs: fileSystem,
    index,
    files: { input, output, error },
    proofPath: layout.accountingFile(index),
    readMetadata: async () => (metadata === null ? null : readMetadata(workspace, metadata)),
    signal,
  })
  return { index, isProven, problems, counts: accounting?.counts ?? null }
}
