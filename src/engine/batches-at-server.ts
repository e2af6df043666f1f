import { isCutShortStatus, isFailedStatus } from '../../machines/index.js'
import { isBatchReconciliationError, reconciliationError } from '../errors.js'
import type { BatchProvider, RecentBatch, RemoteBatch } from '../providers/batch-provider.js'
import { countOf, isoTime } from '../units.js'
import { shellWord } from '../workspace/shell-word.js'
import { batchOwners } from './batch-owners.js'
import type { Run } from './run.js'

/** Bytes that are about to be sent as one batch. */
export interface NewInput {
  /** Absolute path of the requests file. */
  readonly requestsPath: string
  readonly requests: number
  /** How such bytes are known in the metadata of batches that were made by `submit`, from whatever workspace. */
  readonly indices: ReadonlySet<string>
  /** What may have been uploaded: the part as it is sent, and the file as it stands where that is one part. */
  readonly spellings: readonly Spelling[]
}

interface Spelling {
  readonly bytes: number
  readonly read: () => AsyncIterable<Uint8Array>
}

/**
 * Somebody may have sent these bytes before, from elsewhere: another workspace, another tool. They are looked for among the
 * batches that the server lists, and asked about before anything is written or sent. A look and no proof: a server that
 * lists nothing, or cannot be asked, stops no submission.
 *
 * @throws RequestsSentBefore
 */
export async function requireNewAtServer(run: Run, inputs: readonly NewInput[]): Promise<void> {
  const { provider, signal } = run
  if (inputs.length === 0 || provider?.recent === undefined) return
  try {
    const twins = await findTwins(run, provider, inputs)
    if (twins.length > 0) throw sentBefore(run, provider, twins)
  } catch (error) {
    if (!isBatchReconciliationError(error) || error.code === 'Interrupted') throw error
    signal.throwIfAborted()
    if (error.code === 'RequestsSentBefore') throw error
    // There is no such list.
    if (error.code === 'RequestRefused') return
    const message = `Whether the server has a batch of these requests already could not be looked up: ${error.message}`
    run.report({ type: 'warning', index: null, message })
  }
}

interface Twin {
  readonly input: NewInput
  readonly batch: RemoteBatch
}

/** One that differs is given up at its first byte that does; a whole file is read of few. */
const mostCompared = 20

async function findTwins(
  run: Run,
  provider: BatchProvider,
  inputs: readonly NewInput[],
): Promise<readonly Twin[]> {
  const sizes = new Set(inputs.flatMap(({ spellings }) => spellings.map(({ bytes }) => bytes)))
  const listed = (await provider.recent?.({ inputBytes: [...sizes] }, run.signal)) ?? []
  const candidates = listed.filter((one) => isPaidFor(one.batch) && inputs.some((input) => mayBe(input, one)))
  if (candidates.length === 0) return []
  const owners = await batchOwners(run.workspace)
  const twins: Twin[] = []
  let compared = 0
  for (const one of candidates.filter(({ batch }) => !owners.has(batch.batchId))) {
    for (const input of inputs) {
      const isNamed = hasIndexOf(input, one)
      if (!isNamed && (!mayBe(input, one) || compared >= mostCompared)) continue
      if (!isNamed) compared += 1
      if (isNamed || (await hasSameBytes(run, provider, input, one))) twins.push({ input, batch: one.batch })
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
  { signal }: Run,
  provider: BatchProvider,
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

const mostNamed = 3

function sentBefore(
  { workspace: { root } }: Run,
  { host, name }: BatchProvider,
  twins: readonly Twin[],
): Error {
  const ids = [...new Set(twins.map(({ batch }) => batch.batchId))]
  const paths = [...new Set(twins.map(({ input }) => input.requestsPath))]
  const told = twins.slice(0, mostNamed).map(({ input, batch }) => twinText(input, batch))
  const more = twins.length > mostNamed ? `; and ${twins.length - mostNamed} more` : ''
  const wanted = ids.slice(0, mostIds).map((id) => `--batch ${shellWord(id)} `)
  const files = paths.slice(0, mostIds).map((path) => shellWord(path))
  return reconciliationError({
    code: 'RequestsSentBefore',
    message: `${host ?? name} has a batch of the same bytes already, made from elsewhere: ${told.join('; ')}${more}. Nothing was sent.`,
    hint: `To bring in what it answers, and pay nothing: batch-reconciler import ${wanted.join('')}${shellWord(root)}; then submit what else there is. To pay for the same requests once more: batch-reconciler submit ${shellWord(root)} ${files.join(' ')} --again`,
    needsPerson: true,
    facts: { batchIds: ids.slice(0, mostIds), paths: paths.slice(0, mostIds) },
  })
}

/** In one command. */
const mostIds = 20

function twinText(
  { requestsPath, requests }: NewInput,
  { batchId, status, createdAtMs }: RemoteBatch,
): string {
  const madeAt = createdAtMs === null ? null : isoTime(createdAtMs)
  const made = madeAt === null ? '' : ` of ${madeAt.slice(0, 16)}Z`
  return `${batchId}${made} (${status}) has ${countOf(requests, 'request')} of ${requestsPath}`
}
