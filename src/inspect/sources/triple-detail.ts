import { relative, sep } from 'node:path'
import { z } from 'zod'
import {
  fileKinds,
  isDoneState,
  recommendedOperations,
  type Problem,
  type TripleFacts,
} from '../../../machines/index.js'
import { readProof, tokensProven, type AccountingProof } from '../../accounting/proof.js'
import { surveyFacts } from '../../actors/survey-triple.js'
import { tokensText } from '../../engine/tokens-text.js'
import { tripleStatus } from '../../engine/workspace-status.js'
import { requireBatchIndex, type BatchIndex } from '../../workspace/batch-index.js'
import { locateTriple } from '../../workspace/locate-triple.js'
import { readJournal } from '../../workspace/journal.js'
import type { BatchMetadata } from '../../workspace/metadata.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { readTextEnd } from '../../workspace/read-text-end.js'
import type { DetailOptions } from '../inspection-source.js'
import type { InspectedErrorGroup, InspectedFile, TripleDetail, TripleSummary } from '../protocol.js'
import { anyMetadata } from './any-metadata.js'
import { readLineage } from './lineage.js'
import { emptyJournal, stepOf } from './triple-replay.js'

const mostSteps = 200
const mostErrorGroups = 50
const longestRowText = 500

/** All about one triple but its rows; `others`: those that may be of its lineage. What cannot be read is left out: its own run says what is wrong with it. */
export async function readTripleDetail(
  workspace: BatchWorkspace,
  summary: TripleSummary,
  options: DetailOptions,
  others: readonly TripleSummary[],
): Promise<TripleDetail> {
  const index = requireBatchIndex(summary.index)
  const { layout, fileSystem } = workspace
  const metadata = await orNull(anyMetadata(workspace, index))
  const proof = await orNull(readProof(fileSystem, layout.accountingFile(index)))
  const { entries, unreadableLines } = (await orNull(readJournal(workspace, index))) ?? emptyJournal
  const steps = entries.slice(-mostSteps).map(stepOf)
  const today = withMetadata(summary, metadata, proof)
  return {
    summary: today,
    operations: operationsOf(await orNull(surveyFacts(workspace, index))),
    files: await filesOf(workspace, index),
    inputFileId: metadata?.input_file_id ?? null,
    outputFileId: metadata?.output_file_id ?? null,
    errorFileId: metadata?.error_file_id ?? null,
    parentIndex: metadata?.parent_index ?? null,
    retryIndex: null,
    problem: isDoneState(summary.state) ? null : await problemOf(workspace, index, options),
    counts: proof?.counts ?? null,
    tokens: tokensOf(proof),
    rows: null,
    contradictions: proof?.contradictions ?? [],
    errorGroups: (await orNull(errorGroupsOf(workspace, index, options))) ?? [],
    steps,
    omittedSteps: entries.length - steps.length,
    unreadableLines,
    lineage: await readLineage(workspace, today, others),
  }
}

/** The page shows what there is: a file nobody can read must not hide the others. */
const orNull = <T>(reading: Promise<T>): Promise<T | null> => reading.catch(() => null)

async function problemOf(
  workspace: BatchWorkspace,
  index: BatchIndex,
  { withRowTexts }: DetailOptions,
): Promise<Problem | null> {
  const problem = (await orNull(tripleStatus(workspace, index)))?.problem ?? null
  return withRowTexts ? problem : withoutFacts(problem)
}

function tokensOf(proof: AccountingProof | null): string | null {
  const tokens = proof === null ? null : tokensProven(proof)
  return tokens === null ? null : tokensText(tokens)
}

/** The facts of a problem name rows, such as ids without an answer. */
export function withoutFacts(problem: Problem | null): Problem | null {
  if (problem === null) return null
  const { facts: _, ...rest } = problem
  return rest
}

/** Of what is done the list knows the name only. */
function withMetadata(
  summary: TripleSummary,
  metadata: BatchMetadata | null,
  proof: AccountingProof | null,
): TripleSummary {
  return {
    ...summary,
    batchId: summary.batchId ?? metadata?.batch_id ?? null,
    remoteStatus: summary.remoteStatus ?? metadata?.remote_status ?? null,
    attempt: metadata?.attempt ?? summary.attempt,
    rootIndex: metadata?.root_index ?? summary.rootIndex,
    requests: summary.requests ?? proof?.counts.input ?? null,
    missing: summary.missing ?? proof?.counts.missing ?? null,
  }
}

function operationsOf(facts: TripleFacts | null): TripleDetail['operations'] {
  const course = facts === null ? null : recommendedOperations(facts)
  return course?.type === 'operations' ? course.operations : []
}

async function filesOf(workspace: BatchWorkspace, index: BatchIndex): Promise<InspectedFile[]> {
  const { root, layout, fileSystem } = workspace
  const triple = await orNull(locateTriple(workspace, index))
  const files: InspectedFile[] = []
  for (const kind of fileKinds) {
    for (const path of [triple?.[kind] ?? layout.workdirFile(kind, index), layout.doneFile(kind, index)]) {
      const found = await orNull(fileSystem.stat(path))
      if (found === null) continue
      const { bytes, modifiedAtMs } = found
      files.push({ kind, path: relative(root, path).split(sep).join('/'), bytes, modifiedAtMs })
    }
  }
  return files
}

const errorGroupSchema = z.object({
  outcome: z.string(),
  code: z.string(),
  message: z.string(),
  count: z.number().int().nonnegative(),
  sample_custom_ids: z.array(z.string()),
})

/** More than 200 groups of a few kilobytes; a larger file is not ours. */
const largestErrorLogBytes = 4 * 1024 * 1024

async function errorGroupsOf(
  { layout, fileSystem }: BatchWorkspace,
  index: BatchIndex,
  { withRowTexts }: DetailOptions,
): Promise<InspectedErrorGroup[]> {
  const path = layout.expansionErrorLogFile(index)
  const { text, isCut } = await readTextEnd(fileSystem, path, largestErrorLogBytes)
  const groups = isCut ? [] : text.split('\n').map((line) => errorGroupSchema.safeParse(parsed(line)).data)
  const largest = groups
    .filter((group) => group !== undefined)
    .toSorted((left, right) => right.count - left.count)
  return largest.slice(0, mostErrorGroups).map((group) => {
    const { outcome, code, count, message, sample_custom_ids: ids } = group
    return {
      outcome: outcome.slice(0, longestRowText),
      code: code.slice(0, longestRowText),
      count,
      message: withRowTexts ? message.slice(0, longestRowText) : null,
      sampleIds: withRowTexts ? ids.slice(0, 3).map((id) => id.slice(0, longestRowText)) : null,
    }
  })
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
