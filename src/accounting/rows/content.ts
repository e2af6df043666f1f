import { jsonFence, jsonLinesFence, unwrapFence } from './fence.js'
import { readJson } from './repair-json.js'
import { boundedMessage, type RowError } from './row-class.js'
import { applySchema, describeSchemaError, type ContentSchema } from './schema.js'

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

export type ContentReading =
  | { readonly type: 'accepted'; readonly content: unknown; readonly isRepaired: boolean }
  | { readonly type: 'rejected'; readonly error: RowError }

/** Reads the text of a whole answer. Cut or filtered answers must not come here: mending would complete them. */
export async function readContent(text: string, options: ContentOptions): Promise<ContentReading> {
  if (options.contentType === 'text') return judge(text, options.schema, false)
  return options.contentType === 'json' ? readJsonContent(text, options) : readJsonLines(text, options)
}

/** Puts a value that is no text of a model (a vector, a moderation) through the schema. */
export async function judge(
  value: unknown,
  schema: ContentSchema | undefined,
  isRepaired: boolean,
): Promise<ContentReading> {
  const result = await applySchema(schema, value)
  if (result.success) return { type: 'accepted', content: result.data, isRepaired }
  return rejected('schema_rejected', describeSchemaError(result.error))
}

async function readJsonContent(text: string, options: ContentOptions): Promise<ContentReading> {
  const json = unwrapFence(text, jsonFence)
  if (json === '') return emptyText
  const reading = readJson(json, options.repairJson)
  if (reading.type === 'unreadable') return rejected('not_json', `The answer is not JSON: ${reading.reason}`)
  return judge(reading.value, options.schema, reading.isRepaired)
}

async function readJsonLines(text: string, options: ContentOptions): Promise<ContentReading> {
  const values: unknown[] = []
  let isRepaired = false
  for (const { line, number } of linesOf(text)) {
    const reading = await readJsonContent(line, options)
    if (reading.type === 'rejected') return atLine(number, reading.error)
    values.push(reading.content)
    isRepaired ||= reading.isRepaired
  }
  return values.length === 0 ? emptyText : { type: 'accepted', content: values, isRepaired }
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

const emptyText: ContentReading = {
  type: 'rejected',
  error: { code: 'empty_text', message: 'The answer is empty; JSON was expected.' },
}
