import type { DownloadInput, TripleFacts } from '../../machines/index.js'
import { reconciliationError } from '../errors.js'
import type { BatchProvider } from '../providers/batch-provider.js'
import { beginDurableFile } from '../workspace/durable-write.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { readMetadata } from '../workspace/metadata.js'
import type { Step, TripleDependencies } from './dependencies.js'

/**
 * Fetches the output and the error file that the metadata names and that are not here. Each is whole under its
 * final name or not there at all, and each is a fact of its own: a crash between the two is harmless.
 */
export const downloadFiles: Step<DownloadInput, void> = async (dependencies, { facts }, signal) => {
  const { provider, workspace } = dependencies
  if (provider === null) throw noProvider(facts.index)
  const metadata = facts.metadata === null ? null : await readMetadata(workspace, facts.metadata.path)
  const wanted = [
    { kind: 'output', fileId: metadata?.output_file_id ?? null },
    { kind: 'error', fileId: metadata?.error_file_id ?? null },
  ] as const
  for (const { kind, fileId } of wanted) {
    if (fileId === null || facts[kind] !== null) continue
    await downloadFile(dependencies, provider, { facts, kind, fileId }, signal)
  }
}

interface WantedFile {
  readonly facts: TripleFacts
  readonly kind: 'output' | 'error'
  readonly fileId: string
}

async function downloadFile(
  { workspace, report }: TripleDependencies,
  provider: BatchProvider,
  { facts: { index }, kind, fileId }: WantedFile,
  signal: AbortSignal,
): Promise<void> {
  const path = workspace.layout.workdirFile(kind, index)
  const failed = asFileProblem({ path, action: 'write', index })
  if ((await workspace.fileSystem.stat(path)) !== null) throw alreadyHere(index, kind, path)
  const file = await beginDurableFile(workspace.fileSystem, path).catch(failed)
  try {
    await provider.download(
      fileId,
      async (bytes) => {
        await file.write(bytes).catch(failed)
        report({ type: 'bytes.read', index, bytes: bytes.byteLength })
      },
      signal,
    )
  } catch (error) {
    await file.abort()
    throw error
  }
  await file.commit().catch(failed)
}

function alreadyHere(index: string, kind: 'output' | 'error', path: string): Error {
  return reconciliationError(
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
      hint: 'Pass a provider.',
    },
    { index },
  )
}
