import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { problemCodes, toProblem } from '../../machines/index.js'
import { lasting } from './harness.js'

describe('reading a problem out of what was thrown', () => {
  test('takes the problem an error carries as it is', () => {
    const error = lasting({ hint: 'Free some space.', facts: { path: '/workspace' } })
    expect(toProblem(error)).toBe(error.problem)
  })

  test.each([
    ['an error', new TypeError('x is not a function'), 'x is not a function'],
    ['a text', 'out of paper', 'out of paper'],
    ['nothing', undefined, 'undefined'],
    ['a symbol', Symbol('late'), 'Symbol(late)'],
    ['an object without a prototype', Object.create(null), '[object Object]'],
    ['an object that cannot be made a text', { toString: () => lasting().problem }, '[object Object]'],
    [
      'an error whose message is no text',
      Object.assign(new Error('was'), { message: {} }),
      '[object Object]',
    ],
    [
      'an error whose problem is no problem',
      Object.assign(new Error('lost'), { problem: { code: 5 } }),
      'lost',
    ],
  ])('calls %s unexpected and keeps its words', (_, thrown, message) => {
    expect(toProblem(thrown)).toMatchObject({ code: 'UnexpectedError', message })
  })

  test('does not call what somebody else’s actor throws a fault of ours', () => {
    expect(toProblem(new Error('mine')).hint).toMatch(/^If the code that threw it is yours \(an actor, /)
  })

  test('cuts the words of somebody else to a thousand characters', () => {
    expect(toProblem(new Error('x'.repeat(1_000_000))).message).toHaveLength(1_000)
  })

  test('never throws, and gives a known code', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }), (thrown) => {
        const { code, message } = toProblem(thrown)
        expect(problemCodes).toContain(code)
        expect(message.length).toBeLessThanOrEqual(1_000)
      }),
    )
  })

  test('has no code twice', () => {
    expect(new Set(problemCodes).size).toBe(problemCodes.length)
  })
})
