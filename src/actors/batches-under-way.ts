import { isEndedStatus } from '../../machines/index.js'
import { isBatchReconciliationError } from '../errors.js'
import { readMetadata, type BatchMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { scanWorkspace } from '../workspace/scan.js'
import type { BatchFileTriple } from '../workspace/triple.js'

/** How many other batches of this workspace take up room at the server, or may do so. */
export async function countBatchesUnderWay(workspace: BatchWorkspace, exceptIndex: string): Promise<number> {
  const { triples } = await scanWorkspace(workspace)
  let count = 0
  for (const triple of triples) {
    if (triple.index !== exceptIndex && (await isUnderWay(workspace, triple))) count += 1
  }
  return count
}

/** What cannot be read may be under way: to wait costs time, to split for nothing costs order. */
async function isUnderWay(workspace: BatchWorkspace, triple: BatchFileTriple): Promise<boolean> {
  if (triple.metadata === null || hasAnswersHere(triple)) return false
  try {
    return takesUpRoom(await readMetadata(workspace, triple.metadata))
  } catch (error) {
    if (isBatchReconciliationError(error)) return true
    throw error
  }
}

/** Its answers are here. */
export const hasAnswersHere = ({ output, error }: Pick<BatchFileTriple, 'output' | 'error'>): boolean =>
  output !== null || error !== null

/** By what is known of it, the server has the batch and works on it, or may have it. */
export function takesUpRoom(metadata: BatchMetadata | null): boolean {
  if (metadata?.batch_id != null) return !isEndedStatus(metadata.remote_status ?? null)
  return metadata?.submission?.asked_at_ms != null
}
