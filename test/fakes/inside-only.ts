import { resolve, sep } from 'node:path'
import type { FileSystem } from '../../src/workspace/file-system.js'

/** A disk that fails the test, and not only the call, when something outside of `root` would be changed. */
export interface GuardedFileSystem extends FileSystem {
  /** What would have been changed outside. */
  readonly outside: readonly string[]
}

export function insideOnly(inner: FileSystem, root: string): GuardedFileSystem {
  const outside: string[] = []
  const guarded =
    <Args extends readonly string[], Result>(change: (...paths: Args) => Promise<Result>) =>
    async (...paths: Args): Promise<Result> => {
      for (const path of paths) {
        const isInside = path === resolve(path) && (path === root || path.startsWith(root + sep))
        if (!isInside) outside.push(path)
      }
      if (outside.length > 0) throw new Error(`Outside of the workspace: ${outside.join(', ')}.`)
      return change(...paths)
    }
  return {
    ...inner,
    outside,
    open: (path, mode) =>
      mode === 'read' ? inner.open(path, mode) : guarded((to: string) => inner.open(to, mode))(path),
    makeDirectory: guarded((path: string) => inner.makeDirectory(path)),
    rename: guarded((from: string, to: string) => inner.rename(from, to)),
    link: guarded((from: string, to: string) => inner.link(from, to)),
    remove: guarded((path: string) => inner.remove(path)),
    removeDirectory: guarded((path: string) => inner.removeDirectory(path)),
  }
}
