import type { Problem } from '../../../machines/index.js'
import { isBatchReconciliationError } from '../../errors.js'
import type { BatchProvider } from '../../providers/batch-provider.js'
import { updateMetadata } from '../../workspace/metadata.js'
import type { ReadingRun } from '../run.js'
import type { CleanedFile, CleanedTriple } from './clean-server.js'
import type { FileUses } from './file-uses.js'
import type { FinishedTriple, NamedFile } from './finished-triples.js'

/** What the triples of one call share. */
export interface Cleaning {
  readonly run: ReadingRun
  readonly provider: BatchProvider & { readonly deleteFile: NonNullable<BatchProvider['deleteFile']> }
  readonly uses: FileUses
  readonly isDryRun: boolean
  /** Batches that were imported count, too. */
  readonly mayBeImported: boolean
  /** Why the server is not asked any more; `null` while it is. */
  readonly closed: Problem | null
}

/** Deletes what nobody needs of a finished triple. Rejects only when it was stopped, or the disk refused. */
export async function cleanTriple(cleaning: Cleaning, triple: FinishedTriple): Promise<CleanedTriple> {
  const { index, files, proof } = triple
  if (files.length === 0) return { index, fate: 'clean', files: [], why: null, problem: null }
  const kept = {
    index,
    fate: 'kept',
    files: files.map((file) => ({ ...file, fate: 'left' as const })),
  } as const
  const keepAll = (problem: Problem): CleanedTriple => ({ ...kept, why: null, problem })
  const [unproven] = proof?.problems ?? []
  if (unproven !== undefined) return keepAll(unproven)
  if (triple.metadata?.content.import != null && !cleaning.mayBeImported)
    return { ...kept, why: importedWhy, problem: null }
  const refusal = cleaning.closed ?? (await problemOfAccount(cleaning, triple))
  if (refusal !== null) return keepAll(refusal)
  return deleteFiles(cleaning, triple)
}

const importedWhy =
  'it was imported, and whoever made the batch may still need its files; --imported (shouldCleanImported) deletes them, too.'

async function deleteFiles(cleaning: Cleaning, triple: FinishedTriple): Promise<CleanedTriple> {
  const { uses, isDryRun } = cleaning
  const fateOf = ({ kind, fileId }: NamedFile): 'in-use' | 'left' | null => {
    if (uses.userOf({ kind, fileId }) !== null) return 'in-use'
    return kind === 'input' && uses.uploadDoubt !== null ? 'left' : null
  }
  const free = triple.files.filter((file) => fateOf(file) === null)
  const deleted = isDryRun ? allDeleted(free) : await deleteNoted(cleaning, triple, free)
  const files = triple.files.map((file): CleanedFile => {
    const fate = fateOf(file) ?? deleted.fates.get(file.fileId) ?? 'left'
    return { ...file, fate }
  })
  const isLeft = files.some(({ fate }) => fate === 'left')
  const isKept = isLeft || files.some(({ fate }) => fate === 'in-use')
  return {
    index: triple.index,
    fate: isKept ? 'kept' : 'cleaned',
    files,
    why: triple.files.map((file) => uses.userOf(file)).find((user) => user !== null) ?? null,
    problem: deleted.problem ?? (isLeft ? uses.uploadDoubt : null),
  }
}

interface Deletion {
  /** By the server's name of the file; none for one that could not be deleted. */
  readonly fates: ReadonlyMap<string, 'deleted' | 'gone'>
  readonly problem: Problem | null
}

const allDeleted = (files: readonly NamedFile[]): Deletion => ({
  fates: new Map(files.map(({ fileId }) => [fileId, 'deleted'])),
  problem: null,
})

/** The intent is durable before the first file goes. One that is gone already is as good as deleted: a crash leaves such. */
async function deleteNoted(
  { run, provider }: Cleaning,
  { metadata }: FinishedTriple,
  files: readonly NamedFile[],
): Promise<Deletion> {
  const fates = new Map<string, 'deleted' | 'gone'>()
  if (metadata === null || files.length === 0) return { fates, problem: null }
  const { workspace, clock, signal } = run
  const { path, content } = metadata
  const before = content.clean?.answered_at_ms == null ? [] : content.clean.file_ids
  const fileIds = [...before, ...files.map(({ fileId }) => fileId)]
  const intent = { intended_at_ms: clock.now(), file_ids: fileIds }
  await updateMetadata(workspace, path, { clean: intent })
  let problem: Problem | null = null
  for (const { fileId } of files) {
    try {
      fates.set(fileId, await provider.deleteFile(fileId, signal))
    } catch (error) {
      if (!isBatchReconciliationError(error) || error.code === 'Interrupted') throw error
      signal.throwIfAborted()
      problem ??= error.problem
      if (error.problem.isPassing === true) break
    }
  }
  if (fates.size === files.length)
    await updateMetadata(workspace, path, { clean: { ...intent, answered_at_ms: clock.now() } })
  return { fates, problem }
}

/**
 * Another account knows none of the files, and "not found" would pass for "gone". Whoever knows the batch has its account,
 * also by a key that took the place of another.
 */
async function problemOfAccount(
  { run, provider }: Cleaning,
  { index, metadata }: FinishedTriple,
): Promise<Problem | null> {
  const { account } = provider
  const made = metadata?.content.account ?? null
  if (account === undefined || made === account) return null
  const batchId = metadata?.content.batch_id ?? null
  try {
    const batch = batchId === null ? null : (await provider.status([batchId], run.signal)).get(batchId)
    if (batch != null) return null
  } catch (error) {
    if (!isBatchReconciliationError(error) || error.code === 'Interrupted') throw error
    run.signal.throwIfAborted()
    return error.problem
  }
  return {
    code: 'AccessDenied',
    message: `${account} does not know batch ${batchId ?? '(none)'} of triple ${index}${made === null ? '' : `; it was last seen with ${made}`}. Its files were kept.`,
    hint: 'What stands behind # tells keys, organisations and projects apart. Clean again with those it was made with (OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_ORG_ID, OPENAI_PROJECT_ID).',
    needsPerson: true,
    facts: { index, batchId, account, made },
  }
}
