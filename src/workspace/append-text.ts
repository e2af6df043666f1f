import { dirname } from 'node:path'
import type { FileSystem, OpenFile } from './file-system.js'
import type { BatchWorkspace } from './open-workspace.js'
import { systemErrorCode } from './system-error-code.js'

/**
 * Adds whole lines to a file that nothing depends on; it is not synced. Gives the size of the file then. Rejects with the
 * system's error.
 *
 * @param textOf is told whether the file is new, and so has nothing of an earlier process
 */
export async function appendText(
  { fileSystem }: Pick<BatchWorkspace, 'fileSystem'>,
  path: string,
  textOf: (isNew: boolean) => Promise<string>,
): Promise<number> {
  const file = await openForAppend(fileSystem, path)
  try {
    const { bytes } = await file.stat()
    const text = await textOf(bytes === 0)
    const isTorn = await endsTorn(file, bytes)
    const content = new TextEncoder().encode(isTorn ? `\n${text}` : text)
    await file.write(content)
    return bytes + content.byteLength
  } finally {
    await file.close()
  }
}

async function openForAppend(fileSystem: FileSystem, path: string): Promise<OpenFile> {
  try {
    return await fileSystem.open(path, 'append')
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error
    await fileSystem.makeDirectory(dirname(path))
    return fileSystem.open(path, 'append')
  }
}

/** After a crash the last line may lack its end; the next one must not be glued to it. */
async function endsTorn(file: OpenFile, bytes: number): Promise<boolean> {
  if (bytes === 0) return false
  const last = new Uint8Array(1)
  await file.read(last, bytes - 1)
  return last[0] !== 0x0a
}
