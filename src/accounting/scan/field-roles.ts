/**
 * What the fields of a row are to whoever judges the row: the one place that has to follow when a judge looks at a
 * field it did not look at before. `test/accounting/scan/field-roles.test.ts` watches the judges and says so by name.
 */
export type FieldRole =
  /** Anybody may look at it: rows that differ in it are of different patterns. Also what is not named here. */
  | 'kept'
  /** Only asked is whether it is text with words in it, or a number; anything else is kept. */
  | 'filled'
  /** Nobody looks at more than what kind of value it is. */
  | 'ignored'
  /** Of a list of numbers, only asked is how many they are; anything else is kept. */
  | 'vector'
  /** Of a list, only asked is how long it is and of what kind its first item is; anything else is ignored. */
  | 'counted'
  /** The `custom_id`. */
  | 'id'
  /** Asked is how it compares to other fields: a row that has it is never plain. */
  | 'barred'

/** The role of a value and, where it is an object or a list of objects, of its fields. */
export interface FieldRoles {
  readonly role: FieldRole
  readonly fields: Readonly<Record<string, FieldRoles>>
  /** Of fields that are not named. */
  readonly others: FieldRoles | null
}

const leaf = (role: FieldRole): FieldRoles => ({ role, fields: {}, others: null })
const kept = leaf('kept')
const filled = leaf('filled')
const ignored = leaf('ignored')
const counted = leaf('counted')
const id = leaf('id')
const barred = leaf('barred')
const object = (fields: FieldRoles['fields'], others = kept): FieldRoles => ({ role: 'kept', fields, others })

/** A line of an input file, as `promiseOf` and `isAnswerLine` look at it. */
const request = object({
  custom_id: id,
  method: ignored,
  body: object({ n: kept, input: counted, prompt: counted }, ignored),
})

/** Text, or a list of parts that have some. */
const content: FieldRoles = { role: 'filled', fields: { text: filled }, others: kept }

// An object in any field of a call is asked for a name (`isCall` in `rows/choice-answers.ts`): none of them is ignored.
const toolCall = object({
  id: filled,
  index: filled,
  function: object({ name: filled, arguments: ignored }),
  custom: object({ name: filled, input: ignored }),
})

const choice = object({
  text: filled,
  logprobs: ignored,
  stop_reason: ignored,
  matched_stop: ignored,
  token_ids: ignored,
  content_filter_results: ignored,
  message: object({
    content,
    reasoning: ignored,
    reasoning_content: ignored,
    reasoning_details: ignored,
    annotations: ignored,
    tool_calls: toolCall,
    function_call: object({ name: filled, arguments: filled }),
  }),
})

/** An item of a response (OpenAI API reference, response object, `output`). */
const item = object({
  id: ignored,
  call_id: barred,
  summary: ignored,
  encrypted_content: ignored,
  content: object({ text: filled, annotations: ignored, logprobs: ignored }),
})

const entry = object({
  embedding: { role: 'vector', fields: {}, others: null },
  categories: ignored,
  category_scores: ignored,
  b64_json: filled,
  url: filled,
  revised_prompt: ignored,
})

const body = object({
  id: filled,
  created: filled,
  created_at: ignored,
  completed_at: ignored,
  model: ignored,
  system_fingerprint: ignored,
  service_tier: ignored,
  usage: ignored,
  choices: choice,
  output: item,
  data: entry,
  results: entry,
  // What a response repeats of its request.
  instructions: ignored,
  max_output_tokens: ignored,
  metadata: ignored,
  prompt_cache_key: ignored,
  prompt_logprobs: ignored,
  reasoning: ignored,
  safety_identifier: ignored,
  text: ignored,
  tools: ignored,
  tool_choice: ignored,
  user: ignored,
})

/** A line of an output or error file, as `readResultLine` and `judgeAnswer` look at it. */
const answer = object({
  custom_id: id,
  id: filled,
  response: object({ request_id: filled, body }),
  body,
})

/** The kinds of rows that are scanned. */
export const rowRoles = { request, answer } as const
export type ScannedKind = keyof typeof rowRoles
