import { isEndedStatus, isFailedStatus } from '../../machines/index.js'
import { proofOrNull, usageProven } from '../accounting/proof.js'
import { costOf, mostCostOf, type PriceList } from '../accounting/usage/price-list.js'
import { readUsage } from '../accounting/usage/read-usage.js'
import type { Usage } from '../accounting/usage/usage-tally.js'
import type { TokenBound } from '../providers/token-bound.js'
import { validateRequestsFile } from '../providers/validate-input.js'
import type { InputLimits } from '../providers/split-input.js'
import type { BatchIndex } from '../workspace/batch-index.js'
import { readMetadata, type BatchMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'

/** By what a budget is reckoned. */
export interface BudgetRules {
  /** `null`: any number. */
  readonly maxTokens: number | null
  /** In the currency of the prices; `null`: any amount. */
  readonly maxCost: number | null
  readonly prices: PriceList | null
  /** For each request whose tokens are not bounded so many are reckoned with; `null`: nobody knows. */
  readonly assumedTokens: number | null
}

/** What one triple takes of a budget. */
export interface BudgetEntry {
  readonly tokens: number
  /** 0 without prices. */
  readonly cost: number
  /** Its answers are counted; else it may take less than this, and no more. */
  readonly isSettled: boolean
  /** What keeps anybody from telling how much it takes. */
  readonly unknown: UnknownAmount | null
}

export type UnknownAmount =
  | { readonly type: 'unbounded'; readonly requests: number }
  | { readonly type: 'unpriced'; readonly model: string | null }

/** Where a triple stands; absolute paths, `null` for what is not there. */
export interface BudgetedTriple {
  readonly index: BatchIndex
  readonly input: string | null
  readonly output: string | null
  readonly error: string | null
  readonly metadata: string | null
  readonly isDone: boolean
}

export interface EntryReading {
  readonly workspace: BatchWorkspace
  readonly limits: InputLimits
  readonly rules: BudgetRules
  readonly signal: AbortSignal
}

/** What a triple takes that nobody looked at before: nothing for one that was never sent and has no answers. */
export async function readBudgetEntry(
  reading: EntryReading,
  triple: BudgetedTriple,
): Promise<BudgetEntry | null> {
  const { workspace, rules } = reading
  const known = await metadataOf(workspace, triple)
  const usage = await usageOf(reading, triple)
  const isOver = triple.isDone || (usage !== null && known !== 'unreadable' && hasEnded(known))
  if (!isOver && (known === 'unreadable' || mayRun(known))) {
    const bound = await boundOf(reading, triple, known)
    const most = bound === null ? noEntry : entryOfBound(rules, modelOf(known), bound)
    const used = usage === null ? noEntry : entryOfUsage(rules, usage, null)
    return most.tokens >= used.tokens || most.unknown !== null ? most : { ...used, isSettled: false }
  }
  if (usage === null) return null
  const bound = usage.untold === 0 ? null : await boundOf(reading, triple, known)
  return entryOfUsage(rules, usage, bound)
}

const noEntry: BudgetEntry = { tokens: 0, cost: 0, isSettled: true, unknown: null }

type KnownMetadata = BatchMetadata | null | 'unreadable'

/** What is wrong with it is told by its own triple. */
const metadataOf = (workspace: BatchWorkspace, { metadata }: BudgetedTriple): Promise<KnownMetadata> =>
  metadata === null
    ? Promise.resolve(null)
    : readMetadata(workspace, metadata).catch(() => 'unreadable' as const)

/** The server has it, or may have it, or is about to. A batch that it refused ran nothing. */
function mayRun(metadata: BatchMetadata | null): boolean {
  if (metadata === null || metadata.split != null || isFailedStatus(metadata.remote_status ?? null))
    return false
  const { batch_id: batchId, submission } = metadata
  return batchId !== null || submission?.asked_at_ms != null || submission?.bound != null
}

/** Whatever is wrong with its answers: the server makes no more of them. */
const hasEnded = (metadata: BatchMetadata | null): boolean => isEndedStatus(metadata?.remote_status ?? null)

const modelOf = (metadata: KnownMetadata): string | null =>
  metadata === 'unreadable' ? null : (metadata?.model ?? null)

/** Of the proof; where it says nothing of tokens, of the answers themselves. `null` where there are none. */
async function usageOf(
  { workspace, signal }: EntryReading,
  { index, output, error }: BudgetedTriple,
): Promise<Pick<Usage, 'models' | 'untold'> | null> {
  const { fileSystem: fs, layout } = workspace
  const proof = await proofOrNull(fs, layout.accountingFile(index))
  const proven = proof === null ? null : usageProven(proof)
  if (proven !== null) return proven
  const files = [
    ...(output === null ? [] : [{ kind: 'output', path: output } as const]),
    ...(error === null ? [] : [{ kind: 'error', path: error } as const]),
  ]
  return files.length === 0 ? null : readUsage({ fs, index, files, endpoint: null, signal })
}

/** As it was noted when it was sent; of one that nobody noted, of its requests. `null` where they are gone. */
async function boundOf(
  { workspace, limits, signal }: EntryReading,
  { input }: BudgetedTriple,
  metadata: KnownMetadata,
): Promise<TokenBound | null> {
  const noted = metadata === 'unreadable' ? null : metadata?.submission?.bound
  if (noted != null) {
    const {
      requests,
      input_tokens: inputTokens,
      output_tokens: outputTokens,
      unbounded_requests: unbounded,
    } = noted
    return { requests, inputTokens, outputTokens, unbounded }
  }
  if (input === null) return null
  return (await validateRequestsFile(workspace.fileSystem, input, limits, signal)).bound
}

/** What requests take at most. */
export function entryOfBound(rules: BudgetRules, model: string | null, bound: TokenBound): BudgetEntry {
  const { inputTokens: input, outputTokens: output, unbounded } = bound
  const either = unbounded * (rules.assumedTokens ?? 0)
  const tokens = input + output + either
  const cost = rules.prices === null ? 0 : mostCostOf(model, { input, output, either }, rules.prices)
  const entry = { tokens, cost: cost ?? 0, isSettled: false }
  if (unbounded > 0 && rules.assumedTokens === null)
    return { ...entry, unknown: { type: 'unbounded', requests: unbounded } }
  return { ...entry, unknown: cost === null ? { type: 'unpriced', model } : null }
}

/** What answers took. Of those that name no tokens each is taken for the share that a request had of the bound. */
function entryOfUsage(
  rules: BudgetRules,
  { models, untold }: Pick<Usage, 'models' | 'untold'>,
  bound: TokenBound | null,
): BudgetEntry {
  let { tokens, cost } = noEntry
  let unknown: UnknownAmount | null = null
  for (const one of models) {
    tokens += one.tokens.input + one.tokens.output
    const price = rules.prices === null ? 0 : costOf(one, rules.prices)
    if (price === null) unknown = { type: 'unpriced', model: one.model }
    else cost += price
  }
  if (untold === 0 || bound === null || bound.requests === 0)
    return { tokens, cost, isSettled: true, unknown }
  const most = entryOfBound(rules, models[0]?.model ?? null, bound)
  const share = Math.min(1, untold / bound.requests)
  return {
    tokens: tokens + Math.ceil(most.tokens * share),
    cost: cost + most.cost * share,
    isSettled: true,
    unknown: unknown ?? most.unknown,
  }
}
