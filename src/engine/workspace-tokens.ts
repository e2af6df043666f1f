import { sumOfTotals, type TokenTotals } from '../../machines/index.js'
import { proofOrNull, tokensProven } from '../accounting/proof.js'
import type { BatchIndex } from '../workspace/batch-index.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { DoneTriple } from '../workspace/scan-done.js'
import { readTokenLog } from '../workspace/token-log.js'

/** What all answers of a workspace took, of all attempts, as far as it is noted. */
export interface WorkspaceTokens {
  /** `null` where nobody counted any. */
  readonly totals: TokenTotals | null
  /** Finished triples that are not in it: nobody noted what they took. `workspaceUsage` reads it from their answers. */
  readonly uncounted: number
}

/** Triples that the log does not have, and whose proof is opened instead; about a tenth of a second. */
const mostProofs = 1_000

/** A triple of `workdir/`; its proof is opened where `tokens` is left out. */
interface OpenTriple {
  readonly index: string
  readonly tokens?: TokenTotals | null
}

/** From what was noted when triples were done, or else from proofs. No answers are read. */
export async function workspaceTokens(
  workspace: BatchWorkspace,
  open: readonly OpenTriple[],
  done: readonly Pick<DoneTriple, 'index'>[],
): Promise<WorkspaceTokens> {
  const { fileSystem, layout } = workspace
  const noted = await readTokenLog(workspace).catch(() => new Map<string, TokenTotals>())
  const isOpen = new Set(open.map(({ index }) => index))
  let proofsLeft = mostProofs
  const proven = async (index: BatchIndex): Promise<TokenTotals | null> => {
    proofsLeft -= 1
    const proof = proofsLeft < 0 ? null : await proofOrNull(fileSystem, layout.accountingFile(index))
    return proof === null ? null : tokensProven(proof)
  }
  const found: (TokenTotals | null)[] = []
  for (const { index, tokens = await proven(index) } of open) found.push(tokens)
  let uncounted = 0
  for (const { index } of done) {
    if (isOpen.has(index)) continue
    const tokens = noted.get(index) ?? (await proven(index))
    if (tokens === null) uncounted += 1
    else found.push(tokens)
  }
  return { totals: sumOfTotals(found), uncounted }
}
