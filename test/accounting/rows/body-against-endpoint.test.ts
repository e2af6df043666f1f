import { describe, expect, test } from 'vitest'
import { promiseOf } from '../../../src/accounting/rows/promise.js'
import { chat } from './lines.js'
import { judgedBody, wordsOf } from './promised.js'

const chatUrl = '/v1/chat/completions'
const asked = { model: 'm', messages: [{ role: 'user', content: 'hi' }] }
const choice = (content: unknown, index?: number) => ({
  ...(index === undefined ? {} : { index }),
  message: { role: 'assistant', content },
  finish_reason: 'stop',
})
const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }

const chatTable: [string, unknown, unknown, string][] = [
  ['one choice', asked, chat({ content: 'hi' }), 'success'],
  [
    'as many choices as were asked for',
    { ...asked, n: 2 },
    { choices: [choice('a'), choice('b')] },
    'success',
  ],
  ['fewer choices', { ...asked, n: 3 }, { choices: [choice('a'), choice('b')] }, 'semantic fewer_answers'],
  [
    'a null among the choices',
    { ...asked, n: 2 },
    { choices: [null, choice('b')] },
    'semantic fewer_answers',
  ],
  ['choices as one object', asked, { choices: choice('a') }, 'success'],
  [
    'one object where two were asked for',
    { ...asked, n: 2 },
    { choices: choice('a') },
    'semantic fewer_answers',
  ],
  ['no choices', asked, { choices: [] }, 'semantic empty_answer'],
  ['choices null', asked, { choices: null }, 'semantic empty_answer'],
  ['choices of nothing', asked, { choices: [null] }, 'semantic empty_answer'],
  ['choices as text', asked, { choices: 'stop' }, 'semantic empty_answer'],
  [
    'a completion object without choices',
    asked,
    { object: 'chat.completion', id: 'x' },
    'semantic empty_answer',
  ],
  ['some other object', asked, { a: 1 }, 'unrecognised unrecognised_body'],
  ['an echo of the request', asked, asked, 'unrecognised request_echo'],
  ['empty content', asked, chat({ content: '' }), 'semantic empty_answer'],
  ['white space', asked, chat({ content: ' \n\t' }), 'semantic empty_answer'],
  ['empty parts', asked, chat({ content: [{ type: 'text', text: '' }] }), 'semantic empty_answer'],
  ['a thought alone', asked, chat({ content: [{ type: 'thinking', text: 'hm' }] }), 'semantic empty_answer'],
  [
    'reasoning beside no content',
    asked,
    chat({ content: null, reasoning_content: 'x' }),
    'semantic empty_answer',
  ],
  [
    'a chunk of a stream',
    asked,
    { choices: [{ delta: { content: 'a' }, finish_reason: null }] },
    'semantic empty_answer',
  ],
  ['calls without content', asked, chat({ content: null, tool_calls: [call] }, 'tool_calls'), 'success'],
  ['calls and stop', asked, chat({ content: '', tool_calls: [call] }), 'success'],
  [
    'calls that are none',
    asked,
    chat({ content: 'a', tool_calls: [] }, 'tool_calls'),
    'semantic missing_tool_calls',
  ],
  ['calls of nothing', asked, chat({ content: null, tool_calls: [null, {}] }), 'semantic empty_answer'],
  [
    'calls of nothing that has a name',
    asked,
    chat({ content: null, tool_calls: [{}, { id: 'd', function: { name: '', arguments: '{}' } }] }),
    'semantic empty_answer',
  ],
  [
    'calls without a name, and the reason says calls',
    asked,
    chat(
      { content: 'a', tool_calls: [{ id: 'c', type: 'function', function: { name: null } }] },
      'tool_calls',
    ),
    'semantic missing_tool_calls',
  ],
  [
    'a call of a custom tool',
    asked,
    chat({ content: null, tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'f', input: 'x' } }] }),
    'success',
  ],
  [
    'a call as it was',
    asked,
    chat({ content: null, function_call: { name: 'f', arguments: '{}' } }),
    'success',
  ],
  [
    'the message of the user, echoed',
    asked,
    { choices: [{ message: { role: 'user', content: 'hi' }, finish_reason: 'stop' }] },
    'semantic empty_answer',
  ],
  [
    'an error in a choice',
    asked,
    { choices: [{ ...choice('par'), error: { code: 502, message: 'm' } }] },
    'semantic incomplete',
  ],
  ['a vector', asked, { data: [{ embedding: [1] }] }, 'unrecognised wrong_shape'],
  [
    'a completion of the older endpoint',
    asked,
    { choices: [{ text: 'a', finish_reason: 'stop' }] },
    'unrecognised wrong_shape',
  ],
  ['a response', asked, { object: 'response', status: 'completed', output: [] }, 'unrecognised wrong_shape'],
  [
    'a message of Anthropic',
    asked,
    { type: 'message', content: [{ type: 'text', text: 'a' }], stop_reason: 'end_turn' },
    'unrecognised unrecognised_body',
  ],
  ['an error with status 200', asked, { object: 'error', message: 'm', code: 400 }, 'permanent http_400'],
  [
    'a code and a message alone',
    asked,
    { code: 'Arrearage', message: 'Access denied.' },
    'needs-person Arrearage',
  ],
]

const texts = ['a', 'b', 'c']
const vector = (embedding: unknown, index?: number) => ({ object: 'embedding', embedding, index })
const three = [vector([1], 0), vector([2], 1), vector([3], 2)]

const embeddingsTable: [string, unknown, unknown, string][] = [
  ['one vector', { input: 'a' }, { data: [vector([0.5])] }, 'success'],
  ['one vector for tokens', { input: [1, 2, 3] }, { data: [vector([0.5])] }, 'success'],
  ['a vector for each input', { input: texts }, { data: three }, 'success'],
  ['a vector for each list of tokens', { input: [[1], [2]] }, { data: three.slice(0, 2) }, 'success'],
  ['fewer vectors', { input: texts }, { data: three.slice(1) }, 'semantic fewer_answers'],
  ['more vectors', { input: 'a' }, { data: three }, 'semantic more_answers'],
  [
    'one input twice',
    { input: ['a', 'b'] },
    { data: [vector([1], 0), vector([2], 0)] },
    'semantic fewer_answers',
  ],
  ['no vectors', { input: 'a' }, { data: [] }, 'semantic empty_answer'],
  ['data null', { input: 'a' }, { data: null }, 'semantic empty_answer'],
  ['an empty vector', { input: 'a' }, { data: [vector([])] }, 'semantic empty_answer'],
  ['a vector of nulls', { input: 'a' }, { data: [vector([null, null])] }, 'semantic empty_answer'],
  ['a vector of words', { input: 'a' }, { data: [vector(['0.5'])] }, 'semantic empty_answer'],
  [
    'vectors of two lengths',
    { input: ['a', 'b'] },
    { data: [vector([1, 2]), vector([1])] },
    'semantic empty_answer',
  ],
  ['a vector as base64', { input: 'a' }, { data: [vector('AACAPw==')] }, 'success'],
  ['a vector as prose', { input: 'a' }, { data: [vector('not a vector')] }, 'semantic empty_answer'],
  ['data as one object', { input: 'a' }, { data: vector([1]) }, 'success'],
  ['an input nobody can count', {}, { data: three }, 'success'],
  ['a chat', { input: 'a' }, chat({ content: 'a' }), 'unrecognised wrong_shape'],
]

const message = (text: string, status?: string) => ({
  type: 'message',
  status,
  content: [{ type: 'output_text', text }],
})
const done = (...output: unknown[]) => ({ object: 'response', status: 'completed', output })

const responsesTable: [string, unknown, string][] = [
  ['text', done(message('hi')), 'success'],
  ['text without a status', { object: 'response', output: [message('hi')] }, 'success'],
  ['output as one object', { object: 'response', status: 'completed', output: message('hi') }, 'success'],
  ['reasoning alone', done({ type: 'reasoning', summary: [] }), 'semantic empty_answer'],
  [
    'a search of the server alone',
    done({ type: 'web_search_call', status: 'completed' }),
    'semantic empty_answer',
  ],
  ['a server tool alone', done({ type: 'mcp_call', output: 'x' }), 'semantic empty_answer'],
  ['code the server ran', done({ type: 'code_interpreter_call' }), 'semantic empty_answer'],
  ['a search and text', done({ type: 'file_search_call' }, message('hi')), 'success'],
  ...[
    'function_call',
    'custom_tool_call',
    'mcp_approval_request',
    'computer_call',
    'local_shell_call',
    'shell_call',
    'apply_patch_call',
  ].map((type): [string, unknown, string] => [type, done({ type, call_id: 'c' }), 'success']),
  [
    'a shell of the server',
    done({ type: 'shell_call', call_id: 'c' }, { type: 'shell_call_output', call_id: 'c' }),
    'semantic empty_answer',
  ],
  ['a picture', done({ type: 'image_generation_call', result: 'aGk=' }), 'success'],
  ['no picture', done({ type: 'image_generation_call', result: null }), 'semantic empty_answer'],
  ['empty text', done(message('')), 'semantic empty_answer'],
  ['no output', done(), 'semantic empty_answer'],
  ['output null', { object: 'response', status: 'completed', output: null }, 'semantic empty_answer'],
  ['a message that is cut', done(message('par', 'incomplete')), 'semantic incomplete'],
  ['a message that failed', done(message('par', 'failed')), 'semantic incomplete'],
  ['a message with a status nobody knows', done(message('hi', 'gremlins')), 'unproven unknown_stop_reason'],
  ['a message of the user, echoed', done({ ...message('hi'), role: 'user' }), 'semantic empty_answer'],
  [
    'a function without a name',
    done({ type: 'function_call', call_id: 'c', name: '' }),
    'semantic empty_answer',
  ],
  ['a custom tool without a name', done({ type: 'custom_tool_call', name: null }), 'semantic empty_answer'],
  ...['incomplete', 'in_progress'].flatMap((status): [string, unknown, string][] => [
    [`a call that is ${status}`, done({ type: 'function_call', name: 'f', status }), 'semantic incomplete'],
    [
      `text and a call that is ${status}`,
      done(message('hi'), { type: 'custom_tool_call', name: 'f', status }),
      'semantic incomplete',
    ],
  ]),
  [
    'text, and a search of the server that failed',
    done({ type: 'web_search_call', status: 'failed' }, message('hi', 'completed')),
    'success',
  ],
  ['an unknown status', { ...done(message('hi')), status: 'finished' }, 'unproven unknown_stop_reason'],
  [
    'cut by the server',
    { ...done(message('par')), incomplete_details: { reason: 'MAX_OUTPUT_TOKENS' } },
    'semantic truncated',
  ],
  ['a chat', chat({ content: 'a' }), 'unrecognised wrong_shape'],
]

const otherTable: [string, string, unknown, unknown, string][] = [
  [
    'completions: one prompt',
    '/v1/completions',
    { prompt: 'a' },
    { choices: [{ text: 'b', finish_reason: 'stop' }] },
    'success',
  ],
  [
    'completions: a choice for each prompt',
    '/v1/completions',
    { prompt: ['a', 'b'], n: 2 },
    { choices: [{ text: 'b', finish_reason: 'stop' }] },
    'semantic fewer_answers',
  ],
  ['moderations: one result', '/v1/moderations', { input: 'a' }, { results: [{ flagged: true }] }, 'success'],
  [
    'moderations: fewer results',
    '/v1/moderations',
    { input: ['a', 'b'] },
    { results: [{ flagged: true }] },
    'semantic fewer_answers',
  ],
  [
    'moderations: text and picture',
    '/v1/moderations',
    { input: [{ type: 'text' }, { type: 'image_url' }] },
    { results: [{ flagged: true }] },
    'success',
  ],
  ['moderations: none', '/v1/moderations', { input: 'a' }, { results: [] }, 'semantic empty_answer'],
  [
    'images: as many as asked for',
    '/v1/images/generations',
    { n: 2 },
    { data: [{ url: 'u' }, { b64_json: 'x' }] },
    'success',
  ],
  ['images: fewer', '/v1/images/generations', { n: 2 }, { data: [{ url: 'u' }] }, 'semantic fewer_answers'],
  [
    'images: an empty one',
    '/v1/images/generations',
    {},
    { data: [{ b64_json: '' }] },
    'semantic empty_answer',
  ],
  ['an unknown endpoint: any object', '/v1/rerank', {}, { results: [{ relevance_score: 1 }] }, 'success'],
  [
    'an unknown endpoint: plainly a cut chat',
    '/v1/new',
    {},
    chat({ content: 'a' }, 'length'),
    'semantic truncated',
  ],
  ['an unknown endpoint: no choices', '/v1/new', {}, { choices: [] }, 'semantic empty_answer'],
  [
    'an unknown endpoint: the request',
    '/v1/new',
    {},
    { model: 'm', input: 'a' },
    'unrecognised request_echo',
  ],
]

describe('a body against what its request asked for', () => {
  test.each(chatTable)('chat: %s', (_, request, body, words) => {
    expect(wordsOf(judgedBody(chatUrl, request, body))).toBe(words)
  })

  test.each(embeddingsTable)('embeddings: %s', (_, request, body, words) => {
    expect(wordsOf(judgedBody('/v1/embeddings', request, body))).toBe(words)
  })

  test.each(responsesTable)('responses: %s', (_, body, words) => {
    expect(wordsOf(judgedBody('/v1/responses', { input: 'a' }, body))).toBe(words)
  })

  test.each(otherTable)('%s', (_, url, request, body, words) => {
    expect(wordsOf(judgedBody(url, request, body))).toBe(words)
  })

  test('choices are ordered by their index', () => {
    const { answer } = judgedBody(
      chatUrl,
      { ...asked, n: 3 },
      { choices: [choice('c', 2), choice('a', 0), choice('b', 1)] },
    )
    expect(answer?.contents).toEqual(['a', 'b', 'c'])
  })

  test('an unknown endpoint is opaque, and says so', () => {
    expect(judgedBody('/v1/rerank', {}, { results: [] }).answer?.shape).toBe('opaque')
  })
})

describe('what a url promises', () => {
  test.each([
    ['/v1/chat/completions', 'chat'],
    ['/chat/completions', 'chat'],
    ['/v4/chat/completions/', 'chat'],
    ['https://api.example.com/v1/chat/completions?api-version=1', 'chat'],
    ['/v1/chat/ds-test', 'chat'],
    ['/v1/fim/completions', 'chat'],
    ['/v1/completions', 'completions'],
    ['/v1/responses', 'responses'],
    ['/v1/embeddings', 'embeddings'],
    ['/v1/chat/moderations', 'moderations'],
    ['/v1/images/edits', 'images'],
    ['/v1/videos', 'opaque'],
    ['/v1/messages', 'opaque'],
    ['', 'opaque'],
    [undefined, 'opaque'],
  ])('%s: %s', (url, shape) => {
    expect(promiseOf({ url, body: {} }).shape).toBe(shape)
  })

  test.each([
    [{ n: 4 }, 4],
    [{}, 1],
    [{ n: null }, 1],
    [{ n: 0 }, 1],
    [{ n: 1.5 }, 1],
    [null, null],
  ])('a chat with body %j promises %s choices', (body, answers) => {
    expect(promiseOf({ url: chatUrl, body }).answers).toBe(answers)
  })
})
