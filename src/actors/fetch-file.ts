import type { BatchProvider } from '../providers/batch-provider.js'
import { beginDurableFile } from '../workspace/durable-write.js'
import { asFileProblem } from '../workspace/file-problem.js'
import type { TripleDependencies } from './dependencies.js'

/** A file of the server that is to stand in `workdir/`. */
export interface RemoteFile<Found> {
  readonly index: string
  /** The server's name for it. */
  readonly fileId: string
  /** Where it will stand, and where it grows; absolute. */
  readonly path: string
  readonly partPath: string
  /** Sees its bytes in order, once they stand on the disk. */
  readonly onBytes?: (bytes: Uint8Array) => Promise<void>
  /** Awaited when all of it came, before it gets its name; when it rejects, what came is dropped. */
  readonly beforeNaming: () => Promise<Found>
}

/** Streams a file of the server to the disk: whole under its name, or not there. Gives what `beforeNaming` gave. */
export async function fetchFile<Found>(
  { workspace: { fileSystem }, report }: Pick<TripleDependencies, 'workspace' | 'report'>,
  provider: BatchProvider,
  { index, fileId, path, partPath, onBytes, beforeNaming }: RemoteFile<Found>,
  signal: AbortSignal,
): Promise<Found> {
  const failed = asFileProblem({ path, action: 'write', index })
  // What a crash left of an earlier download; servers give no way to tell whether it is still the beginning.
  if ((await fileSystem.stat(partPath)) !== null) await fileSystem.remove(partPath).catch(failed)
  const file = await beginDurableFile(fileSystem, path, partPath).catch(failed)
  let found: Found
  try {
    await provider.download(
      fileId,
      async (bytes) => {
        await file.write(bytes).catch(failed)
        await onBytes?.(bytes)
        report({ type: 'bytes.downloaded', index, bytes: bytes.byteLength })
      },
      signal,
    )
    found = await beforeNaming()
  } catch (error) {
    await file.abort()
    throw error
  }
  await file.commit().catch(failed)
  return found
}
