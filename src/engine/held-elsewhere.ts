import { decodeLine } from '../accounting/decode-line.js'
import { readLines } from '../accounting/line-reader.js'
import { identityOf, inWords } from '../accounting/requests/request-identity.js'
import { RequestTable } from '../accounting/requests/request-table.js'
import { findSentRequests, type Holder } from '../accounting/requests/sent-requests.js'
import type { Run } from './run.js'
import type { Lineage } from './write-retry-triple.js'

/**
 * Which of these requests of a lineage another one has, on their way or answered: somebody sent them by other means
 * since they failed here, and they would be paid for again. By `custom_id`. A triple of which nothing is left but its
 * register proves nothing. Memory: the requests asked for.
 */
export async function heldElsewhere(
  { workspace, signal, report }: Run,
  { rootIndex, inputPath }: Pick<Lineage, 'rootIndex' | 'inputPath'>,
  customIds: { has(customId: string): boolean },
): Promise<ReadonlyMap<string, Holder>> {
  const table = new RequestTable()
  const ids: string[] = []
  for await (const lines of readLines(workspace.fileSystem, inputPath, { signal })) {
    for (const line of lines) {
      const id = customIdOf(decodeLine(line))
      const identity = id !== null && customIds.has(id) ? identityOf(line) : null
      if (id !== null && identity !== null) ids[table.add(inWords([identity]), 0)] = id
    }
  }
  const warn = (message: string): void => report({ type: 'warning', index: null, message })
  const isAsked = (index: string): boolean => index !== rootIndex
  const sent = await findSentRequests({ workspace, warn, signal, table, isAsked })
  const held = new Map<string, Holder>()
  for (const [ordinal, id] of ids.entries()) {
    const holder = sent.holderOf(ordinal)
    if (holder !== null && holder.standing !== 'without-results') held.set(id, holder)
  }
  return held
}

function customIdOf(decoded: ReturnType<typeof decodeLine>): string | null {
  if (decoded.type === 'unreadable') return null
  const { custom_id: id } = decoded.value
  return typeof id === 'string' ? id : null
}
