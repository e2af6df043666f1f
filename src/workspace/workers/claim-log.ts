import { parseBatchIndex } from '../batch-index.js'
import { asFileProblem } from '../file-problem.js'
import type { BatchWorkspace } from '../open-workspace.js'
import { systemErrorCode } from '../system-error-code.js'
import { claimsPath } from './worker-files.js'

/**
 * Which inputs that somebody put there the workers of a folder have begun to send, one index a line. Each reads what the
 * others added since it last looked; only who has the lease for it adds or reads.
 */
export interface ClaimLog {
  /** What others added since the last call. `isWhole`: nothing of it was lost, or torn. */
  ofOthers(): Promise<{ readonly indices: readonly string[]; readonly isWhole: boolean }>
  /** @param workspace of the lease */
  add(workspace: BatchWorkspace, index: string): Promise<void>
}

/** More than this is not looked through line by line; it is looked anew instead. */
const mostBytes = 4 * 1024 * 1024

export function claimLog(workspace: BatchWorkspace): ClaimLog {
  const path = claimsPath(workspace)
  const own = new Set<string>()
  let seenBytes = 0
  return {
    async ofOthers() {
      const { bytes, text } = await readFrom(workspace, path, seenBytes).catch(
        asFileProblem({ path, action: 'read' }),
      )
      // Shorter than it was: all workers had left in between.
      const isWhole = bytes >= seenBytes && text !== null
      seenBytes = bytes
      const lines = (text ?? '').split('\n').filter((line) => line !== '' && !own.has(line))
      own.clear()
      return { indices: lines, isWhole: isWhole && lines.every((line) => parseBatchIndex(line) !== null) }
    },
    async add({ fileSystem }, index) {
      own.add(index)
      const write = async (): Promise<void> => {
        const file = await fileSystem.open(path, 'append')
        try {
          // A line of its own, also where a kill left half of one.
          await file.write(new TextEncoder().encode(`\n${index}\n`))
        } finally {
          await file.close()
        }
      }
      await write().catch(asFileProblem({ path, action: 'write', index }))
    },
  }
}

async function readFrom(
  { fileSystem }: BatchWorkspace,
  path: string,
  from: number,
): Promise<{ readonly bytes: number; readonly text: string | null }> {
  try {
    const file = await fileSystem.open(path, 'read')
    try {
      const { bytes } = await file.stat()
      if (bytes < from || bytes - from > mostBytes) return { bytes, text: null }
      const buffer = new Uint8Array(bytes - from)
      const read = await file.read(buffer, from)
      return { bytes: from + read, text: new TextDecoder().decode(buffer.subarray(0, read)) }
    } finally {
      await file.close()
    }
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return { bytes: 0, text: '' }
    throw error
  }
}
