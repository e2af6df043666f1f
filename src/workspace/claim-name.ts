import type { FileSystem } from './file-system.js'
import { removeIfThere } from './remove-if-there.js'
import { systemErrorCode } from './system-error-code.js'

/**
 * Gives a file that was written in full a second name, which nobody had: of all who claim one name at once, one gets
 * it. False when it is taken, or when somebody removed the file meanwhile.
 */
export async function claimName(
  fileSystem: Pick<FileSystem, 'link'>,
  from: string,
  to: string,
): Promise<boolean> {
  try {
    await fileSystem.link(from, to)
    return true
  } catch (error) {
    if (isTaken(error)) return false
    throw error
  }
}

/** Whether it says that the name is taken, or that what should get it is gone. */
export const isTaken = (error: unknown): boolean =>
  ['EEXIST', 'ENOENT'].includes(systemErrorCode(error) ?? '')

/**
 * Writes one JSON line as a new file; what stands there is never touched. It is synced: a power cut that keeps the name of
 * a lock and loses what it says would lock everybody out for good.
 */
export async function writeNewRecord(fileSystem: FileSystem, path: string, record: object): Promise<void> {
  const file = await fileSystem.open(path, 'create')
  try {
    await file.write(new TextEncoder().encode(`${JSON.stringify(record)}\n`))
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Works with a record that stands, whole, under a name of its own, and takes it away afterwards. */
export async function withPreparedRecord<Result>(
  fileSystem: FileSystem,
  path: string,
  record: object,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    await writeNewRecord(fileSystem, path, record)
    return await work()
  } finally {
    await removeIfThere(fileSystem, path)
  }
}
