import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nearestName } from '../../src/engine/nearest-name.js'

const names = ['concurrency', 'clock', 'client', 'shouldRetry', 'shouldRetryAnswers', 'maxAttempts']

describe('the nearest name', () => {
  test.each([
    ['concurrency', 'concurrency'],
    ['concurency', 'concurrency'],
    ['max_attempts', 'maxAttempts'],
    ['MAX-ATTEMPTS', 'maxAttempts'],
    ['retry', 'shouldRetry'],
    ['shouldRetryAnswer', 'shouldRetryAnswers'],
    ['clcok', 'clock'],
    ['', null],
    ['x', null],
    ['temperature', null],
  ])('to %s is %s', (given, expected) => {
    expect(nearestName(given, names)).toBe(expected)
  })

  test('is found through any one edit of a name of five letters or more', () => {
    const edit = fc.record({
      name: fc.constantFrom(...names),
      at: fc.nat(30),
      letter: fc.constantFrom('a', 'e', 'x', 'y', 'Q', '_', '9'),
      kind: fc.constantFrom('insert', 'delete', 'replace', 'swap'),
    })
    fc.assert(
      fc.property(edit, ({ name, at, letter, kind }) => {
        const place = at % name.length
        const [head, tail] = [name.slice(0, place), name.slice(place)]
        const edited = {
          insert: head + letter + tail,
          delete: head + tail.slice(1),
          replace: head + letter + tail.slice(1),
          swap: head + tail.slice(1, 2) + tail.slice(0, 1) + tail.slice(2),
        }[kind]
        expect(nearestName(edited, names)).toBe(name)
      }),
    )
  })

  test('takes no time for a name nobody would write', () => {
    expect(nearestName('concurrency'.repeat(1_000_000), names)).toBe('concurrency')
  })
})
