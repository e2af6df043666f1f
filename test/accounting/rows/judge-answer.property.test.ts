import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { traitsOf } from '../../../machines/index.js'
import { judgeAnswer } from '../../../src/accounting/rows/judge-answer.js'
import { promiseOf } from '../../../src/accounting/rows/promise.js'
import { lineOf } from './lines.js'

const odd = fc.oneof({ maxDepth: 2 }, fc.constantFrom(null, '', 0, {}, []), fc.jsonValue({ maxDepth: 2 }))
const often = <T>(good: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 15, arbitrary: good as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: odd })
const choice = fc.record(
  {
    index: often(fc.nat(3)),
    message: often(fc.record({ content: often(fc.constantFrom('hi', 'hi', 'hi', ' ')) })),
    finish_reason: often(fc.constantFrom('stop', 'stop', 'stop', 'length', 'gremlins')),
  },
  { requiredKeys: ['message', 'finish_reason'] },
)
const body = fc.record(
  {
    choices: often(fc.array(choice, { minLength: 1, maxLength: 3 })),
    error: often(fc.constant(null)),
    status: odd,
  },
  { requiredKeys: ['choices'] },
)
const line = fc.record(
  {
    response: often(fc.record({ status_code: often(fc.constantFrom(200, '200', 500)), body: often(body) })),
    error: often(fc.constantFrom(null, {}, { code: 0 })),
  },
  { requiredKeys: ['response'] },
)

interface PlainChoice {
  readonly message: { readonly content: unknown }
  readonly finish_reason: unknown
}

/** What must be there for a success, said once more over plain values. */
function isShownToBeWhole(response: unknown, wanted: number): boolean {
  const text = JSON.stringify(response)
  const found =
    (JSON.parse(text) as { body?: { choices?: unknown } }).body?.choices ??
    (response as { choices?: unknown }).choices
  const choices = (Array.isArray(found) ? found : [found]) as readonly PlainChoice[]
  return (
    choices.length >= wanted &&
    choices.every(
      ({ message, finish_reason: reason }) =>
        reason === 'stop' && typeof message.content === 'string' && message.content.trim() !== '',
    )
  )
}

test('a row is a success only if it holds all that was asked for, each with a good stop reason', () => {
  let successes = 0
  fc.assert(
    fc.property(line, fc.integer({ min: 1, max: 3 }), (parts, wanted) => {
      const promise = promiseOf({ url: '/v1/chat/completions', body: { n: wanted } })
      const { class: rowClass, error, answer } = judgeAnswer(lineOf({ custom_id: 'a', ...parts }), promise)
      expect(error === null).toBe(rowClass === 'success')
      if (traitsOf(rowClass).callback === 'processErrors') expect(answer).toBeNull()
      if (rowClass !== 'success') return
      successes += 1
      expect(isShownToBeWhole(parts.response, wanted)).toBe(true)
    }),
    { numRuns: 3_000 },
  )
  expect(successes).toBeGreaterThan(100)
})
