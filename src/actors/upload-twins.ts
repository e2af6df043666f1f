import { isCutShortStatus, isFailedStatus } from '../../machines/index.js'
import { isBatchReconciliationError } from '../errors.js'
import type { BatchProvider, RecentBatch, RemoteBatch } from '../providers/batch-provider.js'
import { isoTime } from '../units.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import { batchOwners } from './batch-owners.js'

/** Bytes that are about to be sent as one batch. */
export interface NewInput {
  /** How such bytes are known in the metadata of batches that were made by `submit`, from whatever workspace. */
  readonly indices: ReadonlySet<string>
  /** What may have been uploaded: the part as it is sent, and the file as it stands where that is one part. */
  readonly spellings: readonly Spelling[]
}

interface Spelling {
  readonly bytes: number
  readonly read: () => AsyncIterable<Uint8Array>
}

/** Where twins are looked for, and who hears that they could not be. */
export interface TwinLook {
  readonly workspace: BatchWorkspace
  readonly provider: BatchProvider
  readonly signal: AbortSignal
  readonly warn: (message: string) => void
}

export interface Twin<Input extends NewInput> {
  readonly input: Input
  readonly batch: RemoteBatch
}

/**
 * Somebody may have sent these bytes before, from elsewhere: another workspace, another tool. They are looked for among the
 * batches that the server lists and that this workspace does not know. A look and no proof: a server that lists nothing, or
 * cannot be asked, stops no submission.
 */
export async function findTwins<Input extends NewInput>(
  look: TwinLook,
  inputs: readonly Input[],
): Promise<readonly Twin<Input>[]> {
  const { provider, signal, warn } = look
  if (inputs.length === 0 || provider.recent === undefined) return []
  try {
    return await twinsOf(look, inputs)
  } catch (error) {
    if (!isBatchReconciliationError(error) || error.code === 'Interrupted') throw error
    signal.throwIfAborted()
    // Refused: there is no such list.
    if (error.code !== 'RequestRefused')
      warn(
        `Whether the server has a batch of these requests already could not be looked up: ${error.message}`,
      )
    return []
  }
}

/** One that differs is given up at its first byte that does; a whole file is read of few. */
const mostCompared = 20

async function twinsOf<Input extends NewInput>(
  look: TwinLook,
  inputs: readonly Input[],
): Promise<readonly Twin<Input>[]> {
  const { workspace, provider, signal } = look
  const sizes = new Set(inputs.flatMap(({ spellings }) => spellings.map(({ bytes }) => bytes)))
  const listed = (await provider.recent?.({ inputBytes: [...sizes] }, signal)) ?? []
  const candidates = listed.filter((one) => isPaidFor(one.batch) && inputs.some((input) => mayBe(input, one)))
  if (candidates.length === 0) return []
  const owners = await batchOwners(workspace)
  const twins: Twin<Input>[] = []
  let compared = 0
  for (const one of candidates.filter(({ batch }) => !owners.has(batch.batchId))) {
    for (const input of inputs) {
      const isNamed = hasIndexOf(input, one)
      if (!isNamed && (!mayBe(input, one) || compared >= mostCompared)) continue
      if (!isNamed) compared += 1
      if (isNamed || (await hasSameBytes(look, input, one))) twins.push({ input, batch: one.batch })
    }
  }
  return twins
}

/** Of one that never ran, or ended before it answered, nothing is to be had. */
function isPaidFor({ status, outputFileId, errorFileId }: RemoteBatch): boolean {
  const hasFiles = outputFileId !== null || errorFileId !== null
  return hasFiles || !(isFailedStatus(status) || isCutShortStatus(status))
}

const mayBe = (input: NewInput, one: RecentBatch): boolean =>
  hasIndexOf(input, one) || input.spellings.some(({ bytes }) => bytes === one.inputBytes)

const hasIndexOf = ({ indices }: NewInput, { batch: { metadata } }: RecentBatch): boolean =>
  metadata['tool'] === 'batch-reconciler' && indices.has(metadata['index'] ?? '')

async function hasSameBytes(
  { provider, signal }: TwinLook,
  { spellings }: NewInput,
  { batch: { inputFileId }, inputBytes }: RecentBatch,
): Promise<boolean> {
  if (inputFileId === null) return false
  for (const spelling of spellings.filter(({ bytes }) => bytes === inputBytes))
    if (await isUpload(provider, inputFileId, spelling, signal)) return true
  return false
}

/** Compares what the server has with bytes of ours, until they differ. */
async function isUpload(
  provider: BatchProvider,
  fileId: string,
  { bytes: ourBytes, read }: Spelling,
  signal: AbortSignal,
): Promise<boolean> {
  const ours = read()[Symbol.asyncIterator]()
  let rest = new Uint8Array()
  let isSame = true
  const compare = async (theirs: Uint8Array): Promise<void> => {
    for (let at = 0; at < theirs.length;) {
      if (rest.length === 0) {
        const next = await ours.next()
        rest = next.done === true ? rest : Uint8Array.from(next.value)
      }
      const length = Math.min(rest.length, theirs.length - at)
      isSame &&=
        length > 0 && Buffer.compare(rest.subarray(0, length), theirs.subarray(at, at + length)) === 0
      if (!isSame) throw new Error('These bytes are others.')
      rest = rest.subarray(length)
      at += length
    }
  }
  try {
    const { bytes } = await provider.download(fileId, compare, signal)
    return bytes === ourBytes
  } catch (error) {
    const isGone = isBatchReconciliationError(error) && error.code === 'BatchFilesGone'
    if (!isSame || isGone) return false
    throw error
  } finally {
    await ours.return?.()
  }
}

/** `batch_1 of 2026-01-02T03:04Z (completed)`. */
export function batchText({ batchId, status, createdAtMs }: RemoteBatch): string {
  const madeAt = createdAtMs === null ? null : isoTime(createdAtMs)
  const made = madeAt === null ? '' : ` of ${madeAt.slice(0, 16)}Z`
  return `${batchId}${made} (${status})`
}
