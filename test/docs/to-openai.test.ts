import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const page = readFileSync(new URL('../../docs/needs-attention.md', import.meta.url), 'utf8')
const [, script = ''] = /```js\n(\/\/ to-openai\.mjs\n[^]*?)```/.exec(page) ?? []

function converted(...rows: readonly unknown[]): unknown[] {
  const input = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    input,
    encoding: 'utf8',
  })
  return output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}

const chat = (customId: string, content: string, finishReason: string): unknown => ({
  custom_id: customId,
  response: {
    status_code: 200,
    body: {
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: finishReason }],
    },
  },
  error: null,
})

test('the script in docs/needs-attention.md makes answers of those of Anthropic, Gemini and Bedrock', () => {
  const parts = [{ text: 'one\u2028' }, { text: 'two' }]
  const message = { type: 'message', content: parts, stop_reason: 'end_turn' }
  expect(
    converted(
      { custom_id: 'a', result: { type: 'succeeded', message } },
      { key: 'g', response: { candidates: [{ content: { parts }, finishReason: 'MAX_TOKENS' }] } },
      { recordId: 'b', modelInput: {}, modelOutput: { content: parts, stop_reason: 'max_tokens' } },
      { recordId: 'n', modelOutput: { output: { message: { content: parts } }, stopReason: 'end_turn' } },
      { recordId: 'l', modelOutput: { generation: 'text', stop_reason: 'stop' } },
    ),
  ).toEqual([
    chat('a', 'one\u2028two', 'stop'),
    chat('g', 'one\u2028two', 'length'),
    chat('b', 'one\u2028two', 'length'),
    chat('n', 'one\u2028two', 'stop'),
    chat('l', 'text', 'stop'),
  ])
})

test('it keeps failures as failures', () => {
  expect(
    converted(
      { custom_id: 'a', result: { type: 'errored', error: { type: 'overloaded' } } },
      { custom_id: 'b', result: { type: 'expired' } },
      { key: 'g', error: { code: 429 } },
      { recordId: 'r', error: { errorCode: 400 } },
    ),
  ).toMatchObject(
    ['a', 'b', 'g', 'r'].map((id) => ({ custom_id: id, response: null, error: { code: 'foreign_error' } })),
  )
})
