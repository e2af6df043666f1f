import type { TripleFacts } from '../../machines/index.js'
import type { AccountedTriple } from '../accounting/account.js'
import { attemptSourceKey, openAttemptRows, type AttemptRows } from '../accounting/results/attempt-rows.js'
import type { ExpectedContentType } from '../accounting/rows/content.js'
import { retryBatchIndex } from '../workspace/batch-index.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { readMetadata } from '../workspace/metadata.js'
import type { TripleDependencies } from './dependencies.js'

/** One attempt at the requests of a triple: what its rows are made from, and where failed requests go next. */
export interface Attempt {
  readonly facts: TripleFacts
  readonly accounted: AccountedTriple
  readonly contentType: ExpectedContentType
  readonly rowsPath: string
  readonly sourceKey: string
  /** Index of the triple that tries again what fails for a passing reason; `null` when this was the last attempt. */
  readonly retryIndex: string | null
}

/** Works out the attempt from facts alone, so that a restart arrives at the same one. */
export async function describeAttempt(
  { workspace, limits, contentType }: TripleDependencies,
  facts: TripleFacts,
  accounted: AccountedTriple,
): Promise<Attempt> {
  const expected = contentType ?? (await storedContentType(workspace, facts)) ?? 'text'
  const hashes = accounted.accounting.files.map(({ kind, sha256 }) => `${kind} ${sha256}`)
  return {
    facts,
    accounted,
    contentType: expected,
    rowsPath: workspace.layout.rowsFile(facts.index),
    sourceKey: attemptSourceKey([facts.index, expected, facts.remoteStatus, ...hashes]),
    retryIndex: facts.attempt < limits.maxAttempts ? retryIndexOf(facts, hashes) : null,
  }
}

/** Opens the rows of the attempt; rows of an earlier run at the same files are taken up. */
export function openRows({ workspace }: TripleDependencies, attempt: Attempt): Promise<AttemptRows> {
  const { rowsPath: path, sourceKey, facts } = attempt
  return openAttemptRows(workspace.fileSystem, path, sourceKey).catch(
    asFileProblem({ path, action: 'open', index: facts.index }),
  )
}

/** Made from what is retried, so that a crash between writing the retry and moving its parent makes no second one. */
function retryIndexOf({ index, attempt }: TripleFacts, hashes: readonly string[]): string {
  return retryBatchIndex(JSON.stringify([index, attempt, ...hashes]))
}

async function storedContentType(
  workspace: TripleDependencies['workspace'],
  { metadata }: TripleFacts,
): Promise<ExpectedContentType | null> {
  return metadata === null ? null : ((await readMetadata(workspace, metadata.path))?.content_type ?? null)
}
