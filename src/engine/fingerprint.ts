import { fileKinds } from '../../machines/index.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'

/** Sizes and times of a triple's files in `workdir/`: another text means that somebody touched them. */
export async function fingerprintOf({ fileSystem, layout }: BatchWorkspace, index: string): Promise<string> {
  const parts: string[] = []
  for (const kind of fileKinds) {
    const found = await fileSystem.stat(layout.workdirFile(kind, index))
    parts.push(found === null ? '-' : `${found.bytes}@${found.modifiedAtMs}`)
  }
  return parts.join(' ')
}
