import { describe, expect, test } from 'vitest'
import { isSameAnswer } from '../../src/accounting/compare-answers.js'
import { promiseOf } from '../../src/accounting/rows/promise.js'
import { chat } from './rows/lines.js'

const promise = promiseOf({ url: '/v1/chat/completions', body: {} })

/** A line of an output file. */
const line = (response: unknown, error: unknown = null): string =>
  JSON.stringify({ id: 'batch_req_1', custom_id: 'a', response, error })
const answer = (body: unknown, requestId = 'r'): string =>
  line({ status_code: 200, request_id: requestId, body })

const isSame = (left: string, right: string): boolean =>
  isSameAnswer(Buffer.from(left), Buffer.from(right), promise)

const yes = chat({ content: 'yes' })
const no = chat({ content: 'no' })

describe('two answers are the same', () => {
  test.each([
    ['byte for byte', answer(yes), answer(yes)],
    ['one body came as JSON text', answer(yes), answer(JSON.stringify(yes))],
    ['one body came as JSON text, with other spaces', answer(yes), answer(JSON.stringify(yes, null, 2))],
    [
      'both came as JSON text, with other spaces',
      answer(JSON.stringify(yes)),
      answer(JSON.stringify(yes, null, 1)),
    ],
    [
      'names and times differ',
      answer(yes),
      answer({ ...yes, id: 'other', created: 7, system_fingerprint: 'x' }, 's'),
    ],
    ['tokens are counted in another way', answer(yes), answer({ ...yes, usage: null })],
    [
      'both failed alike',
      line({ status_code: 500, body: {} }),
      line({ status_code: 500, request_id: 'x', body: {} }),
    ],
  ])('when %s', (_, left, right) => {
    expect(isSame(left, right)).toBe(true)
    expect(isSame(right, left)).toBe(true)
  })
})

describe('two answers differ', () => {
  test.each([
    ['what was said does', answer(yes), answer(no)],
    ['what was said does, and one came as text', answer(yes), answer(JSON.stringify(no))],
    ['what was said does, and both came as text', answer(JSON.stringify(yes)), answer(JSON.stringify(no))],
    ['one was cut off', answer(yes), answer(chat({ content: 'yes' }, 'length'))],
    ['one failed', answer(yes), line({ status_code: 500, body: {} })],
    ['they failed for other reasons', line(null, { code: 'a' }), line(null, { code: 'b' })],
    [
      'only a double takes their numbers for one',
      answer(chat({ content: '9007199254740993' })),
      answer(chat({ content: '9007199254740992' })),
    ],
    [
      'neither can be read',
      line({ status_code: 200, body: { odd: 1 } }),
      line({ status_code: 200, body: { odd: 2 } }),
    ],
    ['one is no JSON', answer(yes), '{'],
  ])('when %s', (_, left, right) => {
    expect(isSame(left, right)).toBe(false)
    expect(isSame(right, left)).toBe(false)
  })
})

test('calls of tools are compared by what they ask, not by their ids', () => {
  const call = (id: string, text: string) =>
    answer(
      chat(
        { content: null, tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: text } }] },
        'tool_calls',
      ),
    )
  expect(isSame(call('1', '{"a":1}'), call('2', '{"a":1}'))).toBe(true)
  expect(isSame(call('1', '{"a":1}'), call('1', '{"a":2}'))).toBe(false)
})
