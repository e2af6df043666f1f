import { isCutShortStatus, traitsOf, type RowRetry } from '../../../machines/index.js'
import { answerTexts, contentsOf, type AnswerTexts } from './answer-texts.js'
import { isTextAnswer, type Answer } from './answer.js'
import {
  acceptedContent,
  judgeContent,
  readContent,
  type AcceptedContent,
  type ContentOptions,
  type ContentReading,
} from './content.js'
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
  /** The model that answered, as the answer names it; `null` without an answer. */
  readonly model: string | null
  readonly usage: JsonRecord | null
  /** The same as JSON text, as it goes to disk: with every digit that was written, where a value is rounded. */
  readonly json: RowJson
  /** The JSON had to be mended before it could be read. */
  readonly isRepaired: boolean
  /** The schema made something else of the content. */
  readonly isTransformed: boolean
  /**
   * The model wrote a number in the content that a double does not give back (an integer above 2^53 that is rounded,
   * too many digits, `1e400`): it is rounded in `content`, and as it was written in `json.content`.
   */
  readonly hasInexactNumbers: boolean
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

/** Fields of a row as JSON text on one line: what the server or the model wrote, but for white space. */
export interface RowJson {
  /** What a schema changed is written anew; numbers that it left in their place are not. */
  readonly content: string | null
  readonly contents: string | null
  readonly toolCalls: string | null
  readonly usage: string | null
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
  const lineOf = (): ResultLine => line
  const parts = { customId, source, lineOf, class: rowClass, error }
  if (answer === null) return settled(newRow(parts), mayRetry, options)
  const texts = answerTexts(line, answer)
  if (error !== null) {
    return settled(newRow({ ...parts, answer, texts, reading: asGiven(answer, texts) }), mayRetry, options)
  }
  return evaluateAnswer({ customId, source, lineOf, answer, texts }, options)
}

/** An answer that is known to be a success, and where it stands. */
export interface GivenAnswer extends Pick<ReconciledRow, 'customId' | 'source'> {
  readonly answer: Answer
  readonly texts: AnswerTexts
  /** Reads the line; called when somebody looks at it. */
  readonly lineOf: () => ResultLine
}

/** Looks at the content of an answer that was judged before. */
export async function evaluateAnswer(given: GivenAnswer, options: EvaluateOptions): Promise<ReconciledRow> {
  const { answer, texts } = given
  const reading = await readAll(answer, texts, options)
  if (reading.type === 'read') return newRow({ ...given, class: 'success', error: null, reading })
  const rejected = newRow({ ...given, class: 'rejected', error: reading.error, reading })
  return settled(rejected, traitsOf('rejected').mayRetry, options)
}

/**
 * The row for a request that no file mentions: a batch that was cut short never executed it, or somebody accepted that
 * its answer is missing.
 *
 * @param remoteStatus how the batch ended, such as `expired` or `cancelled`
 * @param isAccepted somebody accepted it, so that nobody knows whether the request was executed
 */
export function missingRow(customId: string, remoteStatus: string | null, isAccepted = false): ReconciledRow {
  const isCutShort = isCutShortStatus(remoteStatus)
  const error = {
    code: isCutShort ? `batch_${remoteStatus}` : 'answer_missing',
    message:
      isCutShort && !isAccepted
        ? `The batch is ${remoteStatus} and no file mentions this request; it was not executed.`
        : 'No file has an answer to this request; somebody went on without it.',
  }
  const source = { file: null, line: null }
  const row = newRow({ customId, source, lineOf: () => null, class: 'not-executed', error })
  return settled(row, mayRetryMissing(error.code), {})
}

/** Turns a success down after the fact, for a callback that found fault with it. */
export function rejectRow(row: ReconciledRow, error: RowError, options: EvaluateOptions): ReconciledRow {
  const bounded = { code: error.code, message: boundedMessage(error.message) }
  const rawText = rawTextOf(row.content, row.json.content)
  const json = { ...row.json, content: null, contents: null }
  const rejected = { ...row, class: 'rejected', error: bounded, rawText, json } as const
  const unread = { ...rejected, content: null, contents: null, isRepaired: false, isTransformed: false }
  return settled(unread, traitsOf('rejected').mayRetry, options)
}

interface RowParts extends Pick<ReconciledRow, 'customId' | 'source' | 'class' | 'error'> {
  readonly lineOf: () => ResultLine | null
  readonly answer?: Answer
  readonly texts?: AnswerTexts
  readonly reading?: Reading
}

// One literal with every field: rows are made by the hundred thousand, and copies of copies cost more than the rest.
function newRow({
  customId,
  source,
  lineOf,
  class: rowClass,
  error,
  answer,
  texts,
  reading,
}: RowParts): ReconciledRow {
  const read = reading?.type === 'read' ? reading : undefined
  return {
    customId,
    class: rowClass,
    content: read?.content ?? null,
    contents: read?.contents ?? null,
    toolCalls: answer?.toolCalls ?? null,
    error,
    finishReason: answer?.finishReason ?? null,
    model: answer?.model ?? null,
    usage: answer?.usage ?? null,
    json: {
      content: read?.contentJson ?? null,
      contents: read?.contentsJson ?? null,
      toolCalls: texts?.toolCalls ?? null,
      usage: texts?.usage ?? null,
    },
    isRepaired: read?.isRepaired ?? false,
    isTransformed: read?.isTransformed ?? false,
    hasInexactNumbers: read?.hasInexactNumbers ?? false,
    isOpaque: error === null && answer?.shape === 'opaque',
    isRetryable: false,
    rawText: reading?.type === 'rejected' ? reading.rawText : null,
    source,
    get line() {
      return lineOf()
    },
  }
}

type Reading = ReadAnswer | { readonly type: 'rejected'; readonly error: RowError; readonly rawText: string }

interface ReadAnswer extends Pick<
  ReconciledRow,
  'content' | 'contents' | 'isRepaired' | 'isTransformed' | 'hasInexactNumbers'
> {
  readonly type: 'read'
  readonly contentJson: string | null
  readonly contentsJson: string | null
}

async function readAll(answer: Answer, texts: AnswerTexts, options: ContentOptions): Promise<Reading> {
  const readings: AcceptedContent[] = []
  for (const [at, content] of contentsOf(answer).entries()) {
    const json = texts.contents[at] ?? null
    const reading = await readOne(content, json, answer, options)
    if (reading.type === 'rejected')
      return { type: 'rejected', error: reading.error, rawText: rawTextOf(content, json) }
    readings.push(reading)
  }
  return joined(answer, readings)
}

/** The contents of an answer that is not whole: nothing is expected of them. */
function asGiven(answer: Answer, texts: AnswerTexts): ReadAnswer {
  const readings = contentsOf(answer).map((content, at) =>
    acceptedContent(content, texts.contents[at] ?? JSON.stringify(content)),
  )
  return joined(answer, readings)
}

function joined({ contents }: Answer, readings: readonly AcceptedContent[]): ReadAnswer {
  const [first] = readings
  const isSeveral = contents !== null
  return {
    type: 'read',
    content: first?.content ?? null,
    contentJson: first === undefined || first.content === null ? null : first.json,
    contents: isSeveral ? readings.map(({ content }) => content) : null,
    contentsJson: isSeveral ? `[${readings.map(({ json }) => json).join(',')}]` : null,
    isRepaired: readings.some(({ isRepaired }) => isRepaired),
    isTransformed: readings.some(({ isTransformed }) => isTransformed),
    hasInexactNumbers: readings.some(({ hasInexactNumbers }) => hasInexactNumbers),
  }
}

// A pure tool call has no text to read: its arguments are in `toolCalls`, and the schema is not meant for them.
async function readOne(
  content: unknown,
  json: string | null,
  answer: Answer,
  options: ContentOptions,
): Promise<ContentReading> {
  if (content === null) return acceptedContent(null, 'null')
  if (isTextAnswer(answer) && typeof content === 'string') return readContent(content, options)
  return judgeContent(content, json ?? JSON.stringify(content), options.schema)
}

/** The text of the model itself; of an answer that is no text, its JSON. */
function rawTextOf(content: unknown, json: string | null): string {
  return typeof content === 'string' ? content : (json ?? 'null')
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
