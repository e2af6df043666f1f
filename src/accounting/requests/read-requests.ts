import { basename } from 'node:path'
import { reconciliationError } from '../../errors.js'
import { asFileProblem } from '../../workspace/file-problem.js'
import { readMetadata } from '../../workspace/metadata.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { diskProblemOf } from './disk-problem.js'
import type { KnownTriple } from './known-triples.js'
import { readRegister, readRegisterFacts, writeRegister, type RegisterFacts } from './register-file.js'
import { identityWords, readIdentities } from './request-identity.js'

/** Where a look at what was sent is made, and who hears of what could not be read. */
export interface Inquiry {
  readonly workspace: BatchWorkspace
  readonly warn: (message: string) => void
  readonly signal?: AbortSignal | undefined
  /** Makes no register: for whoever may change nothing. */
  readonly isReadOnly?: boolean | undefined
}

/** Gets the identity that stands in `words` from `at` on. */
export type TakeIdentity = (words: Uint32Array, at: number) => void

/**
 * Hands out the identity of every request of a triple. They are read from its register, which is made where a good one
 * is missing. `begin` is called before the first of them, and again when what was handed out since is not to be
 * believed. Gives what keeps its requests from being known; none are handed out then.
 */
export async function readRequests(
  inquiry: Inquiry,
  triple: KnownTriple,
  begin: () => void,
  take: TakeIdentity,
): Promise<Error | null> {
  const takeAll = (words: Uint32Array): void => {
    for (let at = 0; at < words.length; at += identityWords) take(words, at)
  }
  begin()
  const register = await readGoodRegister(inquiry, triple, takeAll)
  if (register.isGood) return null
  begin()
  if (triple.input === null) return register.refusal ?? damaged(inquiry, triple)
  const mayKeep = inquiry.isReadOnly !== true
  const failure = mayKeep ? await diskProblemOf(keepRegister(inquiry, triple.index, triple.input)) : null
  if (mayKeep && failure === null && (await readGoodRegister(inquiry, triple, takeAll)).isGood) return null
  begin()
  const refusal = await diskProblemOf(readInput(inquiry, triple.input, takeAll))
  if (refusal !== null) begin()
  else if (failure !== null) inquiry.warn(unkeptText(triple, failure))
  return refusal
}

/** Makes the register of an input. Rejects with what the disk refused. */
export function keepRegister(
  { workspace: { fileSystem, layout }, signal }: Pick<Inquiry, 'workspace' | 'signal'>,
  index: string,
  inputPath: string,
): Promise<void> {
  return writeRegister(fileSystem, layout.registerFile(index), inputPath, signal)
}

interface RegisterReading {
  /** `false` when there is none, it is not whole, it is that of another input, or the disk refused it. */
  readonly isGood: boolean
  readonly refusal: Error | null
}

async function readGoodRegister(
  { workspace }: Inquiry,
  triple: KnownTriple,
  takeAll: (words: Uint32Array) => void,
): Promise<RegisterReading> {
  const { fileSystem, layout } = workspace
  const path = layout.registerFile(triple.index)
  let isGood = false
  const read = async (): Promise<void> => {
    const facts = await readRegisterFacts(fileSystem, path)
    if (facts === null || !(await isOfTriple(workspace, triple, facts))) return
    isGood = await readRegister(fileSystem, path, facts, takeAll)
  }
  const refusal = await diskProblemOf(read().catch(asFileProblem({ path, action: 'read' })))
  return { isGood: isGood && refusal === null, refusal }
}

/** What was sent is what was paid for: an input that somebody changed after that does not replace its register. */
async function isOfTriple(
  workspace: BatchWorkspace,
  { input, metadata }: KnownTriple,
  { inputBytes, inputModifiedAtMs, inputSha256 }: RegisterFacts,
): Promise<boolean> {
  if (input === null) return true
  const found = await workspace.fileSystem.stat(input)
  if (found?.bytes === inputBytes && found.modifiedAtMs === inputModifiedAtMs) return true
  const sent = await readMetadata(workspace, metadata)
  return sent?.batch_id != null && sent.input_sha256 === inputSha256
}

async function readInput(
  { workspace, signal }: Inquiry,
  path: string,
  takeAll: (words: Uint32Array) => void,
): Promise<void> {
  const pieces = readIdentities(workspace.fileSystem, path, { signal })
  try {
    for await (const words of pieces) takeAll(words)
  } catch (error) {
    asFileProblem({ path, action: 'read' })(error)
  }
}

const unkeptText = ({ index }: KnownTriple, { message }: Error): string =>
  `The requests of triple ${index} are remembered only as long as its input stands: ${message}`

function damaged({ workspace: { layout } }: Inquiry, { index }: KnownTriple): Error {
  const path = layout.registerFile(index)
  return reconciliationError(
    {
      code: 'ReconciliationFailed',
      message: `${basename(path)} is damaged, and the input of triple ${index} is gone.`,
      hint: `Put batch_input_${index}.jsonl back into done/, or remove ${path} when its requests may be sent and paid for once more.`,
      needsPerson: true,
      facts: { index, path },
    },
    { index },
  )
}
