import type { TokenTotals } from '../../machines/index.js'
import type { Clock } from '../clock.js'
import { isBatchReconciliationError, reconciliationError } from '../errors.js'
import { onFirstUse } from '../on-first-use.js'
import { writeFileDurably } from '../workspace/durable-write.js'
import { asFileProblem } from '../workspace/file-problem.js'
import type { FileSystem } from '../workspace/file-system.js'
import { readLineAt } from './line-reader.js'
import type { AccountingProof } from './proof-schema.js'
import type { TripleAccounting } from './triple-accounting.js'
import { totalsOf, type Usage } from './usage/usage-tally.js'

export type { AccountingProof } from './proof-schema.js'

/** What a proof says beside the accounting itself. */
export interface ProofFacts {
  readonly clock: Pick<Clock, 'now'>
  /** The batch expired or was cancelled, so missing requests were not executed. */
  readonly isCutShort: boolean
  /** Where the server's counts disagree (`requestCountContradictions`), and an input that is not the one that was sent. */
  readonly contradictions: readonly string[]
  /** What the answers took, also those that a later download replaced. */
  readonly usage: Usage
}

/** A proof is a few KiB; far more than that is not one. */
const maxProofBytes = 4 * 1024 * 1024

/** Writes the proof beside the results, durably, replacing an earlier one. Keys keep their order, so proofs can be compared. */
export async function writeProof(
  fs: FileSystem,
  path: string,
  accounting: TripleAccounting,
  facts: ProofFacts,
): Promise<AccountingProof> {
  const proof = proofOf(accounting, facts)
  await writeFileDurably(fs, path, `${JSON.stringify(proof, null, 2)}\n`).catch(
    asFileProblem({ path, action: 'write', index: accounting.index }),
  )
  return proof
}

/** What a proof says of tokens; `null` for one that was made before it did. */
export function usageProven({ usage }: AccountingProof): Pick<Usage, 'models' | 'untold'> | null {
  if (usage === undefined) return null
  const models = usage.models.map(({ model, answers, ...tokens }) => ({
    model,
    answers,
    tokens,
    endpoint: null,
  }))
  return { models, untold: usage.untold }
}

/** The same as one sum. */
export function tokensProven(proof: AccountingProof): TokenTotals | null {
  const usage = usageProven(proof)
  return usage === null ? null : totalsOf(usage)
}

const loadSchema = onFirstUse(() => import('./proof-schema.js'))

/** Reads a proof; `null` when none stands there. Throws `ProofMismatch` when the file is something else. */
export async function readProof(fs: FileSystem, path: string): Promise<AccountingProof | null> {
  const text = await readText(fs, path).catch(asFileProblem({ path, action: 'read' }))
  if (text === null) return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw unreadableProof(path, 'it is not valid JSON', error)
  }
  const { proofSchema, faultsText } = await loadSchema()
  const parsed = proofSchema.safeParse(value)
  if (!parsed.success) throw unreadableProof(path, faultsText(parsed.error).slice(0, 500), parsed.error)
  return parsed.data
}

/** The same; `null` also where it cannot be read: a damaged proof is for `verify` to report. */
export async function proofOrNull(fs: FileSystem, path: string): Promise<AccountingProof | null> {
  try {
    return await readProof(fs, path)
  } catch (error) {
    if (isBatchReconciliationError(error)) return null
    throw error
  }
}

function proofOf(
  accounting: TripleAccounting,
  { clock, isCutShort, contradictions, usage }: ProofFacts,
): AccountingProof {
  const { index, verdict, counts, answers, outcomes, accepted, files, warnings } = accounting
  return {
    schema_version: 1,
    index,
    verdict: verdict.type,
    problem: 'problem' in verdict ? { code: verdict.problem.code, message: verdict.problem.message } : null,
    is_cut_short: isCutShort,
    accounted_at: new Date(clock.now()).toISOString(),
    counts: { ...counts },
    answers: { ...answers },
    understood: counts.matched - outcomes.unrecognised,
    outcomes: { ...outcomes },
    accepted: { ...accepted },
    usage: {
      models: usage.models.map((one) => ({ model: one.model, answers: one.answers, ...one.tokens })),
      untold: usage.untold,
    },
    files: files.map(({ kind, name, bytes, sha256, lines, rows }) => ({
      kind,
      name,
      bytes,
      sha256,
      lines,
      rows,
    })),
    contradictions: [...contradictions],
    warnings: [...warnings],
    samples: Object.fromEntries(
      Object.entries(accounting.samples).map(([topic, list]) => [
        topic,
        list.map((sample) => ({ ...sample })),
      ]),
    ),
  }
}

async function readText(fs: FileSystem, path: string): Promise<string | null> {
  const stat = await fs.stat(path)
  if (stat === null) return null
  if (stat.kind === 'other') throw unreadableProof(path, 'it is no regular file', undefined)
  if (stat.bytes > maxProofBytes) throw unreadableProof(path, `it has ${stat.bytes} bytes`, undefined)
  const file = await fs.open(path, 'read')
  try {
    return (await readLineAt(file, 0, stat.bytes)).toString('utf8')
  } finally {
    await file.close()
  }
}

function unreadableProof(path: string, why: string, cause: unknown): Error {
  return reconciliationError(
    {
      code: 'ProofMismatch',
      message: `${path} is not a proof of an accounting: ${why}.`,
      hint: 'Put the file back from a backup; without it the triple in done/ cannot be proven again.',
      needsPerson: true,
      facts: { path },
    },
    { cause },
  )
}
