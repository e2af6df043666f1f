import { verifyTriple } from '../accounting/verify.js'
import { readMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { scanDone, type DoneTriple } from '../workspace/scan-done.js'
import { reporterOf } from './dependencies.js'
import type { ReportEvent } from './events.js'
import type { TripleProof } from './report.js'

export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ReportEvent | undefined
}

/** Proves every triple in `done/` again, offline: the bytes are those of its proof, and every request is accounted for. */
export async function verifyWorkspace(
  workspace: BatchWorkspace,
  options: VerifyOptions = {},
): Promise<readonly TripleProof[]> {
  const proofs: TripleProof[] = []
  const triples = await scanDone(workspace)
  reporterOf(options)({ type: 'workspace.scanned', triples: triples.length, totalBytes: 0 })
  for (const triple of triples) {
    options.signal?.throwIfAborted()
    proofs.push(await proofOf(workspace, triple, options))
  }
  return proofs
}

async function proofOf(
  workspace: BatchWorkspace,
  { index, input, output, error, metadata }: DoneTriple,
  { signal }: VerifyOptions,
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
