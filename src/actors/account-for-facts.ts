import { wasCutShort, type TripleFacts } from '../../machines/index.js'
import { accountForTriple, type AccountedTriple, type AccountingProgress } from '../accounting/account.js'
import { acceptedFaultsOf, doesAcceptanceFit } from '../accounting/accepted-faults.js'
import { nothingAccepted, type AcceptedFaults } from '../accounting/triple-accounting.js'
import { reconciliationError } from '../errors.js'
import { readMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'

interface Reading {
  readonly workspace: BatchWorkspace
  readonly signal: AbortSignal
  readonly onProgress: (progress: AccountingProgress) => void
}

/** Counts the rows of the files that stand here, by what somebody accepted of these very files. */
export async function accountForFacts(reading: Reading, facts: TripleFacts): Promise<AccountedTriple> {
  const { metadata } = facts
  const acceptance =
    metadata === null ? null : ((await readMetadata(reading.workspace, metadata.path))?.accepted ?? null)
  const accounted = await accountAs(reading, facts, acceptedFaultsOf(acceptance))
  if (acceptance === null || doesAcceptanceFit(acceptance, accounted.accounting.files)) return accounted
  return accountAs(reading, facts, nothingAccepted)
}

/** The same by a decision that is not noted yet. */
export function accountAs(
  { workspace, signal, onProgress }: Reading,
  facts: TripleFacts,
  accepted: AcceptedFaults,
): Promise<AccountedTriple> {
  const { index, input, output, error } = facts
  if (input === null) throw missingPath(index)
  return accountForTriple({
    fs: workspace.fileSystem,
    index,
    input: input.path,
    output: output?.path ?? null,
    error: error?.path ?? null,
    isCutShort: wasCutShort(facts),
    accepted,
    signal,
    onProgress,
  })
}

function missingPath(index: string): Error {
  return reconciliationError(
    { code: 'MissingFilePath', message: `Triple ${index} has no input file whose ids could be checked.` },
    { index },
  )
}
