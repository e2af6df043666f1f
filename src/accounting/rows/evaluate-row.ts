import { isCutShortStatus, traitsOf, type RowRetry } from '../../../machines/index.js'
import { isTextAnswer, type Answer } from './answer.js'
import { judge, readContent, type ContentOptions, type ContentReading } from './content.js'
import type { JsonRecord } from './json-record.js'
import { mayRetryMissing } from './failure-rules.js'
import { judgeAnswer } from './judge-answer.js'
import { nothingPromised, type RequestPromise } from './promise.js'
import type { ResultLine } from './result-line.js'
import { boundedMessage, type RowClass, type RowError, type RowSource } from './row-class.js'

/** What became of one request: the row that callbacks get. */
export interface ReconciledRow<Content = unknown> {
  readonly customId: string
  readonly class: RowClass
  /** The accepted content of a success, the text as it came of a `semantic` or `unproven` row, else `null`. */
  readonly content: Content | null
  /** All contents when the request asked for several answers, `null` for one that is a pure tool call; else `null`. */
  readonly contents: readonly (Content | null)[] | null
  readonly toolCalls: readonly unknown[] | null
  /** `null` exactly for a success. */
  readonly error: RowError | null
  readonly finishReason: string | null
  readonly usage: JsonRecord | null
  /** The JSON had to be mended before it could be read. */
  readonly isRepaired: boolean
  /** The answer of an endpoint that is not known here: it was kept whole, and nobody checked it. */
  readonly isOpaque: boolean
  /** The next attempt sends it again, as far as the row goes; the number of attempts is not looked at. */
  readonly isRetryable: boolean
  /** The text as it came, for `rejected` rows; else `null`. */
  readonly rawText: string | null
  readonly source: RowSource
  /** The line it was read from; `null` for a request that no file mentions. */
  readonly line: ResultLine | null
}

export interface EvaluateOptions extends ContentOptions {
  /** Asked for rows that have an answer which is no success. Without it these are not sent again. */
  readonly shouldRetry?: ((row: ReconciledRow) => boolean) | undefined
}

/**
 * Judges one row: what the server says, what the answer says of itself, and whether the content is as expected.
 *
 * @param promise what the request lets one expect; without it the body is read by its shape alone
 */
export async function evaluateRow(
  line: ResultLine,
  options: EvaluateOptions,
  promise: RequestPromise = nothingPromised,
): Promise<ReconciledRow> {
  const { class: rowClass, error, answer, mayRetry } = judgeAnswer(line, promise)
  const { customId, source } = line
  const parts = { customId, source, line, class: rowClass, error }
  if (answer === null) return settled(newRow(parts), mayRetry, options)
  if (error !== null) return settled(newRow({ ...parts, answer }), mayRetry, options)
  const reading = await readAll(answer, options)
  if (!('rejected' in reading)) return newRow({ ...parts, answer, reading })
  const rejected = newRow({ ...parts, class: 'rejected', error: reading.rejected, answer, reading })
  return settled(rejected, traitsOf('rejected').mayRetry, options)
}

/**
 * The row for a request that no file mentions: a batch that was cut short never executed it, or somebody accepted that
 * its answer is missing.
 *
 * @param remoteStatus how the batch ended, such as `expired` or `cancelled`
 */
export function missingRow(customId: string, remoteStatus: string | null): ReconciledRow {
  const error = isCutShortStatus(remoteStatus)
    ? {
        code: `batch_${remoteStatus}`,
        message: `The batch is ${remoteStatus} and no file mentions this request; it was not executed.`,
      }
    : {
        code: 'answer_missing',
        message: 'No file has an answer to this request; somebody went on without it.',
      }
  const source = { file: null, line: null }
  const row = newRow({ customId, source, line: null, class: 'not-executed', error })
  return settled(row, mayRetryMissing(error.code), {})
}

/** Turns a success down after the fact, for a callback that found fault with it. */
export function rejectRow(row: ReconciledRow, error: RowError, options: EvaluateOptions): ReconciledRow {
  const bounded = { code: error.code, message: boundedMessage(error.message) }
  const rejected = { ...row, class: 'rejected', error: bounded, rawText: textOf(row.content) } as const
  const unread = { ...rejected, content: null, contents: null, isRepaired: false }
  return settled(unread, traitsOf('rejected').mayRetry, options)
}

interface RowParts extends Pick<ReconciledRow, 'customId' | 'source' | 'line' | 'class' | 'error'> {
  readonly answer?: Answer
  readonly reading?: Reading
}

// One literal with every field: rows are made by the hundred thousand, and copies of copies cost more than the rest.
function newRow({
  customId,
  source,
  line,
  class: rowClass,
  error,
  answer,
  reading,
}: RowParts): ReconciledRow {
  const accepted = reading ?? answer
  const hasContent = accepted !== undefined && 'content' in accepted
  return {
    customId,
    class: rowClass,
    content: hasContent ? accepted.content : null,
    contents: hasContent ? accepted.contents : null,
    toolCalls: answer?.toolCalls ?? null,
    error,
    finishReason: answer?.finishReason ?? null,
    usage: answer?.usage ?? null,
    isRepaired: reading !== undefined && 'content' in reading && reading.isRepaired,
    isOpaque: error === null && answer?.shape === 'opaque',
    isRetryable: false,
    rawText: reading !== undefined && 'rejected' in reading ? reading.rawText : null,
    source,
    line,
  }
}

type Reading =
  | { readonly content: unknown; readonly contents: readonly unknown[] | null; readonly isRepaired: boolean }
  | { readonly rejected: RowError; readonly rawText: string }

async function readAll(answer: Answer, options: ContentOptions): Promise<Reading> {
  const given = answer.contents ?? [answer.content]
  const contents: unknown[] = []
  let isRepaired = false
  for (const content of given) {
    const reading = await readOne(content, answer, options)
    if (reading.type === 'rejected') return { rejected: reading.error, rawText: textOf(content) }
    contents.push(reading.content)
    isRepaired ||= reading.isRepaired
  }
  return { content: contents[0] ?? null, contents: answer.contents === null ? null : contents, isRepaired }
}

// A pure tool call has no text to read: its arguments are in `toolCalls`, and the schema is not meant for them.
async function readOne(content: unknown, answer: Answer, options: ContentOptions): Promise<ContentReading> {
  if (content === null) return { type: 'accepted', content, isRepaired: false }
  if (isTextAnswer(answer) && typeof content === 'string') return readContent(content, options)
  return judge(content, options.schema, false)
}

function textOf(content: unknown): string {
  return typeof content === 'string' ? content : JSON.stringify(content ?? null, null, 2)
}

function settled(
  row: ReconciledRow,
  mayRetry: RowRetry,
  { shouldRetry }: Pick<EvaluateOptions, 'shouldRetry'>,
): ReconciledRow {
  return isRetryable(row, mayRetry, shouldRetry) ? { ...row, isRetryable: true } : row
}

function isRetryable(
  row: ReconciledRow,
  mayRetry: RowRetry,
  shouldRetry: EvaluateOptions['shouldRetry'],
): boolean {
  if (mayRetry === 'by-itself') return true
  return mayRetry === 'by-policy' && shouldRetry !== undefined && shouldRetry(row)
}
