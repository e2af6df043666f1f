import type { OnlineStepInput, TripleFacts } from '../../machines/index.js'
import { reconciliationError } from '../errors.js'
import type { BatchProvider } from '../providers/batch-provider.js'
import { beginDurableFile } from '../workspace/durable-write.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { readMetadata } from '../workspace/metadata.js'
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
  for (const { kind, fileId } of named) {
    if (fileId === null || (facts[kind] !== null && wanted === 'absent')) continue
    await downloadFile(dependencies, provider, { facts, kind, fileId }, signal)
  }
}

interface WantedFile {
  readonly facts: TripleFacts
  readonly kind: 'output' | 'error'
  readonly fileId: string
}

async function downloadFile(
  dependencies: TripleDependencies,
  provider: BatchProvider,
  { facts, kind, fileId }: WantedFile,
  signal: AbortSignal,
): Promise<void> {
  const { workspace, report } = dependencies
  const { fileSystem, layout } = workspace
  const { index } = facts
  // What stands in done/ is never replaced: a fresh download then stands beside it, to be compared at the check.
  const replaced = facts[kind]?.location === 'workdir' ? facts[kind] : null
  const path = replaced?.path ?? layout.workdirFile(kind, index)
  const failed = asFileProblem({ path, action: 'write', index })
  if (replaced === null) await requireAbsent(dependencies, facts, kind, path)
  const partPath = layout.partFile(kind, index)
  // What a crash left of an earlier download; servers give no way to tell whether it is still the beginning.
  if ((await fileSystem.stat(partPath)) !== null) await fileSystem.remove(partPath).catch(failed)
  const file = await beginDurableFile(fileSystem, path, partPath).catch(failed)
  try {
    await provider.download(
      fileId,
      async (bytes) => {
        await file.write(bytes).catch(failed)
        report({ type: 'bytes.downloaded', index, bytes: bytes.byteLength })
      },
      signal,
    )
    // A download takes minutes: what somebody put there meanwhile is not ours to replace.
    if (replaced === null) await requireAbsent(dependencies, facts, kind, path)
    await keepSuperseded(workspace, { index, kind, path, replacedBy: partPath })
  } catch (error) {
    await file.abort()
    throw error
  }
  await file.commit().catch(failed)
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
