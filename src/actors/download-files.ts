import type { OnlineStepInput, TripleFacts } from '../../machines/index.js'
import { reconciliationError } from '../errors.js'
import type { BatchProvider } from '../providers/batch-provider.js'
import { beginDurableFile } from '../workspace/durable-write.js'
import type { AccountedFile } from '../accounting/triple-accounting.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { readMetadata } from '../workspace/metadata.js'
import { ArrivingBooks, type ArrivingFile } from './arrived-books.js'
import type { Step, TripleDependencies } from './dependencies.js'
import { keepSuperseded } from './keep-superseded.js'

/**
 * Fetches the output and the error file that the metadata names and that are not here; all of them anew when the
 * ids did not add up. Each is whole under its final name or not there at all, and each is a fact of its own: a crash
 * between the two is harmless.
 */
export const downloadFiles: Step<OnlineStepInput, void> = async (dependencies, input, signal) => {
  const { facts, wanted } = input
  const { provider, workspace } = dependencies
  if (provider === null) throw noProvider(facts.index)
  const metadata = facts.metadata === null ? null : await readMetadata(workspace, facts.metadata.path)
  const named = [
    { kind: 'output', fileId: metadata?.output_file_id ?? null },
    { kind: 'error', fileId: metadata?.error_file_id ?? null },
  ] as const
  const files = named.flatMap(({ kind, fileId }) =>
    fileId === null || (facts[kind] !== null && wanted === 'absent')
      ? []
      : [{ ...placesOf(dependencies, facts, kind), kind, fileId }],
  )
  const isAll = (['output', 'error'] as const).every(
    (kind) => facts[kind] === null || files.some((file) => file.kind === kind),
  )
  const books =
    isAll && files.length > 0 ? await ArrivingBooks.begin(dependencies, facts, files, signal) : null
  try {
    for (const file of files) await downloadFile(dependencies, provider, { facts, ...file, books }, signal)
  } finally {
    dependencies.accountings.rememberArrived((await books?.end()) ?? null)
  }
}

interface WantedFile extends ArrivingFile {
  readonly facts: TripleFacts
  readonly fileId: string
  /** A file that stands there and is replaced. */
  readonly isReplaced: boolean
  readonly books: ArrivingBooks | null
}

function placesOf(
  { workspace: { layout } }: TripleDependencies,
  facts: TripleFacts,
  kind: 'output' | 'error',
) {
  // What stands in done/ is never replaced: a fresh download then stands beside it, to be compared at the check.
  const replaced = facts[kind]?.location === 'workdir' ? facts[kind] : null
  const { index } = facts
  const path = replaced?.path ?? layout.workdirFile(kind, index)
  return { path, partPath: layout.partFile(kind, index), isReplaced: replaced !== null }
}

async function downloadFile(
  dependencies: TripleDependencies,
  provider: BatchProvider,
  wanted: WantedFile,
  signal: AbortSignal,
): Promise<void> {
  const { facts, kind, fileId, path, partPath, isReplaced, books } = wanted
  const { workspace, report } = dependencies
  const { fileSystem } = workspace
  const { index } = facts
  const failed = asFileProblem({ path, action: 'write', index })
  if (!isReplaced) await requireAbsent(dependencies, facts, kind, path)
  // What a crash left of an earlier download; servers give no way to tell whether it is still the beginning.
  if ((await fileSystem.stat(partPath)) !== null) await fileSystem.remove(partPath).catch(failed)
  const file = await beginDurableFile(fileSystem, path, partPath).catch(failed)
  let counted: AccountedFile | null = null
  books?.begin(wanted)
  try {
    await provider.download(
      fileId,
      async (bytes) => {
        await file.write(bytes).catch(failed)
        await books?.push(bytes)
        report({ type: 'bytes.downloaded', index, bytes: bytes.byteLength })
      },
      signal,
    )
    counted = (await books?.finish()) ?? null
    // A download takes minutes: what somebody put there meanwhile is not ours to replace.
    if (!isReplaced) await requireAbsent(dependencies, facts, kind, path)
    await keepSuperseded(workspace, { index, kind, path, replacedBy: partPath })
  } catch (error) {
    await file.abort()
    throw error
  }
  await file.commit().catch(failed)
  if (counted !== null) books?.add(counted)
}

async function requireAbsent(
  { workspace }: TripleDependencies,
  { index }: TripleFacts,
  kind: 'output' | 'error',
  path: string,
): Promise<void> {
  if ((await workspace.fileSystem.stat(path)) === null) return
  throw reconciliationError(
    {
      code: kind === 'output' ? 'OutputFileAlreadyExists' : 'ErrorFileAlreadyExists',
      message: `${path} appeared while triple ${index} was being downloaded; it is not overwritten.`,
      hint: 'See what wrote it, then run again.',
      facts: { index, path },
    },
    { index },
  )
}

function noProvider(index: string): Error {
  return reconciliationError(
    {
      code: 'NoProvider',
      message: `Files of triple ${index} have to be downloaded, and this run has no server.`,
      hint: 'Pass a client, or set the key of the server.',
    },
    { index },
  )
}
