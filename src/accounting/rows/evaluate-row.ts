import { isTextAnswer, type Answer } from './answer.js'
import { classifyRow } from './classify-row.js'
import { judge, readContent, type ContentOptions, type ContentReading } from './content.js'
import type { JsonRecord } from './json-record.js'
import type { ResultLine } from './result-line.js'
import { boundedMessage, type RowClass, type RowError, type RowSource } from './row-class.js'

/** What became of one request: the row that callbacks get. */
export interface ReconciledRow<Content = unknown> {
  readonly customId: string
  readonly class: RowClass
  /** The accepted content of a success, the partial text of a `semantic` row, else `null`. */
  readonly content: Content | null
  /** All contents when the request asked for several answers, else `null`. */
  readonly contents: readonly Content[] | null
  readonly toolCalls: readonly unknown[] | null
  /** `null` exactly for a success. */
  readonly error: RowError | null
  readonly finishReason: string | null
  readonly usage: JsonRecord | null
  /** The JSON had to be mended before it could be read. */
  readonly isRepaired: boolean
  /** The same request may be sent again, as far as the row goes; the number of attempts is not looked at. */
  readonly isRetryable: boolean
  /** The text as it came, for `rejected` rows; else `null`. */
  readonly rawText: string | null
  readonly source: RowSource
  /** The line it was read from; `null` for a request that no file mentions. */
  readonly line: ResultLine | null
}

export interface EvaluateOptions extends ContentOptions {
  /** Asked for `semantic` and `rejected` rows only. Without it these are not sent again. */
  readonly shouldRetry?: ((row: ReconciledRow) => boolean) | undefined
}

/** Judges one row: what the server says, what the answer says of itself, and whether the content is as expected. */
export async function evaluateRow(line: ResultLine, options: EvaluateOptions): Promise<ReconciledRow> {
  const { class: rowClass, error, answer } = classifyRow(line)
  if (answer === null) return settled({ ...bareRow(line), class: rowClass, error }, options)
  const row = answeredRow(line, answer)
  if (error !== null) return settled({ ...row, class: rowClass, error }, options)
  return settled(await withContent(row, answer, options), options)
}

/**
 * The row for a request that an ended batch never executed and no file mentions.
 *
 * @param remoteStatus how the batch ended, such as `expired` or `cancelled`
 */
export function missingRow(customId: string, remoteStatus: string | null): ReconciledRow {
  const status = remoteStatus ?? 'ended'
  const message = `The batch is ${status} and no file mentions this request; it was not executed.`
  const error = { code: `batch_${status}`, message }
  const source = { file: null, line: null }
  return { ...emptyRow, customId, class: 'not-executed', error, isRetryable: true, source }
}

/** Turns a success down after the fact, for a callback that found fault with it. */
export function rejectRow(row: ReconciledRow, error: RowError, options: EvaluateOptions): ReconciledRow {
  const bounded = { code: error.code, message: boundedMessage(error.message) }
  return settled({ ...rejectedRow(row, bounded), rawText: textOf(row.content) }, options)
}

const emptyRow = {
  content: null,
  contents: null,
  toolCalls: null,
  finishReason: null,
  usage: null,
  isRepaired: false,
  isRetryable: false,
  rawText: null,
  line: null,
} as const

function bareRow(line: ResultLine): Omit<ReconciledRow, 'class' | 'error'> {
  return { ...emptyRow, customId: line.customId, source: line.source, line }
}

function answeredRow(line: ResultLine, answer: Answer): ReconciledRow {
  const { content, contents, toolCalls, finishReason, usage } = answer
  return {
    ...bareRow(line),
    class: 'success',
    error: null,
    content,
    contents,
    toolCalls,
    finishReason,
    usage,
  }
}

async function withContent(
  row: ReconciledRow,
  answer: Answer,
  options: ContentOptions,
): Promise<ReconciledRow> {
  const given = answer.contents ?? [answer.content]
  const readings = await Promise.all(given.map((content) => readOne(content, answer, options)))
  const accepted: { content: unknown; isRepaired: boolean }[] = []
  for (const [at, reading] of readings.entries()) {
    if (reading.type === 'rejected') return { ...rejectedRow(row, reading.error), rawText: textOf(given[at]) }
    accepted.push(reading)
  }
  const contents = accepted.map((reading) => reading.content)
  return {
    ...row,
    content: contents[0],
    contents: answer.contents === null ? null : contents,
    isRepaired: accepted.some((reading) => reading.isRepaired),
  }
}

// A pure tool call has no text to read: its arguments are in `toolCalls`, and the schema is not meant for them.
async function readOne(content: unknown, answer: Answer, options: ContentOptions): Promise<ContentReading> {
  if (content === null) return { type: 'accepted', content, isRepaired: false }
  if (isTextAnswer(answer) && typeof content === 'string') return readContent(content, options)
  return judge(content, options.schema, false)
}

function rejectedRow(row: ReconciledRow, error: RowError): ReconciledRow {
  return { ...row, class: 'rejected', error, content: null, contents: null, isRepaired: false }
}

function textOf(content: unknown): string {
  return typeof content === 'string' ? content : JSON.stringify(content ?? null, null, 2)
}

function settled(row: ReconciledRow, { shouldRetry }: EvaluateOptions): ReconciledRow {
  return { ...row, isRetryable: isRetryable(row, shouldRetry) }
}

function isRetryable(row: ReconciledRow, shouldRetry: EvaluateOptions['shouldRetry']): boolean {
  if (row.class === 'not-executed' || row.class === 'transient') return true
  const isUpToTheUser = row.class === 'semantic' || row.class === 'rejected'
  return isUpToTheUser && shouldRetry !== undefined && shouldRetry(row)
}
