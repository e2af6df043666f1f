import { isDeepStrictEqual } from 'node:util'
import { compactJson } from '../json-text/compact-json.js'
import { exactJson, type ExactJson } from '../json-text/exact-json.js'
import { nestedTooDeep, nestedTooDeepMessage } from '../json-text/nesting.js'
import { spliceOutput } from '../json-text/splice-output.js'
import { jsonFence, jsonLinesFence, unwrapFence } from './fence.js'
import { readJson } from './repair-json.js'
import { boundedMessage, type RowError } from './row-class.js'
import { applySchema, describeSchemaError, isStackOverflow, type ContentSchema } from './schema.js'

/** What the text of an answer is expected to hold. */
export const expectedContentTypes = ['json', 'json-lines', 'text'] as const
export type ExpectedContentType = (typeof expectedContentTypes)[number]

/** How the text of an answer is read. */
export interface ContentOptions {
  readonly contentType: ExpectedContentType
  /** Judges the value (each value of `json-lines`) and may transform it. */
  readonly schema?: ContentSchema | undefined
  /** Mend JSON that does not parse. Mended content is marked. */
  readonly repairJson: boolean
}

export type ContentReading = AcceptedContent | { readonly type: 'rejected'; readonly error: RowError }

/** Content, and its text with the digits of the model. */
export interface AcceptedContent extends ExactJson {
  readonly type: 'accepted'
  readonly content: unknown
  readonly isRepaired: boolean
  /** The schema gave something else than what was read. */
  readonly isTransformed: boolean
}

/** Reads the text of a whole answer. Cut or filtered answers must not come here: mending would complete them. */
export async function readContent(text: string, options: ContentOptions): Promise<ContentReading> {
  if (options.contentType === 'text') return judgeContent(text, JSON.stringify(text), options.schema)
  return options.contentType === 'json' ? readJsonContent(text, options) : readJsonLines(text, options)
}

/**
 * Puts a value through the schema.
 *
 * @param text the JSON text that the value was read from
 */
export async function judgeContent(
  value: unknown,
  text: string,
  schema: ContentSchema | undefined,
): Promise<ContentReading> {
  if (schema === undefined) return acceptedContent(value, text)
  const result = await applySchema(schema, value)
  if (result.success === 'overflow') return schemaOverflow
  if (!result.success) return rejected('schema_rejected', describeSchemaError(result.error))
  const output = result.data
  const compact = compactJson(text)
  // Nearly every schema gives what it was given, and the engine spells that as the model wrote it.
  if (isSpelled(compact, output)) return { ...untouched, content: output, json: compact }
  // Read anew: a schema may have changed the value that it was given.
  const read = acceptedContent(JSON.parse(text), text)
  const json = jsonOfOutput(read.json, output)
  if (json === null) return tooDeep('What the schema made of the answer')
  return { ...read, content: output, json, isTransformed: json !== read.json }
}

const untouched = {
  type: 'accepted',
  hasInexactNumbers: false,
  isRepaired: false,
  isTransformed: false,
} as const

/** Content that nothing was done to. */
export function acceptedContent(content: unknown, text: string): AcceptedContent {
  const { json, hasInexactNumbers } = exactJson(text, content)
  return { type: 'accepted', content, json, hasInexactNumbers, isRepaired: false, isTransformed: false }
}

async function readJsonContent(text: string, options: ContentOptions): Promise<ContentReading> {
  const unfenced = unwrapFence(text, jsonFence)
  if (unfenced === '') return emptyText
  const read = await readJson(unfenced, options.repairJson)
  if (read.type === 'nested-too-deep') return tooDeep('The answer')
  if (read.type === 'not-json') return rejected('not_json', `The answer is not JSON: ${read.reason}`)
  const reading = await judgeContent(read.value, read.text, options.schema)
  return reading.type === 'accepted' && read.isRepaired ? { ...reading, isRepaired: true } : reading
}

async function readJsonLines(text: string, options: ContentOptions): Promise<ContentReading> {
  const readings: AcceptedContent[] = []
  for (const { line, number } of linesOf(text)) {
    const reading = await readJsonContent(line, options)
    if (reading.type === 'rejected') return atLine(number, reading.error)
    readings.push(reading)
  }
  return readings.length === 0 ? emptyText : joined(readings)
}

/** One list of what several texts held. */
function joined(readings: readonly AcceptedContent[]): AcceptedContent {
  return {
    type: 'accepted',
    content: readings.map(({ content }) => content),
    json: `[${readings.map(({ json }) => json).join(',')}]`,
    isRepaired: readings.some(({ isRepaired }) => isRepaired),
    isTransformed: readings.some(({ isTransformed }) => isTransformed),
    hasInexactNumbers: readings.some(({ hasInexactNumbers }) => hasInexactNumbers),
  }
}

/**
 * The output of a schema as JSON text: the text it was read from where it is the same value. `null` when it is nested
 * too deep to be written. What JSON cannot hold (a bigint, a cycle) is a fault of the schema, and throws.
 */
function jsonOfOutput(json: string, output: unknown): string | null {
  const parsed: unknown = JSON.parse(json)
  if (isDeepStrictEqual(output, parsed)) return json
  try {
    return spliceOutput(json, parsed, output)
  } catch (cause) {
    if (isStackOverflow(cause)) return null
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new TypeError(
      `The schema made a value that cannot be written as JSON (no bigint, no cycles): ${reason}`,
      { cause },
    )
  }
}

function isSpelled(json: string, output: unknown): boolean {
  try {
    return JSON.stringify(output) === json
  } catch {
    return false
  }
}

function linesOf(text: string): readonly { readonly line: string; readonly number: number }[] {
  const unfenced = text.trim().startsWith(jsonLinesFence)
    ? unwrapFence(text, jsonLinesFence)
    : unwrapFence(text, jsonFence)
  return unfenced
    .split('\n')
    .map((line, at) => ({ line, number: at + 1 }))
    .filter(({ line }) => line.trim() !== '')
}

function atLine(number: number, error: RowError): ContentReading {
  return rejected(error.code, `Line ${number} of the answer: ${error.message}`)
}

function rejected(code: string, message: string): ContentReading {
  return { type: 'rejected', error: { code, message: boundedMessage(message) } }
}

function tooDeep(what: string): ContentReading {
  return rejected(nestedTooDeep, nestedTooDeepMessage(what))
}

const schemaOverflow = rejected('schema_overflow', 'The schema ran out of stack on this answer.')

const emptyText: ContentReading = {
  type: 'rejected',
  error: { code: 'empty_text', message: 'The answer is empty; JSON was expected.' },
}
