import { monotonicMsOf, type Clock } from '../clock.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { SubmissionInquiry } from './submission-admission.js'

/** How it is known what each triple takes of something. */
export interface LedgerSources<Triple extends { readonly index: string }, Entry> {
  /** All that may have an entry. */
  readonly listTriples: (workspace: BatchWorkspace) => Promise<readonly Triple[]>
  readonly findTriple: (workspace: BatchWorkspace, index: string) => Promise<Triple>
  /** `null`: it takes nothing. */
  readonly read: (inquiry: SubmissionInquiry, triple: Triple) => Promise<Entry | null>
}

/** What each triple of a workspace takes of something, by index. One question after the other. */
export interface TripleLedger<Entry> {
  /** As last looked at; of those that something happened to since, anew. */
  upToDate(inquiry: SubmissionInquiry): Promise<Map<string, Entry>>
  /** All anew; `null` when that was a moment ago. */
  anew(inquiry: SubmissionInquiry): Promise<Map<string, Entry> | null>
  hearOf(indices: readonly string[]): void
  forget(): void
}

/** Before something is refused all is looked at anew, as others may have settled; but not for each of ten thousand. */
const freshMs = 10_000

export function tripleLedger<Triple extends { readonly index: string }, Entry>(
  { listTriples, findTriple, read }: LedgerSources<Triple, Entry>,
  clock: Clock,
): TripleLedger<Entry> {
  let entries: Map<string, Entry> | null = null
  let readAtMs = 0
  const stale = new Set<string>()
  const readAll = async (inquiry: SubmissionInquiry): Promise<Map<string, Entry>> => {
    const found = new Map<string, Entry>()
    stale.clear()
    for (const triple of await listTriples(inquiry.workspace)) {
      inquiry.signal.throwIfAborted()
      const entry = await read(inquiry, triple)
      if (entry !== null) found.set(triple.index, entry)
    }
    entries = found
    readAtMs = monotonicMsOf(clock)
    return found
  }
  const readOne = async (inquiry: SubmissionInquiry, index: string): Promise<Entry | null> => {
    try {
      return await read(inquiry, await findTriple(inquiry.workspace, index))
    } catch (error) {
      stale.add(index)
      throw error
    }
  }
  return {
    async upToDate(inquiry) {
      const known = entries ?? (await readAll(inquiry))
      for (const index of stale) {
        // Before it is read: what is heard of it meanwhile is news again.
        stale.delete(index)
        const entry = await readOne(inquiry, index)
        if (entry === null) known.delete(index)
        else known.set(index, entry)
      }
      return known
    },
    anew: async (inquiry) => (monotonicMsOf(clock) - readAtMs < freshMs ? null : readAll(inquiry)),
    hearOf: (indices) => indices.forEach((index) => stale.add(index)),
    forget: () => (entries = null),
  }
}
