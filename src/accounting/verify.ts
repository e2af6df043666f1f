import { type Problem, toProblem } from '../../machines/index.js'
import { isBatchReconciliationError, reconciliationError } from '../errors.js'
import type { FileSystem } from '../workspace/file-system.js'
import { inputChangedProblem, inputChangeText, type InputChange } from '../workspace/input-identity.js'
import type { BatchMetadata } from '../workspace/metadata.js'
import { accountForTriple } from './account.js'
import { changeOfInput } from './changed-input.js'
import { type AccountingProof, readProof } from './proof.js'
import type { AccountedFile, AccountingCounts, TripleAccounting } from './triple-accounting.js'

export interface VerifyTripleOptions {
  readonly fs: FileSystem
  readonly index: string
  /** Absolute paths in `done/`; `null` where the triple has no such file. */
  readonly files: {
    readonly input: string | null
    readonly output: string | null
    readonly error: string | null
  }
  /** `logs/batch_accounting_<index>.json`. */
  readonly proofPath: string
  /** Reads what is known of the batch; `null` when nothing is. */
  readonly readMetadata?: (() => Promise<BatchMetadata | null>) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface TripleVerification {
  readonly index: string
  readonly isProven: boolean
  /** Empty exactly when the triple is proven. */
  readonly problems: readonly Problem[]
  /** What the files say now; `null` when they could not be read to their end. */
  readonly accounting: TripleAccounting | null
}

/**
 * Proves a finished triple again, offline: the files are accounted for anew and compared with the proof, byte
 * for byte (sha256) and count for count. A proof of a batch that was cut short stays good.
 * Rejects only with `Interrupted`; whatever is wrong with the triple is in `problems`.
 */
export async function verifyTriple(options: VerifyTripleOptions): Promise<TripleVerification> {
  const { index } = options
  const problems: Problem[] = []
  const proof = await collected(problems, () => readProof(options.fs, options.proofPath))
  if (proof === null && problems.length === 0) problems.push(proofMissing(options))
  const accounting = await collected(problems, () => accountAgain(options, proof))
  if (accounting !== null) problems.push(...verdictProblems(accounting))
  const metadata = await collected(problems, async () => (await options.readMetadata?.()) ?? null)
  const change = accounting === null ? null : changeOfInput(accounting, metadata)
  if (change !== null) problems.push(notTheInputSent(change))
  if (accounting !== null && proof !== null)
    problems.push(...differences(proof, accounting, options.proofPath))
  return { index, isProven: problems.length === 0, problems, accounting }
}

async function collected<T>(problems: Problem[], act: () => Promise<T | null>): Promise<T | null> {
  try {
    return await act()
  } catch (error) {
    if (!isBatchReconciliationError(error) || error.code === 'Interrupted') throw error
    problems.push(toProblem(error))
    return null
  }
}

async function accountAgain(
  { fs, index, files, signal }: VerifyTripleOptions,
  proof: AccountingProof | null,
): Promise<TripleAccounting | null> {
  const { input, output, error } = files
  if (input === null) throw missingInput(index)
  const isCutShort = proof?.is_cut_short ?? false
  const accepted = proof?.accepted
  const { accounting } = await accountForTriple({
    fs,
    index,
    input,
    output,
    error,
    isCutShort,
    accepted,
    signal,
  })
  return accounting
}

function verdictProblems({ verdict }: TripleAccounting): readonly Problem[] {
  return 'problem' in verdict ? [verdict.problem] : []
}

function differences(proof: AccountingProof, accounting: TripleAccounting, proofPath: string): Problem[] {
  const found = [
    ...(proof.index === accounting.index ? [] : [`it is the proof of triple ${proof.index}`]),
    ...fileDifferences(proof, accounting.files),
    ...countDifferences(proof.counts, accounting.counts),
    ...(proof.verdict === accounting.verdict.type
      ? []
      : [`it says ${proof.verdict}, the files say ${accounting.verdict.type}`]),
  ]
  if (found.length === 0) return []
  return [
    {
      code: 'ProofMismatch',
      message: `Triple ${accounting.index} differs from ${proofPath}: ${found.join('; ')}.`,
      hint: 'The files in done/ were changed after they were proven. Put them back from a backup, or look at what changed.',
      needsPerson: true,
      facts: { index: accounting.index, proofPath, differences: found },
    },
  ]
}

function fileDifferences(proof: AccountingProof, files: readonly AccountedFile[]): string[] {
  const kinds = ['input', 'output', 'error'] as const
  return kinds.flatMap((kind) => {
    const proven = proof.files.find((file) => file.kind === kind)
    const now = files.find((file) => file.kind === kind)
    if (proven === undefined && now === undefined) return []
    if (proven === undefined) return [`the ${kind} file was not part of the proof`]
    if (now === undefined) return [`${proven.name} is gone`]
    if (proven.sha256 === now.sha256) return []
    return [`${now.name} has other content (${now.bytes} bytes, proven were ${proven.bytes})`]
  })
}

function countDifferences(proven: AccountingCounts, now: AccountingCounts): string[] {
  const names = Object.keys(now) as (keyof AccountingCounts)[]
  const differing = names.filter((name) => proven[name] !== now[name])
  return differing.map((name) => `${name}: ${now[name]}, proven were ${proven[name]}`)
}

function proofMissing({ index, proofPath }: VerifyTripleOptions): Problem {
  return {
    code: 'ProofMissing',
    message: `No proof stands at ${proofPath} for triple ${index}.`,
    hint: `It was moved by hand or by another tool, or its proof was removed. To have it counted, processed and proven: move the files of index ${index} from done/ back into workdir/, then run.`,
    facts: { index, proofPath },
  }
}

/** Nothing is about to be sent here, so the cure is another than in a run. */
function notTheInputSent(change: InputChange): Problem {
  return {
    ...inputChangedProblem(change),
    message: `${inputChangeText(change)}; its answers are those of other requests.`,
    hint: `Put the input that was sent back as ${change.path}, byte for byte; if triple ${change.index} was proven with this one, move its files back into workdir/ and run.`,
  }
}

function missingInput(index: string): Error {
  return reconciliationError(
    {
      code: 'MissingBatchInputFileButOthersExist',
      message: `The input file of triple ${index} is not in done/.`,
      hint: `Put batch_input_${index}.jsonl back into done/; without it nothing can be proven.`,
      needsPerson: true,
      facts: { index },
    },
    { index },
  )
}
