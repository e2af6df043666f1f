import { describe, expect, test } from 'vitest'
import { maxRetryAfterMs, retryAfterMs } from '../../../src/providers/openai/retry-after.js'

const nowMs = Date.UTC(2026, 0, 2, 3, 4, 5)
const read = (value: string, name = 'retry-after') => retryAfterMs(new Headers({ [name]: value }), nowMs)

describe('Retry-After', () => {
  test.each([
    ['7', 7_000],
    ['0', 0],
    ['1.5', 1_500],
    ['3600', 3_600_000],
    ['9999999', maxRetryAfterMs],
    ['Fri, 02 Jan 2026 03:05:05 GMT', 60_000],
    ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
    ['Sun, 02 Jan 2039 03:00:00 GMT', maxRetryAfterMs],
    ['soon', null],
    ['-5', null],
    ['May 7', null],
  ])('%s is read as %s ms', (value, expected) => {
    expect(read(value)).toBe(expected)
  })

  test('milliseconds in a header of their own win', () => {
    const headers = new Headers({ 'retry-after': '60', 'retry-after-ms': '250' })
    expect(retryAfterMs(headers, nowMs)).toBe(250)
  })

  test('no header and no headers say nothing', () => {
    expect(retryAfterMs(new Headers(), nowMs)).toBeNull()
    expect(retryAfterMs(undefined, nowMs)).toBeNull()
  })

  test('headers may be a plain object', () => {
    expect(retryAfterMs({ 'retry-after': '2' }, nowMs)).toBe(2_000)
  })
})
