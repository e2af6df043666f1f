import { writeRetryInput } from '../accounting/results/retry-input.js'
import { noteLineage, type LineageNote } from '../actors/retry-lineage.js'
import { reconciliationError } from '../errors.js'
import type { BatchIndex } from '../workspace/batch-index.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { findInputChange, requireSentInput } from '../workspace/input-identity.js'
import { readMetadata, type BatchMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { Run } from './run.js'

/** What a retry is descended from. */
export interface Lineage {
  readonly parentIndex: BatchIndex
  readonly rootIndex: BatchIndex
  /** The parent's. */
  readonly metadata: BatchMetadata | null
  /** Absolute path of the root's input. */
  readonly inputPath: string
  /** `target/batch_results_<root index>.jsonl`. */
  readonly resultsPath: string
  /** Of the retry. */
  readonly attempt: number
}

export interface RetryTriple {
  readonly retryIndex: BatchIndex
  readonly customIds: ReadonlySet<string>
}

/** Writes a new triple with these requests of the lineage's root, byte for byte. */
export async function writeRetryTriple(
  run: Run,
  lineage: Lineage,
  { retryIndex, customIds }: RetryTriple,
): Promise<void> {
  const { workspace, signal, provider, maySubmitRetries, report } = run
  const { parentIndex: index, inputPath } = lineage
  const note = { retryIndex, lineage: noteOf(run, lineage) }
  // Metadata first: an input without it would be taken for a root triple of its own.
  await noteLineage(run, { ...note, input: { request_count: customIds.size } })
  const path = workspace.layout.workdirFile('input', retryIndex)
  const { requests, sha256 } = await writeRetryInput({
    fs: workspace.fileSystem,
    inputPath,
    retryableIds: customIds,
    targetPath: path,
    signal,
  }).catch(asFileProblem({ path, action: 'write', index }))
  await noteLineage(run, { ...note, input: { request_count: requests, input_sha256: sha256 } })
  const willBeSubmitted = provider !== null && maySubmitRetries
  report({ type: 'retry.written', index, retryIndex, requests, path, willBeSubmitted })
}

/**
 * Absolute path of a root's input.
 *
 * @throws NoBatchFileTripleAtIndex when it is gone; InputChanged when it is not the one that was sent.
 */
export async function inputOfRoot(workspace: BatchWorkspace, rootIndex: BatchIndex): Promise<string> {
  const { fileSystem, layout } = workspace
  for (const path of [layout.doneFile('input', rootIndex), layout.workdirFile('input', rootIndex)]) {
    if ((await fileSystem.stat(path)) === null) continue
    const metadata = await metadataOfRoot(workspace, rootIndex)
    requireSentInput(await findInputChange(workspace, metadata, { index: rootIndex, path }))
    return path
  }
  throw reconciliationError(
    {
      code: 'NoBatchFileTripleAtIndex',
      message: `The input of root triple ${rootIndex} stands neither in done/ nor in workdir/; its requests cannot be sent again.`,
      hint: `Put ${layout.doneFile('input', rootIndex)} back.`,
      needsPerson: true,
      facts: { index: rootIndex },
    },
    { index: rootIndex },
  )
}

async function metadataOfRoot(
  workspace: BatchWorkspace,
  rootIndex: BatchIndex,
): Promise<BatchMetadata | null> {
  const { layout } = workspace
  return (
    (await readMetadata(workspace, layout.doneFile('metadata', rootIndex))) ??
    readMetadata(workspace, layout.workdirFile('metadata', rootIndex))
  )
}

const noteOf = (
  { contentType }: Run,
  { parentIndex, rootIndex, metadata, attempt }: Lineage,
): LineageNote['lineage'] => ({
  endpoint: metadata?.endpoint ?? null,
  model: metadata?.model ?? null,
  content_type: contentType ?? metadata?.content_type ?? null,
  attempt,
  parent_index: parentIndex,
  root_index: rootIndex,
})
