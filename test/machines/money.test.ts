import { describe, expect, test } from 'vitest'
import {
  attemptOfRetry,
  attemptOfRows,
  isTooLargeAlone,
  lateAnswers,
  outcomeOf,
  speaksOfRoom,
  wasCancelled,
  wasCutShort,
  type ReportedCounts,
} from '../../machines/index.js'
import { accounted, countsOf, driveTriple, factsOf, rows, runToRest, type Notes } from './harness.js'

const counts = (completed: number | null): ReportedCounts => ({ total: 6, completed, failed: 0 })

describe('answers that are missing from a batch that was cut short', () => {
  // oxfmt-ignore
  test.each([
    ['expired and all that completed is here', { remoteStatus: 'expired', requestCounts: counts(3) }, 3, 3, false],
    ['expired and one answer less than completed', { remoteStatus: 'expired', requestCounts: counts(4) }, 3, 3, true],
    ['cancelled and less than completed', { remoteStatus: 'cancelled', requestCounts: counts(6) }, 1, 5, true],
    ['expired, no file at all, and something completed', { remoteStatus: 'expired', requestCounts: counts(1) }, 0, 6, true],
    ['more answers than completed', { remoteStatus: 'expired', requestCounts: counts(1) }, 3, 3, false],
    ['the server counted nothing', { remoteStatus: 'expired', requestCounts: counts(0) }, 0, 6, false],
    ['the server said no number', { remoteStatus: 'expired', requestCounts: counts(null) }, 0, 6, false],
    ['the server said nothing', { remoteStatus: 'expired', requestCounts: null }, 0, 6, false],
    ['every request has a row', { remoteStatus: 'expired', requestCounts: counts(6) }, 3, 0, false],
    ['completed is another case: ids are missing anyway', { remoteStatus: 'completed', requestCounts: counts(6) }, 3, 3, false],
  ] as const)('are late or cut: %s', (_, notes, answered, missing, isLate) => {
    const problem = lateAnswers(factsOf('IOM', { batchId: 'batch_1', ...notes }), { missing }, answered, 'accept it')
    expect(problem !== null).toBe(isLate)
    if (problem === null) return
    expect(problem).toMatchObject({ needsPerson: true, facts: { answered, missing } })
    expect(problem.hint).toContain('`accept it`')
  })
})

describe('a refusal for want of room', () => {
  test.each([
    [1, 0, false],
    [1, 1, false],
    [2, 0, true],
    [2, 1, false],
    [9, 0, true],
    [9, 3, false],
  ])('number %i with %i others under way: too large alone is %s', (refusals, othersUnderWay, expected) => {
    expect(isTooLargeAlone({ refusals, othersUnderWay })).toBe(expected)
  })

  test.each([
    ['token_limit_exceeded', null, true],
    [null, 'Enqueued token limit reached for gpt-4o in organization org-1.', true],
    ['insufficient_quota', 'The enqueued tokens quota is used up.', true],
    ['rate_limit_exceeded', 'enqueued_token limit', true],
    ['rate_limit_exceeded', 'Rate limit reached for requests.', false],
    ['insufficient_quota', 'You exceeded your current quota.', false],
    ['context_length_exceeded', 'Too many tokens.', false],
    [null, null, false],
  ])('is told by its code or its words: %s, %s', (code, message, expected) => {
    expect(speaksOfRoom({ code, message })).toBe(expected)
  })
})

describe('what becomes of the requests', () => {
  // oxfmt-ignore
  test.each([
    ['as usual', {}, { cutShort: false, cancelled: false, rows: 1, retry: 2 }],
    ['expired', { remoteStatus: 'expired' }, { cutShort: true, cancelled: false, rows: 1, retry: 2 }],
    ['cancelled at the server', { remoteStatus: 'cancelled' }, { cutShort: true, cancelled: true, rows: 1, retry: 2 }],
    ['cancelled here, and completed before', { remoteStatus: 'completed', isCancelWanted: true }, { cutShort: false, cancelled: true, rows: 1, retry: 2 }],
    ['split', { splitParts: 2 }, { cutShort: true, cancelled: false, rows: 0, retry: 1 }],
    ['a part that is split', { splitParts: 2, attempt: 2 }, { cutShort: true, cancelled: false, rows: 1, retry: 2 }],
  ] as const)('%s', (_, notes: Notes, expected) => {
    const facts = factsOf('IM', notes)
    expect({
      cutShort: wasCutShort(facts),
      cancelled: wasCancelled(facts),
      rows: attemptOfRows(facts),
      retry: attemptOfRetry(facts),
    }).toEqual(expected)
  })
})

describe('the note of a batch that was stopped', () => {
  test('says how much is left and what sends it', async () => {
    expect(await endOf({ remoteStatus: 'cancelled' })).toEqual({
      type: 'done',
      retryIndex: null,
      note: `Batch batch_1 was cancelled at the server; 2 of ${countsOf().matched + 2} requests were not executed and are not sent again; \`batch-reconciler retry <workspace> 7\` sends them.`,
    })
  })

  test('says that it had ended before', async () => {
    expect(await endOf({ remoteStatus: 'completed', isCancelWanted: true })).toMatchObject({
      note: expect.stringContaining('had ended before it could be cancelled'),
    })
  })

  test('says what it can after a crash in the middle of the move', async () => {
    expect(await endOf({ remoteStatus: 'cancelled', isMoveIntended: true })).toMatchObject({
      note: expect.stringContaining('what it did not execute is not sent again'),
    })
  })

  test('is none for any other end', async () => {
    for (const remoteStatus of ['completed', 'expired', null]) {
      expect(await endOf({ remoteStatus })).not.toHaveProperty('note')
    }
  })
})

/** How a batch with two requests left ends. */
async function endOf(notes: Notes) {
  const triple = driveTriple((step) => {
    if (step === 'surveyTriple') return factsOf('IOM', { batchId: 'batch_1', ...notes })
    return step === 'checkIds' ? accounted(2) : { rows: { ...rows().rows, notExecuted: 2 } }
  })
  return outcomeOf(await runToRest(triple))
}
