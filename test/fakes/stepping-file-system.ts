import type { FileSystem, OpenFile } from '../../src/workspace/file-system.js'

/** Awaited before each operation, which it is told of. */
export type BeforeStep = (what: string) => Promise<void>

/** A disk each of whose operations can be held back, also what is read, written and synced through open files. */
export function steppingFileSystem(inner: FileSystem, beforeStep: BeforeStep): FileSystem {
  const stepped =
    <Args extends readonly string[], Result>(name: string, operation: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      await beforeStep(`${name} ${args.join(' ')}`)
      return operation(...args)
    }
  return {
    list: stepped('list', (path: string) => inner.list(path)),
    stat: stepped('stat', (path: string) => inner.stat(path)),
    makeDirectory: stepped('makeDirectory', (path: string) => inner.makeDirectory(path)),
    async open(path, mode) {
      await beforeStep(`open ${path} ${mode}`)
      return steppingFile(await inner.open(path, mode), path, beforeStep)
    },
    openAsBlob: stepped('openAsBlob', (path: string) => inner.openAsBlob(path)),
    rename: stepped('rename', (from: string, to: string) => inner.rename(from, to)),
    link: stepped('link', (from: string, to: string) => inner.link(from, to)),
    remove: stepped('remove', (path: string) => inner.remove(path)),
    removeDirectory: stepped('removeDirectory', (path: string) => inner.removeDirectory(path)),
    syncDirectory: stepped('syncDirectory', (path: string) => inner.syncDirectory(path)),
  }
}

function steppingFile(inner: OpenFile, path: string, beforeStep: BeforeStep): OpenFile {
  return {
    ...inner,
    async read(buffer, position) {
      await beforeStep(`read ${path}`)
      return inner.read(buffer, position)
    },
    async write(bytes) {
      await beforeStep(`write ${path}`)
      return inner.write(bytes)
    },
    async sync() {
      await beforeStep(`sync ${path}`)
      return inner.sync()
    },
  }
}
