import type { Clock } from '../clock.js'
import { readMetadata, updateMetadata, type BatchMetadata } from '../workspace/metadata.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'

/** Where a retry comes from, in the fields of its metadata. */
export type RetryLineage = Required<
  Pick<BatchMetadata, 'endpoint' | 'model' | 'content_type' | 'attempt' | 'parent_index' | 'root_index'>
>

/** What is known of its input: how many requests it has, and once it stands its sha256. */
export type RetryInputFacts = Required<Pick<BatchMetadata, 'request_count'>> &
  Pick<BatchMetadata, 'input_sha256'>

export interface LineageNote {
  readonly retryIndex: string
  readonly lineage: RetryLineage
  readonly input: RetryInputFacts
  /** Somebody has to say that it may be sent. What was said already is not asked for again. */
  readonly needsLeave?: boolean
}

/**
 * Notes where a retry comes from. It may be on its way already, and its own steps write the same file: nothing that they
 * noted is touched, and where all of this stands nothing is written.
 */
export async function noteLineage(
  { workspace, clock }: { readonly workspace: BatchWorkspace; readonly clock: Clock },
  { retryIndex, lineage, input, needsLeave = false }: LineageNote,
): Promise<void> {
  const path = workspace.layout.workdirFile('metadata', retryIndex)
  const existing = await readMetadata(workspace, path)
  const isNoted = existing?.parent_index === lineage.parent_index
  const created = existing === null ? { created_at_ms: clock.now() } : {}
  const leave = needsLeave ? { needs_leave: true } : {}
  await updateMetadata(workspace, path, {
    ...(isNoted ? {} : { ...created, ...lineage, ...leave }),
    ...input,
  })
}
