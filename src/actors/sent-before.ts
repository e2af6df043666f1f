import { basename } from 'node:path'
import { toProblem, type Problem } from '../../machines/index.js'
import { diskProblemOf } from '../accounting/requests/disk-problem.js'
import { keyOf } from '../accounting/requests/answered-requests.js'
import { readLooseAnswers, type LooseAnswers } from '../accounting/requests/loose-answers.js'
import { knownTriples, type KnownTriple } from '../accounting/requests/known-triples.js'
import { readRequests, type Inquiry } from '../accounting/requests/read-requests.js'
import { RequestTable } from '../accounting/requests/request-table.js'
import {
  findSentRequests,
  isMeantToBeSent,
  type Holder,
  type SentRequests,
} from '../accounting/requests/sent-requests.js'
import { reconciliationError } from '../errors.js'
import { countOf, countText } from '../units.js'
import type { BatchIndex } from '../workspace/batch-index.js'
import { readMetadata, type BatchMetadata } from '../workspace/metadata.js'
import { shellWord } from '../workspace/shell-word.js'

/** Shared by all triples of a run: which inputs that somebody put there hold requests that were sent before. */
export interface SentBefore {
  /**
   * Throws `RequestsSentBefore` when requests of this input stand in another triple, or in an input before it that is to
   * be sent, too. What `submit` or a retry wrote was judged then and passes.
   */
  requireNew(inquiry: Inquiry, index: BatchIndex, metadata: BatchMetadata | null): Promise<void>
  /** Look anew when next asked: the workspace may have changed. */
  forget(): void
  /**
   * Another process sends these inputs now. What was found stays true when they were judged here as well, and may go: who
   * comes after them was judged by that. Otherwise it is looked anew.
   */
  hearOf(indices: readonly string[]): Promise<void>
}

export function sentBefore(): SentBefore {
  let findings: Promise<Findings> | null = null
  const look = (inquiry: Inquiry): Promise<Findings> => {
    const looking = findRepeatedRequests(inquiry)
    findings = looking
    return looking
  }
  return {
    forget: () => (findings = null),
    async hearOf(indices) {
      const known = await findings?.catch(() => null)
      if (indices.some((index) => known?.get(index) !== null)) findings = null
    },
    async requireNew(inquiry, index, metadata) {
      if (isMeantToBeSent({ hasAnswers: false }, metadata)) return
      // What stopped the one who looked need not stop the next.
      const known = await (findings ?? look(inquiry)).catch(() => look(inquiry))
      const found = known.get(index)
      // One that somebody put there since was not looked at, and what the disk refused may have passed.
      const problem =
        found === undefined || found?.isPassing === true ? (await look(inquiry)).get(index) : found
      if (problem != null) throw reconciliationError(problem, { index })
    },
  }
}

/** By index of each input that was looked at: what keeps it from being sent. */
type Findings = ReadonlyMap<BatchIndex, Problem | null>

/** Inputs that are looked up together; more requests than this in turns, so that memory is bounded. */
const mostRequestsAtOnce = 2_000_000

async function findRepeatedRequests(inquiry: Inquiry): Promise<Findings> {
  const findings = new Map<BatchIndex, Problem | null>()
  let waiting = await unsentInputs(inquiry)
  const loose = waiting.length === 0 ? null : await readLooseAnswers(inquiry.workspace, inquiry.signal)
  while (waiting.length > 0) {
    const table = new RequestTable()
    let taken = 0
    while (taken < waiting.length && (taken === 0 || table.size < mostRequestsAtOnce)) {
      const triple = waiting[taken] as KnownTriple
      const refusal = await readRequests(inquiry, triple, nothing, (words, at) => table.add(words, at))
      if (refusal !== null) findings.set(triple.index, toProblem(refusal))
      taken += 1
    }
    const isMeant = (index: BatchIndex): boolean => findings.get(index) === null
    const sent = await findSentRequests({ ...inquiry, table, isMeant })
    for (const triple of waiting.slice(0, taken)) {
      if (!findings.has(triple.index))
        findings.set(triple.index, await judge(inquiry, triple, { table, sent, loose }))
    }
    waiting = waiting.slice(taken)
  }
  return findings
}

const nothing = (): void => {}

/** Inputs that somebody put there. Metadata that cannot be read stops its triple by itself. */
export async function unsentInputs({
  workspace,
}: Pick<Inquiry, 'workspace'>): Promise<readonly KnownTriple[]> {
  const unsent: KnownTriple[] = []
  for (const triple of await knownTriples(workspace)) {
    if (triple.place !== 'workdir' || triple.hasAnswers) continue
    const look = async (): Promise<void> => {
      if (!isMeantToBeSent(triple, await readMetadata(workspace, triple.metadata))) unsent.push(triple)
    }
    await diskProblemOf(look())
  }
  return unsent
}

interface Lookup {
  readonly table: RequestTable
  readonly sent: SentRequests
  readonly loose: LooseAnswers | null
}

/** One that may go holds its requests from here on: the next one with one of them stops. */
async function judge(
  inquiry: Inquiry,
  triple: KnownTriple,
  { table, sent, loose }: Lookup,
): Promise<Problem | null> {
  const { index } = triple
  let counts = new Map<Holder, number>()
  let ordinals: number[] = []
  let answeredBy: string | null = null
  const begin = (): void => {
    counts = new Map()
    ordinals = []
    answeredBy = null
  }
  const refusal = await readRequests(inquiry, triple, begin, (words, at) => {
    const ordinal = table.find(words, at)
    const holder = sent.holderOf(ordinal)
    ordinals.push(ordinal)
    answeredBy ??= loose?.get(keyOf(words[at] ?? 0, words[at + 1] ?? 0)) ?? null
    if (holder !== null) counts.set(holder, (counts.get(holder) ?? 0) + 1)
  })
  if (refusal !== null) return toProblem(refusal)
  if (answeredBy !== null) return answeredBeside(inquiry, triple, answeredBy)
  if (counts.size > 0) return repeated(inquiry, triple, ordinals.length, counts)
  const notes = sent.add({ index, standing: 'pending', remoteStatus: null, isUnsent: true })
  for (const ordinal of ordinals) notes.hasRequest(ordinal)
  return null
}

/** Somebody has fetched the answers already, and put them there under the name that the server gave them. */
function answeredBeside(
  { workspace: { root, layout } }: Inquiry,
  { index, input }: KnownTriple,
  answers: string,
): Problem {
  const path = input ?? ''
  return {
    code: 'RequestsSentBefore',
    message: `${basename(answers)}, in workdir/ beside ${basename(path)}, answers requests of it. Nothing of it was sent.`,
    hint: `Bring the answers in: \`batch-reconciler import ${shellWord(layout.workdir)} ${shellWord(root)}\`, then run again. If they are those of other requests with the same ids, move ${answers} out of workdir/.`,
    needsPerson: true,
    facts: { index, path, answers },
  }
}

const mostNamed = 3

function repeated(
  { workspace: { root } }: Inquiry,
  { index, input }: KnownTriple,
  requests: number,
  counts: ReadonlyMap<Holder, number>,
): Problem {
  const path = input ?? ''
  const repeats = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const holders = [...counts].slice(0, mostNamed)
  const named = holders.map(([holder, count]) => `triple ${holder.index} (${countText(count)})`).join(', ')
  const more = counts.size > mostNamed ? ` and ${countOf(counts.size - mostNamed, 'more triple')}` : ''
  const command = `batch-reconciler submit ${shellWord(root)} ${shellWord(path)}`
  const cure =
    repeats === requests
      ? `Take ${path} away. To pay for these requests again: \`${command} --again\`, then take it away.`
      : `\`${command}\` sends only the new ones, with --again all of them; then take ${path} away.`
  return {
    code: 'RequestsSentBefore',
    message: `${countText(repeats)} of ${countOf(requests, 'request')} of ${basename(path)} were sent before: ${named}${more}. Nothing of it was sent.`,
    hint: cure,
    needsPerson: true,
    facts: { index, path, requests, repeats, holders: holders.map(([holder]) => holder.index) },
  }
}
