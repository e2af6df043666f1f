import type { Problem } from '../../machines/index.js'
import { reconciliationError } from '../errors.js'
import { parseBatchIndex, type BatchIndex } from './batch-index.js'
import { findInputChange } from './input-identity.js'
import { locateTriple } from './locate-triple.js'
import { lostMetadata, type LostMetadata } from './lost-metadata.js'
import type { BatchMetadata } from './metadata.js'
import { standingPath } from './move-intent.js'
import type { BatchWorkspace } from './open-workspace.js'
import { shellWord } from './shell-word.js'

/** A triple with the metadata that stands under its name. */
export interface NamedMetadata {
  readonly index: BatchIndex
  /** Of its input; absolute. */
  readonly inputPath: string
  readonly metadata: BatchMetadata
}

/**
 * Metadata that was copied or moved from another triple names the batch of that one: its answers would be fetched here,
 * its batch cancelled, and the own one forgotten.
 *
 * @throws BatchMetadataMixedUp
 */
export async function requireOwnMetadata(workspace: BatchWorkspace, named: NamedMetadata): Promise<void> {
  const { index, inputPath } = named
  const owner = await ownerOfMetadata(workspace, named)
  if (owner === null) return
  const lost = await lostMetadata(workspace, index, inputPath)
  throw reconciliationError(problemOf(workspace, index, owner, lost), { index })
}

/**
 * The other triple whose metadata this is; `null` where it is the own one, or nothing proves that it is not. A triple
 * that was given another index keeps what was noted, and its input is still the one that was sent.
 */
export async function ownerOfMetadata(
  workspace: BatchWorkspace,
  { index, inputPath, metadata }: NamedMetadata,
): Promise<BatchIndex | null> {
  const owner = notedFor(metadata)
  if (owner === null || owner === index) return null
  const isSent = async (of: BatchIndex, path: string): Promise<boolean> =>
    (await findInputChange(workspace, metadata, { index: of, path })) === null
  if (metadata.input_sha256 == null || (await isSent(index, inputPath))) return null
  const itsInput = standingPath(workspace, await locateTriple(workspace, owner), 'input')
  return itsInput !== null && (await isSent(owner, itsInput)) ? owner : null
}

/** Earlier versions noted no index; of a root its lineage says it. */
function notedFor({
  index,
  parent_index: parentIndex,
  root_index: rootIndex,
}: BatchMetadata): BatchIndex | null {
  const noted = index ?? (parentIndex == null ? rootIndex : null)
  return noted == null ? null : parseBatchIndex(noted)
}

function problemOf(
  { root }: BatchWorkspace,
  index: BatchIndex,
  owner: BatchIndex,
  lost: LostMetadata | null,
): Problem {
  const name = `batch_metadata_${index}.jsonl`
  return {
    code: 'BatchMetadataMixedUp',
    message: `${name} is the metadata of triple ${owner}: the input that it says was sent is that of triple ${owner}. Nothing is asked, fetched or sent for triple ${index}.`,
    hint: `Put the ${name} of triple ${index} back if you have it. Else move this one out of workdir/${nextText(root, index, lost)}`,
    needsPerson: true,
    facts: { index, owner, submission: lost?.wasAsked === true ? 'intended' : 'none', ...lost },
  }
}

function nextText(root: string, index: BatchIndex, lost: LostMetadata | null): string {
  const run = `\`batch-reconciler run ${shellWord(root)}\``
  return lost?.batchId == null
    ? `, then ${run}, which says how to go on.`
    : `, take the own batch up again with \`batch-reconciler adopt ${shellWord(root)} ${index} ${shellWord(lost.batchId)}\`, then ${run}.`
}
