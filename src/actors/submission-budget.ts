import type { Problem } from '../../machines/index.js'
import type { Clock } from '../clock.js'
import { countOf, countText } from '../units.js'
import { parseBatchIndex, type BatchIndex } from '../workspace/batch-index.js'
import { locateTriple } from '../workspace/locate-triple.js'
import { standingPath } from '../workspace/move-intent.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { scanDone } from '../workspace/scan-done.js'
import { listOrNothing, scanWorkspace } from '../workspace/scan.js'
import {
  entryOfBound,
  readBudgetEntry,
  type BudgetedTriple,
  type BudgetEntry,
  type BudgetRules,
  type UnknownAmount,
} from './budget-entry.js'
import { ledgerAdmission } from './ledger-admission.js'
import {
  sendingCommand,
  unlimitedAdmission,
  type SubmissionAdmission,
  type SubmissionInquiry,
} from './submission-admission.js'

export type { BudgetRules }

/** What may be spent in a workspace: what was spent stands in the proofs, what may be spent yet in the metadata. */
export function submissionBudget(rules: BudgetRules, clock: Clock): SubmissionAdmission {
  if (rules.maxTokens === null && rules.maxCost === null) return unlimitedAdmission
  return ledgerAdmission<BudgetedTriple, BudgetEntry>(
    {
      name: 'budget',
      needsInputTokens: false,
      listTriples: allTriples,
      findTriple: oneTriple,
      read: (inquiry, triple) => readBudgetEntry({ ...inquiry, rules }, triple),
      entryOf: ({ model, bound }) => entryOfBound(rules, model, bound),
      refusalOf: (inquiry, own, known) => overBudget(rules, inquiry, own, known),
    },
    clock,
  )
}

async function allTriples(workspace: BatchWorkspace): Promise<readonly BudgetedTriple[]> {
  const { triples } = await scanWorkspace(workspace)
  const open = new Set(triples.map(({ index }) => index))
  const done = (await scanDone(workspace)).filter(({ index }) => !open.has(index))
  const standing = new Set([...open, ...done.map(({ index }) => index)])
  const gone = (await provenIndices(workspace)).filter((index) => !standing.has(index))
  return [
    ...triples.map((triple) => ({ ...triple, isDone: false })),
    ...done.map((triple) => ({ ...triple, isDone: true })),
    // Whoever cleared done/ has paid for it all the same.
    ...gone.map((index) => ({ index, input: null, output: null, error: null, metadata: null, isDone: true })),
  ]
}

async function provenIndices(workspace: BatchWorkspace): Promise<readonly BatchIndex[]> {
  const { layout } = workspace
  return (await listOrNothing(workspace, layout.logs)).flatMap(({ name }) => {
    const [, text = ''] = /^batch_accounting_(.+)\.json$/.exec(name) ?? []
    return parseBatchIndex(text) ?? []
  })
}

async function oneTriple(workspace: BatchWorkspace, index: string): Promise<BudgetedTriple> {
  const triple = await locateTriple(workspace, index)
  const { input, output, error, metadata } = triple
  const isDone = input === null && triple.inDone.input
  const path = (kind: 'input' | 'output' | 'error' | 'metadata') => standingPath(workspace, triple, kind)
  return isDone
    ? {
        index,
        input: path('input'),
        output: path('output'),
        error: path('error'),
        metadata: path('metadata'),
        isDone,
      }
    : { index, input, output, error, metadata, isDone }
}

interface Sum {
  readonly tokens: number
  readonly cost: number
  readonly unknown: { readonly index: string; readonly what: UnknownAmount } | null
}

function sumOf(known: ReadonlyMap<string, BudgetEntry>, except: string, isSettled: boolean): Sum {
  let [tokens, cost] = [0, 0]
  let unknown: Sum['unknown'] = null
  for (const [index, entry] of known) {
    if (index === except || entry.isSettled !== isSettled) continue
    tokens += entry.tokens
    cost += entry.cost
    if (entry.unknown !== null) unknown = { index, what: entry.unknown }
  }
  return { tokens, cost, unknown }
}

/** What keeps the triple from being sent; for a person where waiting for other batches cannot help. */
function overBudget(
  rules: BudgetRules,
  inquiry: SubmissionInquiry,
  own: BudgetEntry,
  known: ReadonlyMap<string, BudgetEntry>,
): Problem | null {
  const { index } = inquiry
  const used = sumOf(known, index, true)
  const reserved = sumOf(known, index, false)
  if (own.unknown !== null) return notKnown(rules, inquiry, { index, what: own.unknown }, true)
  if (used.unknown !== null) return notKnown(rules, inquiry, used.unknown, true)
  if (reserved.unknown !== null) return notKnown(rules, inquiry, reserved.unknown, false)
  for (const measure of measuresOf(rules)) {
    const { limit, amount, words } = measure
    const [mine, gone, underWay] = [amount(own), amount(used), amount(reserved)]
    const most = gone + underWay + mine
    if (most <= limit) continue
    const isForPerson = gone + mine > limit
    const message = `Triple ${index} may take up to ${words(mine)}. Of the limit of ${words(limit)}, ${words(gone)} are used and up to ${words(underWay)} more may be by batches under way. It was not sent.`
    const wait = isForPerson
      ? ''
      : `It is sent when batches under way have ended and took less than they might: ${commandOf(rules, inquiry, measure, limit)} then. `
    return problemOf(
      index,
      message,
      `${wait}To send it now, raise the limit: ${commandOf(rules, inquiry, measure, most)}.`,
      isForPerson,
    )
  }
  return null
}

interface Measure {
  readonly limit: number
  readonly amount: (entry: { readonly tokens: number; readonly cost: number }) => number
  readonly words: (amount: number) => string
  /** The flag of the limit with an amount. */
  readonly flag: (amount: number) => string
}

function measuresOf({ maxTokens, maxCost, prices }: BudgetRules): readonly Measure[] {
  const tokens: Measure = {
    limit: maxTokens ?? Infinity,
    amount: (entry) => entry.tokens,
    words: (amount) => `${countText(amount)} tokens`,
    flag: (amount) => `--max-tokens ${amount}`,
  }
  const cost: Measure = {
    limit: maxCost ?? Infinity,
    amount: (entry) => entry.cost,
    words: (amount) => `${amountText(amount)} ${prices?.currency ?? ''}`,
    flag: (amount) => `--max-cost ${amountText(amount)}`,
  }
  return [...(maxTokens === null ? [] : [tokens]), ...(maxCost === null ? [] : [cost])]
}

/** To be copied; the path of the price file is known to whoever gave it. */
function commandOf(
  rules: BudgetRules,
  inquiry: SubmissionInquiry,
  { flag }: Measure,
  amount: number,
): string {
  const { assumedTokens, maxCost } = rules
  const assumed = assumedTokens === null ? '' : ` --assume-tokens ${assumedTokens}`
  const prices = maxCost === null ? '' : ' with the same --prices'
  return `\`${sendingCommand(inquiry)} ${flag(amount)}${assumed}\`${prices}`
}

/** Rounded up: who gives this as a limit must not be stopped again. */
const amountText = (amount: number): string => (Math.ceil(amount * 10_000) / 10_000).toFixed(4)

function notKnown(
  rules: BudgetRules,
  inquiry: SubmissionInquiry,
  { index: of, what }: NonNullable<Sum['unknown']>,
  isForPerson: boolean,
): Problem {
  const { index } = inquiry
  const wait = isForPerson ? '' : `It is sent by a later run when triple ${of} is done. `
  const start = `Nobody can tell what triple ${index} may come to: `
  const subject = of === index ? 'it' : `triple ${of}`
  if (what.type === 'unbounded') {
    const [measure] = measuresOf(rules)
    const limited = measure === undefined ? '' : ` ${measure.flag(measure.limit)}`
    return problemOf(
      index,
      `${start}${countOf(what.requests, 'request')} of ${subject} ${what.requests === 1 ? 'names' : 'name'} no most of the output, or bring in pictures, files or earlier answers. It was not sent.`,
      `${wait}Say with how many tokens to reckon for each: \`${sendingCommand(inquiry)}${limited} --assume-tokens 4000\`, say. Or name max_completion_tokens (max_output_tokens for responses) in each request.`,
      isForPerson,
    )
  }
  const model = what.model === null ? 'requests that name no model' : `the model ${what.model.slice(0, 100)}`
  return problemOf(
    index,
    `${start}the price list has no price for ${model}, which ${subject} uses. It was not sent.`,
    `${wait}Add the model to the price file and run again; or limit the tokens (--max-tokens) instead of the cost.`,
    isForPerson,
  )
}

function problemOf(index: string, message: string, hint: string, isForPerson: boolean): Problem {
  const problem = { code: 'OverBudget', message, hint, facts: { index } } as const
  return isForPerson ? { ...problem, needsPerson: true } : { ...problem, isPassing: true }
}
