import type { Problem } from '../../machines/index.js'
import type { Clock } from '../clock.js'
import { inTurn } from '../workspace/in-turn.js'
import type { SubmissionAdmission, SubmissionInquiry } from './submission-admission.js'
import { tripleLedger, type LedgerSources } from './triple-ledger.js'

/** What a limit is of, and what it refuses. */
export interface LedgerRules<Triple extends { readonly index: string }, Entry> extends LedgerSources<
  Triple,
  Entry
> {
  /** Names it among those of a workspace. */
  readonly name: string
  readonly needsInputTokens: boolean
  entryOf(inquiry: SubmissionInquiry): Entry
  /** What keeps the triple from being sent, with its own entry and what all take. */
  refusalOf(inquiry: SubmissionInquiry, own: Entry, known: ReadonlyMap<string, Entry>): Problem | null
}

/** Admits by what all triples of the workspace take together. */
export function ledgerAdmission<Triple extends { readonly index: string }, Entry>(
  rules: LedgerRules<Triple, Entry>,
  clock: Clock,
): SubmissionAdmission {
  const ledger = tripleLedger(rules, clock)
  const waiting = new Map<string, SubmissionInquiry>()
  const oneByOne = <Result>(inquiry: SubmissionInquiry, work: () => Promise<Result>): Promise<Result> =>
    inTurn(`${rules.name} of ${inquiry.workspace.root}`, work)
  const judge = async (inquiry: SubmissionInquiry): Promise<Judgement<Entry>> => {
    const own = rules.entryOf(inquiry)
    const known = await ledger.upToDate(inquiry)
    const problem = rules.refusalOf(inquiry, own, known)
    const anew = problem === null ? null : await ledger.anew(inquiry)
    if (anew === null) return { own, known, problem }
    return { own, known: anew, problem: rules.refusalOf(inquiry, own, anew) }
  }
  return {
    isLimited: true,
    needsInputTokens: rules.needsInputTokens,
    admit: (inquiry, reserve) =>
      oneByOne(inquiry, async () => {
        const { own, known, problem } = await judge(inquiry)
        if (problem?.isPassing === true) waiting.set(inquiry.index, inquiry)
        else waiting.delete(inquiry.index)
        const refused = problem ?? (await reserve())
        if (refused === null) known.set(inquiry.index, own)
        return refused
      }),
    async stillRefused({ index, inputMark, signal }) {
      const inquiry = waiting.get(index)
      if (inquiry?.inputMark !== inputMark) return null
      return oneByOne(inquiry, async () => (await judge({ ...inquiry, signal })).problem)
    },
    hearOf: (indices) => ledger.hearOf(indices),
    forget: () => ledger.forget(),
  }
}

interface Judgement<Entry> {
  readonly own: Entry
  readonly known: Map<string, Entry>
  readonly problem: Problem | null
}
