import type { OnlineStepInput, TripleFacts } from '../../machines/index.js'
import { reconciliationError } from '../errors.js'
import type { BatchProvider } from '../providers/batch-provider.js'
import type { AccountedFile } from '../accounting/triple-accounting.js'
import { readMetadata } from '../workspace/metadata.js'
import { ArrivingBooks, type ArrivingFile } from './arrived-books.js'
import type { Step, TripleDependencies } from './dependencies.js'
import { fetchFile, type RemoteFile } from './fetch-file.js'
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
  const books = isAll && files.length > 0 ? ArrivingBooks.begin(dependencies, facts, files, signal) : null
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
  const { workspace, downloaded } = dependencies
  const { index } = facts
  if (!isReplaced && downloaded.has(fileId) && (await workspace.fileSystem.stat(path)) !== null) return
  if (!isReplaced) await requireAbsent(dependencies, facts, kind, path)
  // Answers are about as long as what was asked.
  books?.begin(wanted, facts.input?.bytes ?? 0)
  const file: RemoteFile<AccountedFile | null> = {
    index,
    fileId,
    path,
    partPath,
    ...(books !== null && { onBytes: (bytes) => books.push(bytes) }),
    beforeNaming: async () => {
      const whole = (await books?.finish()) ?? null
      // A download takes minutes: what somebody put there meanwhile is not ours to replace.
      if (!isReplaced) await requireAbsent(dependencies, facts, kind, path)
      await keepSuperseded(workspace, {
        index,
        kind,
        path,
        metadataPath: facts.metadata?.path ?? null,
        replacedBy: partPath,
      })
      return whole
    },
  }
  const counted = await fetchFile(dependencies, provider, file, signal)
  downloaded.add(fileId)
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
