import { basename } from 'node:path'
import { FileSniffer } from '../accounting/dialects/sniff-file.js'
import { GrowableColumn } from '../accounting/growable-column.js'
import { IdTable } from '../accounting/id-table.js'
import { readLines, type Line } from '../accounting/line-reader.js'
import type { FoundDialect } from '../accounting/triple-accounting.js'
import { reconciliationError } from '../errors.js'
import type { FileSystem } from '../workspace/file-system.js'
import { checkRequestLine, type RequestFacts, type RequestsFileProblem } from './check-request-line.js'
import { ProblemKinds, kindWords, type ProblemKind } from './problem-kinds.js'
import { nothingBounded, withRequest, type TokenBound } from './token-bound.js'
import { createSplitPlanner, type InputLimits, type InputPart } from './split-input.js'

/** What a requests file is, judged before a byte of it is uploaded. */
export interface RequestsFileReport {
  readonly path: string
  readonly inputBytes: number
  readonly requestCount: number
  /**
   * What has to be mended before the file can be sent: one entry a kind with the first line that has it, at most 20,
   * in the order of the file.
   */
  readonly problems: readonly ProblemKind[]
  /** All of them, of every kind. */
  readonly problemCount: number
  /** What a file with problems looks like instead, and how to convert it; `null` when no known way of writing fits. */
  readonly dialect: FoundDialect | null
  /** Why the file is more than one batch, one entry a code. A server would refuse the file as it is. */
  readonly splitReasons: readonly RequestsFileProblem[]
  /** The batches to make of it, in order; one when it fits as it is. Meaningful only without problems. */
  readonly parts: readonly InputPart[]
  /** What its requests can take at most. */
  readonly bound: TokenBound
}

/**
 * Reads a requests file once and checks it with the server's own codes and line numbers: JSON, required fields, unique
 * `custom_id`, endpoint, model, streaming, and the limits of one batch. Memory: the ids.
 *
 * Rejects with `Interrupted`, with `FileChangedDuringRun`, and with the system's error when it cannot be read.
 */
export async function validateRequestsFile(
  fs: FileSystem,
  path: string,
  limits: InputLimits,
  signal?: AbortSignal,
): Promise<RequestsFileReport> {
  const check = newCheck(path, limits)
  const onChunk = (bytes: Buffer): void => {
    check.inputBytes += bytes.length
    check.sniffer.takeBytes(bytes)
  }
  for await (const lines of readLines(fs, path, { signal, onChunk })) {
    for (const line of lines) takeLine(check, line)
  }
  if (check.requestCount === 0 && check.problems.total === 0) check.problems.add(emptinessOf(check))
  return reportOf(check)
}

/** Throws `RequestsFileInvalid` with the first problem in its message, when there is one. */
export function requireValidRequests({ path, problems, problemCount, dialect }: RequestsFileReport): void {
  const [first] = problems
  if (first === undefined) return
  const place = first.line === null ? basename(path) : `${basename(path)}:${first.line}`
  const more = problemCount - first.count
  const others = more > 0 ? ` (and ${more} more problem${more === 1 ? '' : 's'})` : ''
  const looks = dialect === null ? '' : ` The file looks like ${dialect.name}.`
  const cure =
    dialect === null
      ? 'One bad line fails the whole batch on the server: mend all of them, then give the same command again.'
      : `${dialect.cure}. Then send it again.`
  throw reconciliationError({
    code: 'RequestsFileInvalid',
    message: `${place}: ${kindWords(first)}${looks}${others}`,
    hint: `Nothing was uploaded. ${cure}`,
    needsPerson: true,
    facts: { path, problems, problemCount, dialect },
  })
}

interface Check {
  readonly path: string
  readonly limits: InputLimits
  inputBytes: number
  requestCount: number
  bound: TokenBound
  readonly problems: ProblemKinds
  readonly sniffer: FileSniffer
  readonly ids: IdTable
  /** Line on which each id of `ids` stood first. */
  readonly idLines: GrowableColumn
  readonly planner: ReturnType<typeof createSplitPlanner>
}

function newCheck(path: string, limits: InputLimits): Check {
  return {
    path,
    limits,
    inputBytes: 0,
    requestCount: 0,
    bound: nothingBounded,
    problems: new ProblemKinds(),
    sniffer: new FileSniffer(path, 'input'),
    ids: new IdTable(),
    idLines: new GrowableColumn(Uint32Array),
    planner: createSplitPlanner(limits),
  }
}

function takeLine(check: Check, line: Line): void {
  const { facts, problems, row } = checkRequestLine(line)
  for (const problem of problems) check.problems.add(problem)
  if (facts === null) {
    check.sniffer.takeUnreadable(line.bytes, row)
    return
  }
  check.requestCount += 1
  if (row !== null) check.bound = withRequest(check.bound, row, line.length)
  noteDuplicate(check, line, facts)
  noteOversize(check, line, facts)
  check.planner.add(line, facts)
}

function noteDuplicate(check: Check, line: Line, { customId }: RequestFacts): void {
  const known = check.ids.size
  const ordinal = check.ids.add(customId)
  if (check.ids.size > known) {
    check.idLines.set(ordinal, line.number)
    return
  }
  const shown = customId.length > 60 ? `${customId.slice(0, 60)}…` : customId
  const message = `custom_id '${shown}' stands on line ${check.idLines.get(ordinal)} already; ids must be unique.`
  check.problems.add({ code: 'duplicate_custom_id', param: 'custom_id', message, line: line.number })
}

/** A single request beyond the limits of a batch: no split helps. */
function noteOversize(check: Check, line: Line, { embeddingInputs }: RequestFacts): void {
  const { maxInputBytes, maxEmbeddingInputs } = check.limits
  if (line.length + 1 > maxInputBytes) {
    const message = `The line has ${line.length} bytes; a whole file may have ${maxInputBytes}.`
    check.problems.add({ code: 'file_too_large', param: null, message, line: line.number })
  }
  if (maxEmbeddingInputs !== null && embeddingInputs > maxEmbeddingInputs) {
    const message = `The request has ${embeddingInputs} inputs; a whole batch may have ${maxEmbeddingInputs}.`
    check.problems.add({ code: 'too_many_tasks', param: 'body.input', message, line: line.number })
  }
}

function emptinessOf({ inputBytes }: Check): RequestsFileProblem {
  return inputBytes === 0
    ? { code: 'empty_file', param: null, message: 'The file has no bytes.', line: null }
    : { code: 'empty_batch', param: null, message: 'The file has blank lines only.', line: null }
}

function reportOf(check: Check): RequestsFileReport {
  const { path, inputBytes, requestCount, bound, problems, sniffer } = check
  const parts = check.planner.parts()
  return {
    path,
    inputBytes,
    requestCount,
    problems: problems.list(),
    problemCount: problems.total,
    dialect: problems.total === 0 ? null : sniffer.found(),
    parts,
    bound,
    splitReasons: splitReasonsOf(check, parts),
  }
}

function splitReasonsOf(check: Check, parts: readonly InputPart[]): RequestsFileProblem[] {
  const { maxRequests, maxInputBytes, maxEmbeddingInputs } = check.limits
  const bytes = sumOf(parts, (part) => part.bytes)
  const inputs = sumOf(parts, (part) => part.embeddingInputs)
  const reasons = [differing(parts, 'url', 'url_mismatch'), differing(parts, 'model', 'mismatched_model')]
  if (check.requestCount > maxRequests) {
    reasons.push(
      overLimit(
        'too_many_tasks',
        `The file has ${check.requestCount} requests; a batch may have ${maxRequests}.`,
      ),
    )
  }
  if (bytes > maxInputBytes) {
    reasons.push(
      overLimit('file_too_large', `The file has ${bytes} bytes; a batch may have ${maxInputBytes}.`),
    )
  }
  if (maxEmbeddingInputs !== null && inputs > maxEmbeddingInputs) {
    reasons.push(
      overLimit(
        'too_many_tasks',
        `The file has ${inputs} inputs of embeddings; a batch may have ${maxEmbeddingInputs}.`,
      ),
    )
  }
  return reasons.filter((reason) => reason !== null)
}

function sumOf(parts: readonly InputPart[], amount: (part: InputPart) => number): number {
  return parts.reduce((sum, part) => sum + amount(part), 0)
}

function overLimit(code: string, message: string): RequestsFileProblem {
  return { code, message, param: null, line: null }
}

function differing(
  parts: readonly InputPart[],
  field: 'url' | 'model',
  code: string,
): RequestsFileProblem | null {
  const first = parts[0]
  const other = parts.find((part) => part[field] !== first?.[field])
  if (first === undefined || other === undefined) return null
  const count = new Set(parts.map((part) => part[field])).size
  const message = `${field} is ${other[field] ?? 'missing'} where the first line has ${first[field] ?? 'none'}; the file has ${count} of them, a batch may have one.`
  return { code, message, param: field === 'model' ? 'body.model' : 'url', line: other.firstLine }
}
