import { toProblem } from '../../../machines/index.js'
import type { BatchIndex } from '../../workspace/batch-index.js'
import { isBatchReconciliationError, reconciliationError } from '../../errors.js'
import { lostMetadata } from '../../workspace/lost-metadata.js'
import { readMetadata, type BatchMetadata } from '../../workspace/metadata.js'
import { GrowableColumn } from '../growable-column.js'
import { standingsIn, type Standing } from './answered-requests.js'
import { knownTriples, type KnownTriple } from './known-triples.js'
import { readRequests, type Inquiry } from './read-requests.js'
import type { RequestTable } from './request-table.js'

/** A triple that holds a request, and how the request stands there. */
export interface Holder {
  readonly index: BatchIndex
  readonly standing: Standing
  /** The last status the server gave; `null` when it was never asked, or the triple is finished. */
  readonly remoteStatus: string | null
  /** In `workdir/`, and no batch is known of it. */
  readonly isUnsent: boolean
}

/** Which requests of a table are in the workspace's triples already. About 8 bytes a request. */
export class SentRequests {
  readonly #holders: Holder[] = []
  /** Number of the holder plus 1, by request: of the request itself, and of another one with its `custom_id`. */
  readonly #held = new GrowableColumn(Uint32Array)
  readonly #others = new GrowableColumn(Uint32Array)

  /** Who has the request, pending or answered; `null` when it is to be sent. */
  holderOf(ordinal: number): Holder | null {
    return this.#holders[this.#held.get(ordinal) - 1] ?? null
  }

  /** Who has another request with the `custom_id` of this one, the first of its id in the table. */
  holderOfOther(firstOfId: number): Holder | null {
    return this.#holders[this.#others.get(firstOfId) - 1] ?? null
  }

  /** Gives the functions that say what this holder has. */
  add(holder: Holder): HolderNotes {
    const number = this.#holders.push(holder)
    return {
      hasRequest: (ordinal) => this.#held.set(ordinal, number),
      hasOther: (firstOfId) => this.#others.set(firstOfId, number),
    }
  }
}

export interface HolderNotes {
  hasRequest(ordinal: number): void
  hasOther(firstOfId: number): void
}

export interface SentQuery extends Inquiry {
  readonly table: RequestTable
  /** Triples whose requests count as sent although nothing on disk says so yet. */
  readonly isMeant?: ((index: BatchIndex) => boolean) | undefined
  /** Leaves triples out of the search. */
  readonly isAsked?: ((index: BatchIndex) => boolean) | undefined
}

/**
 * Finds out which requests of the table were sent from the workspace, or are meant to be. Reads every register once, and
 * of each lineage that holds one of the requests its results once. Memory: that of the table.
 *
 * @throws what the disk refused of a triple that may have been sent, and ReconciliationFailed where its requests are lost
 */
export async function findSentRequests(query: SentQuery): Promise<SentRequests> {
  const sent = new SentRequests()
  const triples = await knownTriples(query.workspace)
  const indices = new Set(triples.map(({ index }) => index))
  for (const triple of triples) {
    if (query.isAsked?.(triple.index) === false) continue
    const found = await hitsIn(query, triple, sent)
    if (found.requests.length + found.others.size > 0) await judge(query, { triple, indices }, found, sent)
  }
  return sent
}

/** True when a triple in `workdir/` was sent, is being sent, or was written to be: by `submit`, or as a retry. */
export function isMeantToBeSent(
  { hasAnswers }: Pick<KnownTriple, 'hasAnswers'>,
  metadata: BatchMetadata | null,
): boolean {
  if (hasAnswers) return true
  return metadata?.batch_id != null || metadata?.submission != null || metadata?.root_index != null
}

/** Numbers in the table; of others, those of the first request with their id. */
interface Hits {
  requests: number[]
  others: Set<number>
}

/** Only what nobody holds yet: the first holder is as good as any. */
async function hitsIn(query: SentQuery, triple: KnownTriple, sent: SentRequests): Promise<Hits> {
  const { table } = query
  const hits: Hits = { requests: [], others: new Set() }
  const begin = (): void => {
    hits.requests = []
    hits.others = new Set()
  }
  const refusal = await readRequests(query, triple, begin, (words, at) => {
    const ordinal = table.find(words, at)
    if (ordinal !== -1) {
      if (sent.holderOf(ordinal) === null) hits.requests.push(ordinal)
      return
    }
    const firstOfId = table.findId(words, at)
    if (firstOfId !== -1 && sent.holderOfOther(firstOfId) === null) hits.others.add(firstOfId)
  })
  if (refusal !== null) await requireUnsent(query, triple, refusal)
  return hits
}

/** What may have been paid for has to be known before anything is sent; one that was never sent stops no other. */
async function requireUnsent(query: SentQuery, triple: KnownTriple, refusal: Error): Promise<void> {
  const { index, place } = triple
  const metadata = place === 'workdir' ? await metadataOf(query, triple) : 'unreadable'
  const mayBeSent = metadata === 'unreadable' || isMeantToBeSent(triple, metadata)
  const { message, ...problem } = toProblem(refusal)
  if (!mayBeSent)
    return query.warn(`What triple ${index} asks for is not known, and not left out: ${message}`)
  throw reconciliationError(
    {
      ...problem,
      message: `What triple ${index} asks for is not known, so nothing is sent that it may have sent already: ${message}`,
    },
    { cause: refusal },
  )
}

interface Place {
  readonly triple: KnownTriple
  /** Of all known triples. */
  readonly indices: ReadonlySet<BatchIndex>
}

async function judge(query: SentQuery, place: Place, hits: Hits, sent: SentRequests): Promise<void> {
  const { triple } = place
  const metadata = await metadataOf(query, triple)
  if (triple.place === 'workdir') return judgeInWorkdir(query, triple, metadata, hits, sent)
  const rootIndex = metadata === 'unreadable' ? triple.index : (metadata?.root_index ?? triple.index)
  // What a finished retry came to stands in the results of its root, which holds its requests too.
  if (rootIndex !== triple.index && place.indices.has(rootIndex)) return
  const { fileSystem, layout } = query.workspace
  const holder = { index: triple.index, remoteStatus: null, isUnsent: false }
  const path = layout.resultsFile(rootIndex)
  const found = await standingsIn(fileSystem, path, query.table, hits.requests, query.warn)
  for (const standing of ['pending', 'answered', 'without-results'] as const) {
    const notes = sent.add({ ...holder, standing })
    for (const ordinal of hits.requests) if (found.get(ordinal) === standing) notes.hasRequest(ordinal)
    if (standing === 'answered') for (const firstOfId of hits.others) notes.hasOther(firstOfId)
  }
}

function judgeInWorkdir(
  { isMeant }: SentQuery,
  triple: KnownTriple,
  metadata: BatchMetadata | null | 'unreadable',
  { requests, others }: Hits,
  sent: SentRequests,
): void {
  const { index } = triple
  const isReadable = metadata !== 'unreadable'
  if (isReadable && !isMeantToBeSent(triple, metadata) && isMeant?.(index) !== true) return
  const notes = sent.add({
    index,
    standing: 'pending',
    remoteStatus: isReadable ? (metadata?.remote_status ?? null) : null,
    isUnsent: isReadable && metadata?.batch_id == null && !triple.hasAnswers,
  })
  for (const ordinal of requests) notes.hasRequest(ordinal)
  for (const firstOfId of others) notes.hasOther(firstOfId)
}

/** Metadata that nobody can read, or that is lost, may be that of a paid batch: its requests count as sent. */
async function metadataOf(
  { workspace }: SentQuery,
  { index, place, input, metadata }: KnownTriple,
): Promise<BatchMetadata | null | 'unreadable'> {
  try {
    const found = await readMetadata(workspace, metadata)
    if (found !== null || place !== 'workdir' || input === null) return found
    return (await lostMetadata(workspace, index, input)) === null ? null : 'unreadable'
  } catch (error) {
    if (isBatchReconciliationError(error)) return 'unreadable'
    throw error
  }
}
