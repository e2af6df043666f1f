import { join } from 'node:path'
import { parseBatchFileName } from '../../workspace/file-names.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { listOrNothing } from '../../workspace/scan.js'
import { decodeLine } from '../decode-line.js'
import { readLines, type Line } from '../line-reader.js'
import { keyOfId } from './answered-requests.js'
import { diskProblemOf } from './disk-problem.js'

/**
 * Answers that lie in `workdir/` under names nobody reads: by `keyOfId`, the file that answers this id (absolute path);
 * one row of it is enough.
 */
export type LooseAnswers = ReadonlyMap<number, string>

/** A few rows of each tell whose they are, and a folder with more files than this is no place for batches. */
const mostFiles = 200
const mostRows = 100
const longestLine = 16 * 1024 * 1024

/**
 * The ids that the first rows of each such file answer. Files that cannot be read say nothing: an input beside them is
 * judged by what is known.
 */
export async function readLooseAnswers(
  workspace: BatchWorkspace,
  signal: AbortSignal | undefined,
): Promise<LooseAnswers> {
  const { workdir } = workspace.layout
  const entries = await listOrNothing(workspace, workdir)
  const loose = entries.filter(({ name, kind }) => kind === 'file' && isUnused(name)).slice(0, mostFiles)
  const fileOf = new Map<number, string>()
  for (const { name } of loose) {
    const path = join(workdir, name)
    await diskProblemOf(readIds(workspace, path, signal, (id) => void fileOf.set(keyOfId(id), path)))
  }
  return fileOf
}

const isUnused = (name: string): boolean => ['loose', 'near-miss'].includes(parseBatchFileName(name).type)

async function readIds(
  { fileSystem }: BatchWorkspace,
  path: string,
  signal: AbortSignal | undefined,
  take: (customId: string) => void,
): Promise<void> {
  let rows = 0
  for await (const lines of readLines(fileSystem, path, { signal, maxLineBytes: longestLine })) {
    for (const line of lines) {
      const id = answeredId(line)
      if (id !== null) take(id)
      rows += 1
      if (rows >= mostRows) return
    }
  }
}

/** A row that answers: it has a response or an error, and asks for nothing. */
function answeredId(line: Line): string | null {
  const decoded = decodeLine(line)
  if (decoded.type === 'unreadable') return null
  const { custom_id: id, response, error, body } = decoded.value
  const isAnswer = (response != null || error != null) && body === undefined
  return isAnswer && typeof id === 'string' ? id : null
}
