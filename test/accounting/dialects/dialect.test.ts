import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { dialectOfBytes, dialectOfValue } from '../../../src/accounting/dialect.js'

const request = {
  custom_id: 'a',
  method: 'POST',
  url: '/v1/chat/completions',
  body: { model: 'm', messages: [{ role: 'user', content: 'Grüße, "quoted" {not} [a] thing' }] },
}
const line = JSON.stringify(request)
const chatBody = { object: 'chat.completion', choices: [{ index: 0, message: { content: 'hi' } }] }
const answer = { id: 'r', custom_id: 'a', response: { status_code: 200, body: chatBody }, error: null }

const files: readonly (readonly [dialect: string, bytes: Buffer])[] = [
  ['UTF-16 text', Buffer.from(`\uFEFF${line}\n`, 'utf16le')],
  ['UTF-16 text', Buffer.from(`${line}\n`, 'utf16le')],
  ['UTF-16 text', Buffer.from(`\uFEFF${line}\n`, 'utf16le').swap16()],
  ['UTF-16 text', Buffer.from(`${line}\n`, 'utf16le').swap16()],
  ['UTF-32 text', utf32(`\uFEFF${line}\n`)],
  ['UTF-32 text', utf32(`${line}\n`)],
  ['UTF-32 text', utf32(`\uFEFF${line}\n`).swap32()],
  ['UTF-32 text', utf32(`${line}\n`).swap32()],
  ['gzip-compressed data', gzipSync(line)],
  ['gzip-compressed data', gzipSync(line.repeat(100)).subarray(0, 40)],
  ['zstd-compressed data', Buffer.from('28b52ffd2400', 'hex')],
  ['xz-compressed data', Buffer.from('fd377a585a0000', 'hex')],
  ['bzip2-compressed data', Buffer.from('BZh91AY')],
  ['a zip archive', Buffer.from('PK\x03\x04\x14\0\0\0\x08\0answers.jsonl')],
  ['an Excel workbook', Buffer.from('PK\x03\x04\x14\0\0\0\x08\0[Content_Types].xml')],
  ['a Parquet file', Buffer.from('PAR1\x15\x04PAR1')],
  ['a Parquet file that is cut', Buffer.from('PAR1\x15\x04')],
  ['a page of HTML', Buffer.from('<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>')],
  ['a page of HTML', Buffer.from('\n<HTML>\n<head>')],
  ['XML', Buffer.from('<?xml version="1.0"?><Error/>')],
  ['CSV', Buffer.from('custom_id,answer\na,hello\n')],
  ['CSV', Buffer.from('"custom_id";"answer"\r\na;hello\r\n')],
  ['a stream of server-sent events', Buffer.from(`data: ${line}\n\ndata: [DONE]\n`)],
  [
    'a pointer of Git LFS in the place of the file',
    Buffer.from('version https://git-lfs.github.com/spec/v1\n'),
  ],
  ['one JSON array', Buffer.from(JSON.stringify([request, request]))],
  ['one JSON array', Buffer.from(JSON.stringify([request, request], null, 2))],
  ['one JSON array', Buffer.from(`[\n${line},\n${line}\n]\n`)],
  ['one JSON array', Buffer.from('[]')],
  ['one JSON array that is cut', Buffer.from(JSON.stringify([request, request]).slice(0, 200))],
  ['a JSON array on each line', Buffer.from(`[${line}]\n[${line}]\n`)],
  ['one JSON object over many lines', Buffer.from(JSON.stringify(request, null, 2))],
  ['one JSON object over many lines', Buffer.from(JSON.stringify(request, null, '\t'))],
  ['several JSON objects on one line', Buffer.from(`${line}${line}`)],
  ['several JSON objects on one line', Buffer.from(`${line} ${line}\n`)],
  ['several JSON objects on one line', Buffer.from(`${line}\\n${line}\\n`)],
  ['JSON objects with a comma between the lines', Buffer.from(`${line},\n${line},\n`)],
  ['JSON objects with a comma between the lines', Buffer.from(`${line}\n,${line}\n`)],
  ['JSON with a comma before a closing bracket', Buffer.from(`{"a":[1,2,],"b":1}\n`)],
  ['JSON with a comma before a closing bracket', Buffer.from(`{"a":1,}\n`)],
  ['JSON with NaN or Infinity, which JSON does not have', Buffer.from('{"a":NaN}\n')],
  ['JSON with NaN or Infinity, which JSON does not have', Buffer.from('{"a":"NaN","b":[-Infinity]}\n')],
  ['Python literals (single quotes, None, True)', Buffer.from(`{'custom_id': 'a', 'x': None}\n`)],
  ['Python literals (single quotes, None, True)', Buffer.from(`{"custom_id": "it's", "x": True}\n`)],
  ['JSON with comments', Buffer.from(`// requests\n${line}\n`)],
  ['JSON with comments', Buffer.from(`{"a": 1 /* one */}\n`)],
  ['JSON with a bare line break or tab inside a text', Buffer.from('{"a":"x\ty"}\n')],
  ['JSON with a bare line break or tab inside a text', Buffer.from('{"a":"first\nsecond"}\n')],
  ['JavaScript literals (names without quotes)', Buffer.from('{custom_id:"a"}\n')],
]

test.each(files)('%s is recognised by its bytes (%#)', (dialect, bytes) => {
  expect(dialectOfBytes(bytes, bytes)).toBe(dialect)
})

const sound: readonly (readonly [name: string, text: string])[] = [
  ['lines', `${line}\n${line}\n`],
  ['a byte order mark', `\uFEFF${line}\n`],
  ['CRLF', `${line}\r\n${line}\r\n`],
  ['words of other languages inside texts', `{"a":"None, 'True' // NaN } ] , { \\" /* */"}\n`],
  ['numbers in every form', '{"a":-1.5e+10,"b":[0,1E3],"c":true,"d":null,"e":false}\n'],
  ['a line cut inside a text', `${line.slice(0, -20)}\n${line}\n`],
  ['a line cut behind a colon', `{"a":\n${line}\n`],
  ['no bytes', ''],
  ['plain words', 'hello world\n'],
  ['zero bytes of a lost write', '\0'.repeat(100)],
  ['zero bytes at the beginning of a line', `\0\0\0"a":1}\n`],
  ['zero bytes behind the beginning of a line', `{\0\0\0"a":1}\n`],
]

test.each(sound)('%s are no dialect', (_name, text) => {
  const bytes = Buffer.from(text)
  expect(dialectOfBytes(bytes, bytes)).toBeNull()
})

test('a line longer than what is looked at is no dialect', () => {
  const long = Buffer.from(`${JSON.stringify({ ...request, more: 'x'.repeat(50_000) })}\n`)
  expect(dialectOfBytes(long, long)).toBeNull()
})

const rows: readonly (readonly [dialect: string, row: unknown])[] = [
  ['an Anthropic Message Batches result', { custom_id: 'a', result: { type: 'succeeded', message: {} } }],
  ['an Anthropic Message Batches result', { custom_id: 'a', result: { type: 'errored', error: {} } }],
  ['an Anthropic Message Batches request', { custom_id: 'a', params: { model: 'claude', messages: [] } }],
  ['a Gemini batch answer', { key: 'a', response: { candidates: [] } }],
  ['a Gemini batch answer', { key: 'a', error: { code: 429, message: 'slow' } }],
  ['a Gemini batch request', { key: 'a', request: { contents: [] } }],
  ['a Vertex AI batch prediction', { request: { contents: [] }, response: { candidates: [] }, status: '' }],
  ['a Vertex AI batch prediction', { request: { contents: [] }, status: 'Bad', processed_time: '2025' }],
  ['a Vertex AI batch prediction', { instance: { content: 'x' }, prediction: {} }],
  ['a Vertex AI batch prediction', { predictions: [{}] }],
  ['a Vertex AI batch request', { request: { contents: [] } }],
  ['a Vertex AI batch request', { instances: [{}] }],
  ['an Amazon Bedrock batch answer', { recordId: 'a', modelInput: {}, modelOutput: {} }],
  ['an Amazon Bedrock batch answer', { recordId: 'a', modelInput: {}, error: { errorCode: 400 } }],
  ['an Amazon Bedrock batch request', { recordId: 'a', modelInput: {} }],
  ['a Mistral batch request (without method and url)', { custom_id: 'a', body: { messages: [] } }],
  ['an answer of Anthropic', { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'x' }] }],
  [
    'an answer of Anthropic',
    { custom_id: 'a', response: { status_code: 200, body: { type: 'message', content: [] } } },
  ],
  ['an answer of Gemini', { custom_id: 'a', response: { candidates: [] } }],
  ['an answer of Gemini', { candidates: [] }],
  ['an answer of Cohere', { custom_id: 'a', response: { body: { text: 'x', generation_id: 'g' } } }],
  [
    'an answer of Cohere',
    { id: 'x', finish_reason: 'COMPLETE', message: { role: 'assistant', content: [] } },
  ],
  ['an answer of Ollama', { model: 'm', message: {}, done: true }],
  ['a piece of a streamed chat completion', { ...chatBody, object: 'chat.completion.chunk' }],
  [
    'a piece of a streamed chat completion',
    { custom_id: 'a', response: { body: { object: 'chat.completion.chunk' } } },
  ],
  ['an event of the OpenAI Realtime or Responses stream', { type: 'response.output_text.delta', delta: 'x' }],
  ['a chat completion without its custom_id', chatBody],
  ['an answer of the Responses API without its custom_id', { object: 'response', output: [] }],
  ['embeddings without their custom_id', { object: 'list', data: [] }],
  ['an example for fine-tuning', { messages: [{ role: 'user', content: 'x' }] }],
  ['an example for fine-tuning', { prompt: 'x', completion: 'y' }],
  ['the body of a request without custom_id, method and url', { model: 'm', messages: [] }],
  ['a request, not an answer', request],
  ['a row whose custom_id is a number', { ...answer, custom_id: 7 }],
  ['a row of results of batch-reconciler', { custom_id: 'a', outcome: 'success', attempt: 1, source: {} }],
  ["a description of a batch or file of OpenAI's API", { object: 'batch', id: 'batch_1' }],
  ["an error of a server's API", { error: { message: 'No such file', type: 'invalid_request_error' } }],
  ["an error of a server's API", { detail: 'Not Found' }],
  ['a file with the lines in a list of one object', { data: [request] }],
  ['JSON inside a JSON text (encoded twice)', line],
]

test.each(rows)('%s is recognised by its row (%#)', (dialect, row) => {
  expect(dialectOfValue(row)).toBe(dialect)
})

test("OpenAI's own rows are named only where the other kind should stand", () => {
  expect(dialectOfValue(answer)).toBeNull()
  expect(dialectOfValue({ ...answer, response: null, error: { code: 'batch_expired' } })).toBeNull()
  expect(dialectOfValue(request, 'request')).toBeNull()
  expect(dialectOfValue(answer, 'request')).toBe('an answer, not a request')
  expect(dialectOfValue(request, 'answer')).toBe('a request, not an answer')
})

test('what is no object or has nothing known in it has no name', () => {
  for (const value of [null, 7, 'words', true, [], {}, { custom_id: 'a' }, { a: { b: [] } }])
    expect(dialectOfValue(value)).toBeNull()
})

function utf32(text: string): Buffer {
  const bytes = Buffer.alloc(text.length * 4)
  for (let at = 0; at < text.length; at += 1) bytes.writeUInt32LE(text.charCodeAt(at), at * 4)
  return bytes
}
