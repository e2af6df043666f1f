import { expect, test } from 'vitest'
import { cannotTell, notListedYet } from '../../src/actors/submission-doubt.js'
import { reconciliationError } from '../../src/errors.js'

const doubt = {
  index: '7',
  root: '/my files/batches',
  host: 'api.example.com',
  inputFileId: 'file-1',
  askedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
}
const asked =
  'The batch of triple 7 may or may not have been made: api.example.com was asked at 2026-01-02T03:04:05.000Z to make it from upload file-1, and no answer came that counts.'

test('a list that may lag is looked at again by itself, and the batch can be adopted by hand', () => {
  expect(notListedYet(doubt, 120_000, 40_000).problem).toEqual({
    code: 'SubmissionAmbiguous',
    message: `${asked} The list of batches does not show it yet.`,
    hint: "It is searched for again, and sent anew only when the list has been without it for 120 seconds by the server's own clock: `watch` goes on by itself, or `run` again. If you see it there: batch-reconciler adopt '/my files/batches' 7 <batch id>.",
    isPassing: true,
    retryAfterMs: 40_000,
    facts: { index: '7', inputFileId: 'file-1' },
  })
})

test('a list that cannot settle it says why, and in the end only a person can', () => {
  const cause = reconciliationError({
    code: 'SubmissionAmbiguous',
    message: 'm',
    facts: { why: 'it is cut' },
  })
  const passing = cannotTell(doubt, cause, 40_000).problem
  expect(passing).toMatchObject({ isPassing: true, retryAfterMs: 40_000 })
  expect(passing.needsPerson).toBe(undefined)
  const final = cannotTell(doubt, cause, null).problem
  expect(final).toEqual({
    code: 'SubmissionAmbiguous',
    message: `${asked} The list of batches cannot settle it: it is cut.`,
    hint: "Nothing is sent again on the strength of such a list. Look on the server for a batch of file-1. If you see it there: batch-reconciler adopt '/my files/batches' 7 <batch id>. If there is none: batch-reconciler adopt '/my files/batches' 7 none, then run again.",
    needsPerson: true,
    facts: { why: 'it is cut', index: '7', inputFileId: 'file-1' },
  })
})

test('without a reason the message of the server stands there, and a time nobody can read is no fault', () => {
  const cause = reconciliationError({ code: 'RequestRefused', message: 'No such call' })
  const { message, hint } = cannotTell({ ...doubt, root: '/plain', askedAtMs: Infinity }, cause, null).problem
  expect(message).toContain('was asked at an unknown time')
  expect(message).toContain('cannot settle it: No such call.')
  expect(hint).toContain('adopt /plain 7 none')
})
