import type { Problem } from '../../../machines/index.js'
import { isBatchReconciliationError } from '../../errors.js'
import type { BatchProvider, UploadUse } from '../../providers/batch-provider.js'
import { readMetadata } from '../../workspace/metadata.js'
import { scanWorkspace } from '../../workspace/scan.js'
import type { ReadingRun } from '../run.js'
import { filesNamedIn, type FinishedTriple, type NamedFile } from './finished-triples.js'

/** What is known of who needs files at the server. */
export interface FileUses {
  /** Who needs the file, one sentence; `null` when nobody does. */
  userOf(file: NamedFile): string | null
  /** Why it cannot be told whether an upload is needed; `null` when it can. */
  readonly uploadDoubt: Problem | null
}

/** Looks at every other triple of the workspace, and once at the list of the server. */
export async function usesOf(
  run: ReadingRun,
  provider: BatchProvider,
  finished: readonly FinishedTriple[],
): Promise<FileUses> {
  const users = await unfinishedUsers(run, finished)
  const { use, problem } = await askForUploads(run, provider, finished)
  return {
    uploadDoubt: problem,
    userOf: ({ fileId }) =>
      users.get(fileId) ??
      (use.inUse.has(fileId)
        ? `${fileId} is the input of a batch that is still under way at the server.`
        : null),
  }
}

async function unfinishedUsers(
  { workspace }: ReadingRun,
  finished: readonly FinishedTriple[],
): Promise<ReadonlyMap<string, string>> {
  const users = new Map<string, string>()
  for (const triple of (await scanWorkspace(workspace)).triples) {
    const metadata = await readMetadata(workspace, triple)
    for (const { fileId } of metadata === null ? [] : filesNamedIn(metadata))
      users.set(fileId, `${fileId} is of triple ${triple.index}, too, which is not finished.`)
  }
  for (const { index, proof, files } of finished) {
    if (proof === null || proof.isProven) continue
    for (const { fileId } of files)
      users.set(fileId, `${fileId} is of triple ${index}, whose proof does not hold.`)
  }
  return users
}

const nothingAsked: UploadUse = { inUse: new Set(), doubt: null }

async function askForUploads(
  { signal }: ReadingRun,
  provider: BatchProvider,
  finished: readonly FinishedTriple[],
): Promise<{ readonly use: UploadUse; readonly problem: Problem | null }> {
  const proven = finished.filter(({ proof }) => proof?.isProven === true)
  const fileIds = proven.flatMap(({ files }) =>
    files.filter(({ kind }) => kind === 'input').map(({ fileId }) => fileId),
  )
  if (fileIds.length === 0) return { use: nothingAsked, problem: null }
  try {
    const query = { fileIds, uploadedAtMs: oldestUploadMs(proven) }
    const use = (await provider.uploadsInUse?.(query, signal)) ?? {
      ...nothingAsked,
      doubt: 'it has no list of batches',
    }
    return { use, problem: use.doubt === null ? null : unsure(use.doubt) }
  } catch (error) {
    if (!isBatchReconciliationError(error) || error.code === 'Interrupted') throw error
    const { isPassing = false } = error.problem
    return { use: nothingAsked, problem: isPassing ? error.problem : unsure(error.message) }
  }
}

/** By the server's own clock; `null` as soon as one of them is not known: then the whole list is read. */
function oldestUploadMs(proven: readonly FinishedTriple[]): number | null {
  const times = proven.map(({ metadata }) => metadata?.content.submission?.uploaded_at_server_ms ?? null)
  return times.some((time) => time === null) ? null : Math.min(...times.flatMap((time) => time ?? []))
}

const unsure = (why: string): Problem => ({
  code: 'RequestRefused',
  message: `Whether a batch is still under way of these uploads cannot be told: ${why.replace(/\.$/, '')}. They were kept.`,
  hint: 'Uploads of batches are deleted by the server itself after a while. Whoever knows that no batch needs them can delete them there.',
  needsPerson: true,
})
