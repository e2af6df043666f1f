import type { FileSystem } from './file-system.js'
import { systemErrorCode } from './system-error-code.js'

/** Removes a file of ours; one that is gone already is fine. Rejects with the system's other errors. */
export async function removeIfThere(fileSystem: Pick<FileSystem, 'remove'>, path: string): Promise<void> {
  try {
    await fileSystem.remove(path)
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error
  }
}
