/** A number from 0 up to, but without, `below`. */
export type Random = (below: number) => number

/** The same numbers for the same seed (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

export function pick<T>(random: Random, values: readonly T[]): T {
  const value = values[random(values.length)]
  if (value === undefined) throw new RangeError('There is nothing to pick.')
  return value
}

/** JSON as it is written: names may stand there twice, and each other value is its text. */
export type Written = string | WrittenList | WrittenObject
interface WrittenList {
  readonly items: Written[]
}
interface WrittenObject {
  readonly members: [name: string, value: Written][]
}

export function writtenOf(value: unknown): Written {
  if (Array.isArray(value)) return { items: value.map(writtenOf) }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return { members: Object.entries(value).map(([name, field]) => [name, writtenOf(field)]) }
}

export function textOf(written: Written): string {
  if (typeof written === 'string') return written
  if ('items' in written) return `[${written.items.map(textOf).join(',')}]`
  return `{${written.members.map(([name, value]) => `${JSON.stringify(name)}:${textOf(value)}`).join(',')}}`
}

const copyOf = (written: Written): Written => {
  if (typeof written === 'string') return written
  if ('items' in written) return { items: written.items.map(copyOf) }
  return { members: written.members.map(([name, value]) => [name, copyOf(value)]) }
}

/** A place in a row whose value can be replaced. */
interface Place {
  readonly get: () => Written
  readonly set: (value: Written) => void
  readonly remove: () => void
  readonly repeat: (value: Written) => void
}

function placesIn(written: Written, places: Place[] = []): Place[] {
  if (typeof written === 'string') return places
  const isList = 'items' in written
  const length = isList ? written.items.length : written.members.length
  for (let at = 0; at < length; at += 1) {
    places.push(isList ? placeInList(written.items, at) : placeInObject(written.members, at))
    placesIn((isList ? written.items[at] : written.members[at]?.[1]) ?? '', places)
  }
  return places
}

function placeInList(items: Written[], at: number): Place {
  return {
    get: () => items[at] ?? '',
    set: (value) => void (items[at] = value),
    remove: () => void items.splice(at, 1),
    repeat: (value) => void items.splice(at, 0, value),
  }
}

function placeInObject(members: [string, Written][], at: number): Place {
  const name = members[at]?.[0] ?? ''
  return {
    get: () => members[at]?.[1] ?? '',
    set: (value) => void (members[at] = [name, value]),
    remove: () => void members.splice(at, 1),
    repeat: (value) => void members.push([name, value]),
  }
}

/** White space of JavaScript, and what looks like it and is none. */
const spaces = [
  '\xA0',
  ' ',
  ' ',
  ' ',
  ' ',
  '\u2028',
  '\u2029',
  ' ',
  ' ',
  '　',
  '﻿',
  '',
  '᠎',
  '​',
  '⁠',
  '',
  '­',
  '⠀',
  'ㅤ',
  'ﾠ',
]
const escapeOf = (text: string): string => `\\u${text.charCodeAt(0).toString(16).padStart(4, '0')}`

const texts = [
  '""',
  '" "',
  '"  \\t\\n"',
  '"\\u000b"',
  '"\\b"',
  '"\\u0008"',
  '"x"',
  '" x "',
  '"\\u0020"',
  '"\\/"',
  '"é"',
  '"😀"',
  ...spaces.flatMap((space) => [`"${space}"`, `" ${space}${space}"`, `"${escapeOf(space)}"`, `"${space}x"`]),
  '"\\ud83d"',
  '"\\u005c"',
  '"null"',
  '"0"',
  '"AAAA"',
  '"AAA="',
  '"A A"',
  '"AAAAAAAA"',
  '"200"',
  '"500"',
]
/** Words that judges know. */
const words = [
  'stop',
  'length',
  'tool_calls',
  'function_call',
  'content_filter',
  'STOP',
  'end_turn',
  'error',
  'safety: x',
  'failed',
  'completed',
  'incomplete',
  'in_progress',
  'cancelled',
  'message',
  'output_text',
  'refusal',
  'user',
  'assistant',
  'system',
  'tool',
  'thinking',
  'reasoning',
  'chat.completion',
  'text_completion',
  'list',
  'response',
  'function',
  'custom',
  'image_generation_call',
  'shell_call',
  'shell_call_output',
  'mcp_approval_request',
  'function_call_output',
  'ok',
  'success',
  'OK.',
  '/v1/chat/completions',
  '/v1/embeddings',
  '/v1/responses',
  '/x',
].map((word) => `"${word}"`)
const numbers = [
  '0',
  '1',
  '-1',
  '2',
  '3',
  '1.0',
  '-0',
  '1e1',
  '1E-2',
  '200',
  '404',
  '500',
  '12345678901234567890',
  '0.5',
]
const literals = ['null', 'null', 'true', 'false']
const containers = [
  '{}',
  '[]',
  '[[]]',
  '[{}]',
  '[null]',
  '["a"]',
  '[1]',
  '[1,2]',
  '[1,2,3]',
  '[0.5,-1e-3]',
  '[1,"a"]',
  '["a",1]',
  '{"name":""}',
  '{"name":"f"}',
  '{"name":null}',
  '{"name":" "}',
  '{"name":1}',
  '[{"name":""}]',
  '{"a":{"name":""}}',
  '{"type":"text","text":"x"}',
  '{"text":""}',
  '[{"text":"x"}]',
  '[{"text":" "}]',
  '[{"type":"refusal"}]',
  '{"message":"x"}',
  '{"code":"x"}',
  '{"error":{"message":"x"}}',
  '{"code":0}',
  '{"reason":"max_output_tokens"}',
  '{"role":"user","content":"x"}',
  '{"content":"x"}',
  '[{"embedding":[1]}]',
  '{"embedding":[1]}',
  '{"flagged":true}',
]
const values = [texts, texts, words, numbers, literals, containers].map((list) => list as readonly string[])

const anyValue = (random: Random): Written => writtenOfText(pick(random, pick(random, values)))

/** Containers are taken apart, so that what stands in them may change as well. */
function writtenOfText(text: string): Written {
  return /^[[{]/.test(text) ? writtenOf(JSON.parse(text)) : text
}

/** Names that judges look at, and some that nobody does. */
const names = [
  'id',
  'custom_id',
  'response',
  'error',
  'body',
  'status_code',
  'statusCode',
  'status',
  'request_id',
  'url',
  'method',
  'object',
  'type',
  'code',
  'message',
  'detail',
  'choices',
  'output',
  'data',
  'results',
  'usage',
  'model',
  'created',
  'index',
  'finish_reason',
  'text',
  'content',
  'role',
  'refusal',
  'audio',
  'tool_calls',
  'function_call',
  'function',
  'custom',
  'name',
  'arguments',
  'input',
  'call_id',
  'result',
  'embedding',
  'flagged',
  'categories',
  'b64_json',
  'incomplete_details',
  'reason',
  'messages',
  'prompt',
  'n',
  'logprobs',
  'summary',
  'metadata',
  'stop_reason',
  'x',
]

/** Changes a row in one place: another value, one more, one less, the same name or item twice. */
export function changed(random: Random, row: Written): Written {
  const copy = copyOf(row)
  const places = placesIn(copy)
  if (places.length === 0) return copy
  const place = pick(random, places)
  switch (random(10)) {
    case 0:
      place.remove()
      break
    case 1:
      place.repeat(random(2) === 0 ? anyValue(random) : copyOf(place.get()))
      break
    case 2:
      addMember(random, places)
      break
    case 3:
      place.set(copyOf(pick(random, places).get()))
      break
    default:
      place.set(anyValue(random))
  }
  return copy
}

function addMember(random: Random, places: readonly Place[]): void {
  const objects = places
    .map(({ get }) => get())
    .filter((value) => typeof value === 'object' && 'members' in value)
  if (objects.length === 0) return
  pick(random, objects).members.splice(0, 0, [pick(random, names), anyValue(random)])
}

const chatOf = (message: object, reason = 'stop', rest: object = {}): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_750_000_000,
  model: 'gpt-4.1-mini',
  choices: [{ index: 0, message: { role: 'assistant', ...message }, logprobs: null, finish_reason: reason }],
  usage: { prompt_tokens: 1, completion_tokens: 2, details: { cached: 0 } },
  system_fingerprint: 'fp_1',
  service_tier: 'default',
  ...rest,
})
const call = { id: 'call_1', type: 'function', index: 0, function: { name: 'f', arguments: '{"a":1}' } }
const choices = (count: number): readonly object[] =>
  Array.from({ length: count }, (_, index) => ({
    index,
    message: { role: 'assistant', content: 'x' },
    finish_reason: 'stop',
  }))
const vectors = (count: number, length = 2): readonly object[] =>
  Array.from({ length: count }, (_, index) => ({
    object: 'embedding',
    index,
    embedding: Array.from({ length }, () => 0.5),
  }))
const responseOf = (...output: readonly object[]): object => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  status: 'completed',
  error: null,
  incomplete_details: null,
  instructions: 'x',
  metadata: {},
  model: 'gpt-5',
  output,
  reasoning: { effort: 'low' },
  text: { format: { type: 'text' } },
  tools: [],
  usage: { input_tokens: 1 },
})
const said = { id: 'msg_1', type: 'message', status: 'completed', role: 'assistant' }
const outputText = { type: 'output_text', text: 'x', annotations: [], logprobs: [] }

const bodies: readonly unknown[] = [
  chatOf({ content: 'hello', refusal: null, annotations: [] }),
  chatOf({ content: 'hello', reasoning_content: 'thought' }, 'stop', { prompt_logprobs: null }),
  chatOf({ content: null, tool_calls: [call, { ...call, id: 'call_2' }] }, 'tool_calls'),
  chatOf(
    { content: null, tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'f', input: 'x' } }] },
    'tool_calls',
  ),
  chatOf({ content: null, function_call: { name: 'f', arguments: '{}' } }, 'function_call'),
  chatOf({ content: '', function_call: { name: 'f', arguments: { name: 'x' } } }, 'function_call'),
  chatOf({
    content: [
      { type: 'text', text: 'x' },
      { type: 'thinking', text: 'y' },
    ],
  }),
  chatOf({ content: null, audio: { id: 'a', data: 'AAAA' } }),
  chatOf({ content: null, refusal: 'no' }),
  chatOf({ content: 'half' }, 'length'),
  { choices: choices(2), usage: null },
  { choices: { message: { content: 'x' }, finish_reason: 'stop' } },
  {
    id: 'cmpl-1',
    object: 'text_completion',
    choices: [{ text: 'x', index: 0, finish_reason: 'stop', token_ids: [1] }],
  },
  { object: 'list', data: vectors(1), model: 'm', usage: { total_tokens: 1 } },
  { object: 'list', data: vectors(2), model: 'm' },
  { data: [{ embedding: 'AAAA' }, { embedding: 'AAAA' }] },
  {
    id: 'modr-1',
    model: 'm',
    results: [{ flagged: false, categories: { hate: false }, category_scores: { hate: 0.1 } }],
  },
  { results: [{ categories: {} }, { flagged: true }] },
  { created: 1, data: [{ b64_json: 'AAAA', revised_prompt: 'x' }, { url: 'https://example.com/1' }] },
  responseOf({ ...said, content: [outputText] }),
  responseOf({ id: 'rs_1', type: 'reasoning', summary: [] }, { ...said, content: [outputText, outputText] }),
  responseOf({ id: 'fc_1', type: 'function_call', status: 'completed', name: 'f', arguments: '{}' }),
  responseOf(
    { type: 'shell_call', call_id: 'c', status: 'completed' },
    { type: 'shell_call_output', call_id: 'c' },
  ),
  responseOf({ type: 'image_generation_call', result: 'AAAA', id: 'ig' }),
  { whatever: { deep: [1, { x: null }] }, id: 'x' },
  { error: { message: 'no', code: 'server_error', type: 'x', param: null } },
  { code: 'InvalidParameter', message: 'no' },
  { messages: [{ role: 'user', content: 'x' }] },
  '{}',
  'text',
  null,
]

const envelopeOf = (body: unknown, status: unknown = 200): object => ({
  id: 'batch_req_1',
  custom_id: 'request-1',
  response: { status_code: status, request_id: 'req_1', body },
  error: null,
})

/** Lines of output and error files, whole ones and some with faults. */
export const answerRows: readonly Written[] = [
  ...bodies.map((body) => envelopeOf(body)),
  envelopeOf(chatOf({ content: 'x' }), 500),
  envelopeOf(chatOf({ content: 'x' }), '200'),
  { custom_id: 'a', status_code: 200, body: chatOf({ content: 'x' }) },
  { custom_id: 'a', response: { status_code: 200, ...chatOf({ content: 'x' }) } },
  { custom_id: 'a', response: null, error: { code: 'batch_expired', message: 'expired' } },
  { custom_id: 'a', response: {}, body: { object: 'list', data: vectors(2) } },
  { custom_id: 'a', body: { choices: choices(1) }, error: { code: 0, message: 'OK' } },
].map(writtenOf)

const requestOf = (url: string, body: unknown): object => ({ custom_id: 'a', method: 'POST', url, body })

/** Lines of input files. */
export const requestRows: readonly Written[] = [
  requestOf('/v1/chat/completions', {
    model: 'm',
    messages: [{ role: 'user', content: 'x' }],
    max_tokens: 9,
  }),
  requestOf('/v1/chat/completions', { model: 'm', messages: [], n: 2 }),
  requestOf('/v1/completions', { model: 'm', prompt: 'x', n: 3 }),
  requestOf('/v1/completions', { model: 'm', prompt: ['x', 'y'], n: 2 }),
  requestOf('/v1/completions', { prompt: [[1, 2], [3]] }),
  requestOf('/v1/embeddings', { model: 'm', input: ['x', 'y', 'z'] }),
  requestOf('/v1/embeddings', { model: 'm', input: [1, 2, 3] }),
  requestOf('/v1/embeddings', { model: 'm', messages: [{ content: 'x' }] }),
  requestOf('/v1/moderations', { input: [{ type: 'text', text: 'x' }, { type: 'image_url' }] }),
  requestOf('/v1/moderations', { input: 'x' }),
  requestOf('/v1/responses', { model: 'm', input: 'x', instructions: 'y' }),
  requestOf('/v1/images/generations', { prompt: 'x', n: 2 }),
  requestOf('/v1/unknown', { a: [1, { b: 2 }] }),
  requestOf('/v1/embeddings', [{ input: 'x' }]),
].map(writtenOf)
