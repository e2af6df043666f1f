import { isBatchReconciliationError } from '../../errors.js'
import type { FileSystem, OpenFile } from '../../workspace/file-system.js'

/**
 * A disk for reading beside a run, which gives files other names and takes names away while they are read. That
 * changes nothing in them, and shows in their identity alone: it is not told of files that are open. Their size and
 * time of change still say whether somebody wrote to them.
 */
export function besideARun(fs: FileSystem): FileSystem {
  return { ...fs, open: async (path, mode) => nameless(await fs.open(path, mode)) }
}

function nameless(file: OpenFile): OpenFile {
  return { ...file, stat: async () => ({ ...(await file.stat()), identity: null }) }
}

/** The file stood a moment ago: a run has moved it, and it is found when it is looked for again. */
export function hasJustGone(error: unknown): boolean {
  return isBatchReconciliationError(error) && error.facts['systemCode'] === 'ENOENT'
}
