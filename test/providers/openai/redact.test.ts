import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { holdsKey, problemWithoutKeys, redacted, withoutKeys } from '../../../src/providers/openai/redact.js'

const key = 'company-credential-93ab71cc'

describe('a text of a server', () => {
  test.each([
    ['the key', key],
    ['the key as an address spells it', encodeURIComponent(`${key}/é`)],
    ['a header', `Bearer ${key}`],
    ['the beginning of the key', key.slice(0, 10)],
    ['the end of the key', key.slice(-8)],
    ['any key of a known form', 'sk-proj-0123456789abcdef'],
  ])('%s does not stand in it any more', (_, words) => {
    const text = withoutKeys(`No ${words} here`, [key, `${key}/é`])
    expect(text).toContain('[key]')
    expect(text).not.toContain(words)
  })

  test('is searched in bounded time, and cut', () => {
    expect(redacted('a'.repeat(5_000_000), [key])).toHaveLength(301)
  })

  test('whatever stands before, behind and between keeps no long part of the key', () => {
    const noise = fc.string({ unit: 'binary', maxLength: 20 })
    const parts = fc
      .tuple(fc.nat(key.length - 8), fc.integer({ min: 8, max: key.length }))
      .map(([at, length]) => key.slice(at, at + length))
    const property = fc.property(fc.array(fc.oneof(noise, parts), { maxLength: 6 }), (pieces) => {
      const clean = withoutKeys(pieces.join(''), [key])
      return !Array.from({ length: key.length - 7 }, (_, at) => key.slice(at, at + 8)).some((part) =>
        clean.includes(part),
      )
    })
    expect(fc.check(property, { seed: 7, numRuns: 500 })).toMatchObject({ failed: false })
  })

  test('a key that holds half a character is looked for as well', () => {
    expect(withoutKeys('x company-credential-\uD800 y', ['company-credential-\uD800'])).toBe('x [key] y')
  })
})

test('a problem holds no key in any of its texts', () => {
  const problem = {
    code: 'NetworkError',
    message: `redirected to https://a.test/${key}`,
    hint: `set ${key}`,
    causeMessage: key,
    isPassing: true,
    facts: { address: `https://${key}@a.test`, count: 3 },
  } as const
  const clean = problemWithoutKeys(problem, [key])
  expect(JSON.stringify(clean)).not.toContain(key)
  expect(clean).toMatchObject({ code: 'NetworkError', isPassing: true, facts: { count: 3 } })
  expect(problemWithoutKeys(problem, ['NetworkError'])).toEqual(problem)
})

test('an id holds a key only whole', () => {
  expect(
    [`batch_${key}`, `batch_${encodeURIComponent(key)}`, `batch_${key.slice(1)}`, 'batch_1'].map((id) =>
      holdsKey(id, [key]),
    ),
  ).toEqual([true, true, false, false])
})
