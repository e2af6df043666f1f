import type { BatchIndex } from '../../workspace/batch-index.js'
import { readMetadata, type BatchMetadata } from '../../workspace/metadata.js'
import type { rowKinds } from '../../workspace/move-intent.js'
import { scanDone } from '../../workspace/scan-done.js'
import { scanWorkspace } from '../../workspace/scan.js'
import type { TripleProof } from '../report.js'
import type { ReadingRun } from '../run.js'
import { proofOf } from '../verify-workspace.js'

/** A file at the server that the metadata name. */
export interface NamedFile {
  readonly kind: (typeof rowKinds)[number]
  readonly fileId: string
}

export interface FinishedTriple {
  readonly index: BatchIndex
  /** Absolute, and what stands there; `null` when nothing does. */
  readonly metadata: { readonly path: string; readonly content: BatchMetadata } | null
  /** What the server may still have of it. */
  readonly files: readonly NamedFile[]
  /** `null` where there is nothing to delete. */
  readonly proof: TripleProof | null
}

/**
 * The triples of `done/`, those with files at the server proven again: all before the first file is deleted, since one
 * whose proof does not hold may need the file of another.
 *
 * @throws BatchMetadataUnreadable
 */
export async function findFinished(run: ReadingRun): Promise<readonly FinishedTriple[]> {
  const { workspace, signal } = run
  const atWork = new Set((await scanWorkspace(workspace)).triples.map(({ index }) => index))
  // One with a name in workdir/ is not finished: a move was cut short.
  const found = (await scanDone(workspace)).filter(({ index }) => !atWork.has(index))
  run.report({ type: 'workspace.scanned', triples: found.length, totalBytes: 0 })
  const finished: FinishedTriple[] = []
  for (const triple of found) {
    signal.throwIfAborted()
    const { index, metadata: path } = triple
    const content = path === null ? null : await readMetadata(workspace, path)
    if (path === null || content === null) {
      finished.push({ index, metadata: null, files: [], proof: null })
      continue
    }
    const files = leftOf(content)
    const proof = files.length === 0 ? null : await proofOf(run, triple)
    finished.push({ index, metadata: { path, content }, files, proof })
  }
  return finished
}

/** Every file that the metadata name, each once. */
export function filesNamedIn(metadata: BatchMetadata): readonly NamedFile[] {
  const { input_file_id: input, output_file_id: output, error_file_id: error, submission } = metadata
  const named = [
    ['input', input],
    ['input', submission?.input_file_id],
    ['output', output],
    ['error', error],
  ] as const
  const seen = new Set<string>()
  return named.flatMap(([kind, fileId]) => {
    if (fileId == null || fileId === '' || seen.has(fileId)) return []
    seen.add(fileId)
    return [{ kind, fileId }]
  })
}

/** Those that were not deleted by an earlier call. */
function leftOf(metadata: BatchMetadata): readonly NamedFile[] {
  const { clean } = metadata
  const gone = new Set(clean?.answered_at_ms == null ? [] : clean.file_ids)
  return filesNamedIn(metadata).filter(({ fileId }) => !gone.has(fileId))
}
