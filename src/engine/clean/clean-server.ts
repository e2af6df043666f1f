import type { OpenAI } from 'openai'
import type { Problem } from '../../../machines/index.js'
import type { Clock } from '../../clock.js'
import { reconciliationError } from '../../errors.js'
import type { BatchProvider } from '../../providers/batch-provider.js'
import type { BatchIndex } from '../../workspace/batch-index.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import type { ReportEvent } from '../events.js'
import { withReadingRun, type ReadingRun } from '../run.js'
import { whileHeld } from '../while-held.js'
import { cleanTriple, type Cleaning } from './clean-triple.js'
import { findFinished } from './finished-triples.js'
import { usesOf } from './file-uses.js'
import { noProvider } from '../no-provider.js'

export interface CleanOptions {
  /** Your `OpenAI` client, or any other server as `provider`; one of them has to be given. */
  readonly client?: OpenAI | undefined
  readonly provider?: BatchProvider | undefined
  /** Prove, ask, and say what would be deleted. Nothing is deleted or written. */
  readonly isDryRun?: boolean | undefined
  /** Also delete the files of batches that were imported. Off unless set: whoever made them may not have fetched them. */
  readonly shouldCleanImported?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ReportEvent | undefined
  readonly clock?: Clock | undefined
}

export interface CleanedFile {
  readonly kind: 'input' | 'output' | 'error'
  /** The server's name for it. */
  readonly fileId: string
  /** `gone`: it was not there any more. `in-use`: something else needs it. `left`: it is there still, see `problem` and `why`. */
  readonly fate: 'deleted' | 'gone' | 'in-use' | 'left'
}

export interface CleanedTriple {
  readonly index: BatchIndex
  /** `clean`: the server had nothing of it before this call. `kept`: something is there still. */
  readonly fate: 'cleaned' | 'clean' | 'kept'
  readonly files: readonly CleanedFile[]
  /** Who needs a file that stays, or may need it, one sentence; nothing is wrong with that. */
  readonly why: string | null
  /** Why files are left that nothing needs. */
  readonly problem: Problem | null
}

export interface CleanReport {
  /** Those of `done/`, in the order of their indices. */
  readonly triples: readonly CleanedTriple[]
  readonly isDryRun: boolean
}

/**
 * Deletes what the server keeps of finished triples: input, output and error file, where the proof of the triple in `done/`
 * holds. That it is wanted is durable before the first file is deleted; what fails is tried again by the next call. A file
 * that another triple or batch needs, which is not finished, stays, and so do those of batches that were imported.
 *
 * @throws NoProvider, ServerNotSupported, WorkspaceLocked; BatchMetadataUnreadable, because it may name any file
 */
export function cleanServer(workspace: BatchWorkspace, options: CleanOptions = {}): Promise<CleanReport> {
  return withReadingRun(workspace, options, async (run, { isDryRun, shouldCleanImported: mayBeImported }) => {
    const provider = requireDeleting(run)
    const cleanAll = () => cleanEach({ run, provider, isDryRun, mayBeImported })
    return { triples: isDryRun ? await cleanAll() : await whileHeld(run, cleanAll), isDryRun }
  })
}

async function cleanEach(call: Omit<Cleaning, 'uses' | 'closed'>): Promise<readonly CleanedTriple[]> {
  const { run, provider } = call
  const finished = await findFinished(run)
  const uses = await usesOf(run, provider, finished)
  const cleaned: CleanedTriple[] = []
  let closed: Problem | null = null
  for (const triple of finished) {
    run.signal.throwIfAborted()
    const one: CleanedTriple = await cleanTriple({ ...call, uses, closed }, triple)
    // A server that is away is not asked for each of a thousand triples.
    closed ??= one.problem?.isPassing === true ? one.problem : null
    cleaned.push(one)
  }
  return cleaned
}

function requireDeleting({ provider }: ReadingRun): Cleaning['provider'] {
  if (provider === null) throw noProvider('Files are deleted at their server')
  const { deleteFile } = provider
  if (deleteFile !== undefined) return { ...provider, deleteFile }
  throw reconciliationError({
    code: 'ServerNotSupported',
    message: `The provider ${provider.name} deletes no files.`,
    hint: 'Give it a deleteFile function, or delete them by other means. Nothing was touched.',
    needsPerson: true,
    facts: { name: provider.name },
  })
}
