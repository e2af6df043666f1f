import { attemptOfRows, wasCancelled, type TripleFacts } from '../../machines/index.js'
import type { AccountedTriple } from '../accounting/account.js'
import { attemptSourceKey, openAttemptRows, type AttemptRows } from '../accounting/results/attempt-rows.js'
import type { RowTable } from '../accounting/results/row-table.js'
import type { AcceptedFaults } from '../accounting/triple-accounting.js'
import type { ExpectedContentType } from '../accounting/rows/content.js'
import { derivedBatchIndex } from '../workspace/batch-index.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { readMetadata } from '../workspace/metadata.js'
import type { TripleDependencies } from './dependencies.js'
import { hasCallbacks } from './processors.js'

/** One attempt at the requests of a triple: what its rows are made from, and where failed requests go next. */
export interface Attempt {
  readonly facts: TripleFacts
  readonly accounted: AccountedTriple
  readonly contentType: ExpectedContentType
  readonly rowsPath: string
  readonly sourceKey: string
  /** The attempt its rows count for. */
  readonly number: number
  /** Indices of the triples that try again what fails for a passing reason; none when nothing is sent by itself. */
  readonly retryIndices: readonly string[]
  /** Which of them tries this request again. */
  readonly retryIndexOf: (customId: string) => string | null
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
    sourceKey: attemptSourceKey([
      facts.index,
      expected,
      facts.remoteStatus,
      ...acceptedKey(accounted.accounting.accepted),
      ...(facts.splitParts === null ? [] : [`parts ${facts.splitParts}`]),
      ...hashes,
    ]),
    number: attemptOfRows(facts),
    ...retriesOf(facts, accounted, hashes, limits.maxAttempts),
  }
}

/** Opens the rows of the attempt; rows of an earlier run at the same files are taken up. */
export function openRows(dependencies: TripleDependencies, attempt: Attempt): Promise<AttemptRows> {
  const { workspace, accountings } = dependencies
  const { rowsPath: path, sourceKey, facts } = attempt
  return openAttemptRows(workspace.fileSystem, path, sourceKey, {
    isCheckpoint: hasCallbacks(dependencies),
    known: accountings.recallRows(sourceKey),
  }).catch(asFileProblem({ path, action: 'open', index: facts.index }))
}

/** Where the closed rows of the attempt stand, when this run knows it and nobody has written to them since. */
export async function knownRows(
  { workspace, accountings }: TripleDependencies,
  { rowsPath, sourceKey }: Attempt,
): Promise<RowTable | null> {
  const table = accountings.recallRows(sourceKey)
  const isWhole = table !== null && (await workspace.fileSystem.stat(rowsPath))?.bytes === table.endOffset
  return isWhole ? table : null
}

/** Other answers may count by a decision; without one the key is what it always was. */
function acceptedKey({ missing, unrecognised, keep }: AcceptedFaults): readonly string[] {
  return missing || unrecognised || keep !== null
    ? [`accepted ${JSON.stringify({ missing, unrecognised, keep })}`]
    : []
}

type Retries = Pick<Attempt, 'retryIndices' | 'retryIndexOf'>

/** Where failed requests go. What somebody stopped is not sent again by itself, whatever it failed with. */
function retriesOf(
  facts: TripleFacts,
  { ledger }: AccountedTriple,
  hashes: readonly string[],
  maxAttempts: number,
): Retries {
  const { index, attempt, splitParts } = facts
  // Made from what is retried, so that a crash between writing the retry and moving its parent makes no second one.
  const indexOf = (...part: readonly string[]): string =>
    derivedBatchIndex(JSON.stringify([index, attempt, ...part, ...hashes]))
  if (wasCancelled(facts)) return { retryIndices: [], retryIndexOf: () => null }
  if (splitParts !== null) {
    const indices = Array.from({ length: splitParts }, (_, part) =>
      indexOf(`part ${part + 1} of ${splitParts}`),
    )
    const partOf = (customId: string): number =>
      Math.floor((ledger.ordinalOf(customId) * splitParts) / ledger.size)
    return { retryIndices: indices, retryIndexOf: (customId) => indices[partOf(customId)] ?? null }
  }
  if (attempt >= maxAttempts) return { retryIndices: [], retryIndexOf: () => null }
  const retryIndex = indexOf()
  return { retryIndices: [retryIndex], retryIndexOf: () => retryIndex }
}

async function storedContentType(
  workspace: TripleDependencies['workspace'],
  { metadata }: TripleFacts,
): Promise<ExpectedContentType | null> {
  return metadata === null ? null : ((await readMetadata(workspace, metadata.path))?.content_type ?? null)
}
