import { describe, expect, test } from 'vitest'
import { standingIn } from '../../src/engine/journal-standing.js'

const atMinute = (minute: number): string => new Date(minute * 60_000).toISOString()
const checking = 'awaiting-online-files.checking'
const waiting = 'awaiting-online-files.waiting'
const entry = { at: atMinute(9), from: checking, event: 'status.known', to: waiting }

describe('how a triple stands by its journal', () => {
  test('is unknown without entries', () => {
    expect(standingIn([])).toBeNull()
  })

  test('is where the last entry left it, since the time that entry carries', () => {
    expect(standingIn([{ ...entry, since: atMinute(2) }])).toMatchObject({
      state: waiting,
      stateSinceMs: 120_000,
      isAtRest: true,
    })
  })

  test('is in the middle of a step when the last entry is no rest', () => {
    const entries = [
      { ...entry, since: atMinute(2) },
      { ...entry, from: waiting, to: checking },
    ]
    expect(standingIn(entries)).toMatchObject({ state: checking, stateSinceMs: 540_000, isAtRest: false })
  })

  test('counts as asked when the last look at the server came to an end', () => {
    const entries = [
      { ...entry, at: atMinute(3) },
      { ...entry, at: atMinute(5) },
      { ...entry, at: atMinute(7), from: waiting, to: checking },
    ]
    expect(standingIn(entries)?.lastPollAtMs).toBe(300_000)
    expect(standingIn([{ ...entry, from: 'deciding' }])?.lastPollAtMs).toBeNull()
  })

  test('has the problem of the last entry, and none that is not one', () => {
    const problem = { code: 'BatchFailed', message: 'The batch failed.', hint: 'Look.', needsPerson: true }
    expect(standingIn([{ ...entry, facts: { problem } }])?.problem).toEqual(problem)
    expect(standingIn([{ ...entry, facts: { problem: { code: 'BatchFailed' } } }])?.problem).toBeNull()
    expect(standingIn([{ ...entry, facts: { problem } }, entry])?.problem).toBeNull()
  })

  test('has no times where an edited journal has none', () => {
    expect(standingIn([{ ...entry, at: 'yesterday' }])).toMatchObject({
      stateSinceMs: null,
      lastPollAtMs: null,
    })
  })
})
