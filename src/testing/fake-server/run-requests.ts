import { asciiJson } from './ascii-json.js'
import { damaged, type ResultLines, type ResultTexts } from './damage.js'
import { digest, shuffled } from './deterministic.js'
import { rowResult, unexecutedLine, type RowResult } from './outcomes.js'
import { ruleApplies, type Answer, type FileDamage, type ResultFile } from './plan.js'
import type { ServerState, StoredBatch } from './state.js'
import type { BatchRequest, BatchUsage } from './wire.js'

/** What running a batch produced, before it is stored. */
export interface BatchYield {
  readonly files: ResultTexts
  readonly completed: number
  readonly failed: number
  readonly usage: BatchUsage
}

/** Runs the first part of the requests and writes both files, as they stand when the batch has ended. */
export function runRequests(
  state: ServerState,
  batch: StoredBatch,
  share: number,
  endStatus: 'completed' | 'failed' | 'expired' | 'cancelled',
): BatchYield {
  const damage = batch.plan.damage ?? {}
  const requests = batch.checkedInput?.requests ?? []
  const runCount = Math.floor(share * requests.length)
  const rows = requests.slice(0, runCount).map((request) => run(state, batch, request))
  const left = requests.slice(runCount).flatMap((request) => leftLine(state, batch, request, endStatus))
  const lines = ordered(batch, state.seed, [
    ...rows.flatMap(({ row }) => (row === null ? [] : [row])),
    ...left,
  ])
  return {
    files: damaged(linesByFile(lines, damage), damage),
    completed: rows.filter(({ row }) => row?.counter === 'completed').length,
    failed: rows.filter(({ row }) => row?.counter === 'failed').length,
    usage: usageOf(rows.flatMap(({ row }) => (row === null ? [] : [row]))),
  }
}

interface Line {
  readonly line: Readonly<Record<string, unknown>>
  readonly file: ResultFile
}

interface Run {
  readonly row: RowResult | null
}

function run(state: ServerState, batch: StoredBatch, request: BatchRequest): Run {
  const { custom_id: customId } = request
  const count = (state.runsById.get(customId) ?? 0) + 1
  state.runsById.set(customId, count)
  const tag = digest(state.seed, ['row', batch.id, customId, count], 24)
  const { answer, file } = answerFor(state, batch, request, count)
  const facts = {
    request,
    tag,
    text: defaultText(request, tag),
    refusal: null,
    finishReason: 'stop' as const,
    createdAt: Math.floor(batch.createdAtMs / 1000),
  }
  const row = rowResult(answer, facts)
  state.executions.push({ batchId: batch.id, customId, run: count, isAnswered: row?.isAnswered ?? false })
  return { row: row === null || file === undefined ? row : { ...row, file } }
}

function answerFor(
  { settings }: ServerState,
  batch: StoredBatch,
  request: BatchRequest,
  count: number,
): { readonly answer: Answer; readonly file: ResultFile | undefined } {
  const rule = batch.plan.rows?.find((candidate) => ruleApplies(candidate, request, count))
  if (rule !== undefined) return { answer: rule.answer, file: rule.file }
  const answer = settings.answer(request, { batchId: batch.id, run: count })
  return { answer: answer ?? 'success', file: undefined }
}

/** JSON, so that readers of either content type can use it. */
function defaultText(request: BatchRequest, tag: string): string {
  return JSON.stringify({ request: request.custom_id, answer: tag.slice(0, 8) })
}

function leftLine(state: ServerState, batch: StoredBatch, request: BatchRequest, endStatus: string): Line[] {
  if (endStatus !== 'expired' && endStatus !== 'cancelled') return []
  if (batch.plan.unexecuted === 'nothing') return []
  const tag = digest(state.seed, ['left', batch.id, request.custom_id], 24)
  return [{ line: unexecutedLine(request.custom_id, tag, endStatus), file: 'error' }]
}

function ordered(batch: StoredBatch, seed: number, lines: readonly Line[]): readonly Line[] {
  if (batch.plan.order === 'reversed') return lines.toReversed()
  return batch.plan.order === 'shuffled' ? shuffled(lines, seed + batch.number) : lines
}

function linesByFile(lines: readonly Line[], damage: FileDamage): ResultLines {
  const isInOutput = ({ file }: Line) => file === 'output' || damage.errorsInOutput === true
  const write = ({ line }: Line) => asciiJson(line)
  return {
    output: lines.filter(isInOutput).map(write),
    error: lines.filter((line) => !isInOutput(line)).map(write),
  }
}

function usageOf(rows: readonly RowResult[]): BatchUsage {
  const input = rows.reduce((sum, row) => sum + row.inputTokens, 0)
  const output = rows.reduce((sum, row) => sum + row.outputTokens, 0)
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + output,
  }
}
