import type { FileSystem } from './file-system.js'

/**
 * The whole lines within the last `mostBytes` of a file of text; `isCut` when it has more. Nothing at all where no
 * regular file stands: a pipe would keep the reader for good. Rejects with the system's error.
 */
export async function readTextEnd(
  fileSystem: FileSystem,
  path: string,
  mostBytes: number,
): Promise<{ readonly text: string; readonly isCut: boolean }> {
  if ((await fileSystem.stat(path))?.kind !== 'file') return { text: '', isCut: false }
  const file = await fileSystem.open(path, 'read')
  try {
    const { bytes } = await file.stat()
    const end = new Uint8Array(Math.min(bytes, mostBytes))
    const read = await file.read(end, bytes - end.byteLength)
    const text = new TextDecoder().decode(end.subarray(0, read))
    const isCut = bytes > mostBytes
    return { text: isCut ? text.slice(text.indexOf('\n') + 1) : text, isCut }
  } finally {
    await file.close()
  }
}
