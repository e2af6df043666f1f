import type { OpenAI } from 'openai'
import type { Problem } from '../../../machines/index.js'
import type { Clock } from '../../clock.js'
import type { BatchProvider } from '../../providers/batch-provider.js'
import type { BatchIndex } from '../../workspace/batch-index.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { batchOwners } from '../../actors/batch-owners.js'
import type { ReportEvent } from '../events.js'
import { whileHeld } from '../while-held.js'
import { withReadingRun, type ReadingRun } from '../run.js'
import { bringInBatch, type FetchedKind } from './bring-in-batch.js'
import { standingByBytes } from './standing-files.js'
import { noProvider } from '../no-provider.js'

export type { FetchedKind } from './bring-in-batch.js'

export interface ImportBatchesOptions {
  /** Your `OpenAI` client, or any other server as `provider`; one of them has to be given. */
  readonly client?: OpenAI | undefined
  readonly provider?: BatchProvider | undefined
  /** Ask the server, and say what would be fetched. Nothing is downloaded or written. */
  readonly isDryRun?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ReportEvent | undefined
  readonly clock?: Clock | undefined
}

/** One batch, and what became of it. */
export interface ImportedBatch {
  readonly batchId: string
  /** `here`: a triple has it already, and nothing changed. `left-over`: no triple was made, see `problem`. */
  readonly fate: 'imported' | 'here' | 'left-over'
  /** The triple that has it, or another one that stands in its way. */
  readonly index: BatchIndex | null
  /** In the server's words; `null` where it was not asked, or does not know the batch. */
  readonly remoteStatus: string | null
  /** Requests of its input; `null` where that was not read. */
  readonly requests: number | null
  /** The files that were fetched; in a dry run those that would be. */
  readonly fetched: readonly FetchedKind[]
  /** Why it was left over; of an imported one why answers are not here yet. */
  readonly problem: Problem | null
}

export interface ImportBatchesReport {
  /** In the order in which they were named, each once. */
  readonly batches: readonly ImportedBatch[]
  readonly isDryRun: boolean
}

/**
 * Makes triples of batches that the server knows, whoever made them: fetches input, output and error file, and notes the
 * batch in the metadata. Of a batch that still runs there is only the input; a run waits for the rest. Creates nothing
 * at the server, and to do it twice changes nothing. What cannot be brought in stops no other batch.
 *
 * @param batchIds the server's names
 * @throws NoProvider, WorkspaceLocked, WrongUsage
 */
export function importBatches(
  workspace: BatchWorkspace,
  batchIds: readonly string[],
  options: ImportBatchesOptions = {},
): Promise<ImportBatchesReport> {
  return withReadingRun(workspace, options, async (run, { isDryRun }) => {
    const { provider } = run
    if (provider === null) throw noProvider('Batches are fetched from their server')
    const bringAllIn = () => importAll(run, provider, batchIds, isDryRun)
    return { batches: isDryRun ? await bringAllIn() : await whileHeld(run, bringAllIn), isDryRun }
  })
}

async function importAll(
  run: ReadingRun,
  provider: BatchProvider,
  batchIds: readonly string[],
  isDryRun: boolean,
): Promise<readonly ImportedBatch[]> {
  const { workspace } = run
  const wanted = new Set(batchIds)
  run.report({ type: 'workspace.scanned', triples: wanted.size, totalBytes: 0 })
  const owners = await batchOwners(workspace)
  const standing = await standingByBytes(workspace)
  const scope = { run, provider, owners, standing, isDryRun }
  const batches: ImportedBatch[] = []
  let closed: Problem | null = null
  for (const batchId of wanted) {
    run.signal.throwIfAborted()
    const one: ImportedBatch = await bringInBatch(scope, batchId, closed)
    closed ??= concernsAll(one.problem) ? one.problem : null
    batches.push(one)
  }
  return batches
}

/** What the server says of one, it says of every batch: the others are not asked for, each until its time is over. */
function concernsAll(problem: Problem | null): boolean {
  if (problem === null) return false
  return problem.isPassing === true || problem.code === 'AccessDenied' || problem.code === 'QuotaExhausted'
}
