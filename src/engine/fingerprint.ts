import { fileKinds } from '../../machines/index.js'
import { markOfFile } from '../workspace/file-mark.js'
import type { TripleLook } from '../workspace/locate-triple.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'

/**
 * Sizes and times of a triple's files in `workdir/`: another text means that somebody touched them, gave them to another
 * owner, or changed who may read them.
 */
export async function fingerprintOf({ fileSystem, layout }: BatchWorkspace, index: string): Promise<string> {
  const parts: string[] = []
  for (const kind of fileKinds) {
    parts.push(markOfFile(await fileSystem.stat(layout.workdirFile(kind, index))))
  }
  return parts.join(' ')
}

/** The same, from a look at the triple that was just taken. */
export function fingerprintIn({ triple, standing }: TripleLook): string {
  return fileKinds.map((kind) => markOfFile(triple[kind] === null ? null : standing[kind])).join(' ')
}
