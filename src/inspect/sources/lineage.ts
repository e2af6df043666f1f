import { completionWindowMs } from '../../engine/triple-story.js'
import { courseOf } from '../../engine/triple-course.js'
import { parseBatchIndex, type BatchIndex } from '../../workspace/batch-index.js'
import { readJournal } from '../../workspace/journal.js'
import type { BatchMetadata } from '../../workspace/metadata.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import type { AttemptCourse, TripleSummary } from '../protocol.js'
import { anyMetadata } from './any-metadata.js'
import { emptyJournal } from './triple-replay.js'

const mostMembers = 8

/** The triples of one lineage, the root first: those before this one by their metadata, the others by the list. */
export async function readLineage(
  workspace: BatchWorkspace,
  summary: TripleSummary,
  others: readonly TripleSummary[],
): Promise<readonly AttemptCourse[]> {
  const found = new Map<BatchIndex, BatchMetadata | null>()
  let next = parseBatchIndex(summary.index)
  // Metadata can be edited: a circle ends where it began.
  while (next !== null && !found.has(next) && found.size < mostMembers) {
    const metadata = await anyMetadata(workspace, next).catch(() => null)
    found.set(next, metadata)
    next = parseBatchIndex(metadata?.parent_index ?? '')
  }
  for (const { index: text } of others.filter(({ rootIndex }) => rootIndex === summary.rootIndex)) {
    const index = parseBatchIndex(text)
    if (found.size >= mostMembers) break
    if (index !== null && !found.has(index)) {
      found.set(index, await anyMetadata(workspace, index).catch(() => null))
    }
  }
  const members: AttemptCourse[] = []
  for (const [index, metadata] of found) members.push(await courseOfMember(workspace, index, metadata))
  return members.toSorted((one, other) => one.attempt - other.attempt)
}

async function courseOfMember(
  workspace: BatchWorkspace,
  index: BatchIndex,
  metadata: BatchMetadata | null,
): Promise<AttemptCourse> {
  const { entries } = await readJournal(workspace, index).catch(() => emptyJournal)
  const submittedAtMs = metadata?.submitted_at_ms ?? null
  const counts = metadata?.request_counts
  return {
    index,
    attempt: metadata?.attempt ?? 1,
    ...courseOf(entries),
    submittedAtMs,
    dueAtMs: metadata?.expires_at_ms ?? (submittedAtMs === null ? null : submittedAtMs + completionWindowMs),
    answered: counts == null ? null : (counts.completed ?? 0) + (counts.failed ?? 0),
    requests: counts?.total ?? metadata?.request_count ?? null,
  }
}
