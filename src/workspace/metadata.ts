import type { BatchReconciliationError } from '../errors.js'
import { reconciliationError } from '../errors.js'
import { onFirstUse } from '../on-first-use.js'
import { writeFileDurably } from './durable-write.js'
import { asFileProblem } from './file-problem.js'
import { inTurn } from './in-turn.js'
import type { BatchMetadata } from './metadata-schema.js'
import type { BatchWorkspace } from './open-workspace.js'
import { isNestedTooDeepValue } from './nesting.js'
import { readSmallFile } from './read-whole-file.js'
import type { BatchFileTriple } from './triple.js'

export type { Acceptance, BatchMetadata, MoveIntent, SubmissionIntent } from './metadata-schema.js'

/** The metadata of a batch nothing is known of. */
export const emptyMetadata: BatchMetadata = {
  batch_id: null,
  input_file_id: null,
  output_file_id: null,
  error_file_id: null,
  schema_version: 1,
}

/** Where the metadata of a triple stands, or will stand once there is some. */
export function metadataPath({ layout }: BatchWorkspace, triple: BatchFileTriple): string {
  return triple.metadata ?? layout.workdirFile('metadata', triple.index)
}

/**
 * Reads metadata from a path (absolute), or from where the triple has it. `null` when there is no such file;
 * throws `BatchMetadataUnreadable` when it is no metadata, because acting without it could pay for a batch twice.
 */
export async function readMetadata(
  workspace: BatchWorkspace,
  place: BatchFileTriple | string,
): Promise<BatchMetadata | null> {
  const path = typeof place === 'string' ? place : metadataPath(workspace, place)
  const bytes = await readSmallFile(workspace.fileSystem, path, largestMetadataBytes).catch(
    asFileProblem({ path, action: 'read' }),
  )
  switch (bytes.type) {
    case 'absent':
      return null
    case 'no-file':
      throw unreadable(path, 'it is no regular file')
    case 'too-large':
      throw unreadable(path, `it has ${bytes.bytes} bytes, too many for metadata`)
    case 'content':
      return parseMetadata(path, bytes.content)
  }
}

/** Replaces the metadata file durably. */
export async function writeMetadata(
  workspace: BatchWorkspace,
  path: string,
  metadata: BatchMetadata,
): Promise<void> {
  const text = serialiseMetadata(metadata)
  await writeFileDurably(workspace.fileSystem, path, text).catch(asFileProblem({ path, action: 'write' }))
}

/**
 * Sets the fields of `patch` (`undefined` removes one) and keeps all others, also those this version does not know.
 * Makes the file when there is none, and writes nothing when nothing changes. Gives the metadata as it now stands.
 *
 * Changes of one file come one after the other: a parent that is processed again writes the lineage of its retry, which
 * may be noting its batch at that moment, and each would undo what the other one wrote.
 */
export function updateMetadata(
  workspace: BatchWorkspace,
  path: string,
  patch: Partial<BatchMetadata>,
): Promise<BatchMetadata> {
  return inTurn(`change of ${path}`, () => update(workspace, path, patch))
}

async function update(
  workspace: BatchWorkspace,
  path: string,
  patch: Partial<BatchMetadata>,
): Promise<BatchMetadata> {
  const current = await readMetadata(workspace, path)
  const next: BatchMetadata = { ...(current ?? emptyMetadata), ...patch }
  const isUnchanged = current !== null && serialiseMetadata(current) === serialiseMetadata(next)
  if (!isUnchanged) await writeMetadata(workspace, path, next)
  return next
}

/** More than any metadata of ours; a file beyond it is some other file under the wrong name. */
const largestMetadataBytes = 1024 * 1024

function serialiseMetadata(metadata: BatchMetadata): string {
  const { batch_id: batchId, input_file_id: inputFileId } = metadata
  return `${JSON.stringify({ ...metadata, batch_id: batchId ?? '', input_file_id: inputFileId ?? '' })}\n`
}

const loadSchema = onFirstUse(async () => (await import('./metadata-schema.js')).metadataSchema)

async function parseMetadata(path: string, bytes: Uint8Array): Promise<BatchMetadata> {
  const value = parseJson(path, bytes)
  if (isNestedTooDeepValue(value)) throw unreadable(path, 'it is nested too deep')
  const result = (await loadSchema()).safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const field = issue?.path.join('.') ?? ''
  throw unreadable(
    path,
    field === '' ? 'it is no JSON object' : `its field '${field}' is wrong: ${issue?.message}`,
  )
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function parseJson(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch (error) {
    throw unreadable(path, bytes.byteLength === 0 ? 'it is empty' : 'it is no JSON', error)
  }
}

function unreadable(path: string, reason: string, cause?: unknown): BatchReconciliationError {
  return reconciliationError(
    {
      code: 'BatchMetadataUnreadable',
      message: `${path} cannot be read: ${reason}. One JSON object with batch_id and input_file_id was expected.`,
      hint: 'Repair the file. If the batch id is lost, remove the file and `adopt` the batch that the server lists.',
      needsPerson: true,
      facts: { path, reason },
    },
    { cause },
  )
}
