import { describe, expect, test } from 'vitest'
import {
  completionWindowMs,
  storyOf,
  stuckReason,
  toStandingProblem,
  type TripleStanding,
} from '../../src/engine/triple-story.js'

const waiting: TripleStanding = {
  state: 'awaiting-online-files.waiting',
  stateSinceMs: 0,
  remoteStatus: 'finalizing',
  lastPollAtMs: null,
  nextPollAtMs: null,
  attempt: 1,
  problem: null,
  isAtRest: true,
  isAtWork: false,
}
const needsPerson = { code: 'AuthFailed', message: 'The key was refused.', hint: null, needsPerson: true }
const failed = { ...waiting, state: 'failed' }
const uploading = { ...waiting, state: 'submitting.uploading', isAtRest: false }

describe('a triple is stuck', () => {
  test('when only a person can decide, wherever it rests', () => {
    expect(stuckReason({ ...waiting, problem: needsPerson }, 0)).toBe('needs-attention')
    expect(stuckReason({ ...failed, problem: needsPerson }, 0)).toBe('needs-attention')
    expect(stuckReason({ ...waiting, state: 'missing-input' }, 0)).toBe('needs-attention')
  })

  test('when it failed, also while a process works on others', () => {
    expect(stuckReason(failed, 0)).toBe('failed')
    expect(stuckReason({ ...failed, isAtWork: true }, 0)).toBe('failed')
  })

  test('when it waits for longer than servers promise, and not a millisecond before', () => {
    expect(stuckReason(waiting, completionWindowMs)).toBeNull()
    expect(stuckReason(waiting, completionWindowMs + 1)).toBe('overdue')
  })

  test('when the server has had no room for longer than its batches may take', () => {
    const state = 'submitting.waiting-for-room'
    expect(stuckReason({ ...waiting, state }, completionWindowMs)).toBeNull()
    expect(stuckReason({ ...waiting, state }, completionWindowMs + 1)).toBe('no-room')
    expect(storyOf({ ...waiting, state }, completionWindowMs + 1).why).toContain('no room')
  })

  test('when its run is gone in the middle of a step', () => {
    expect(stuckReason(uploading, 0)).toBe('interrupted')
    expect(stuckReason({ ...uploading, isAtWork: true }, 0)).toBeNull()
  })
})

describe('a triple is not stuck', () => {
  test('when nothing says since when it waits', () => {
    expect(stuckReason({ ...waiting, stateSinceMs: null }, completionWindowMs * 9)).toBeNull()
  })

  test('when it waits for leave to be sent, however long', () => {
    const state = 'submitting.waiting-for-leave'
    expect(stuckReason({ ...waiting, state }, completionWindowMs * 9)).toBeNull()
  })

  test('when it is done, whatever went wrong before', () => {
    expect(stuckReason({ ...waiting, state: 'done', problem: needsPerson }, 0)).toBeNull()
  })
})

describe('the story of a triple', () => {
  test('says where it is, since when, both polls and what the server says', () => {
    const standing = { ...waiting, lastPollAtMs: 7_020_000, nextPollAtMs: 7_230_000 }
    expect(storyOf(standing, 7_200_000)).toEqual({
      stuck: null,
      what: 'in awaiting-online-files.waiting for 2 h, last poll 3 min ago, next in 30 s, server says finalizing',
      why: null,
      whatToDo: null,
    })
  })

  test('leaves out what nobody knows', () => {
    expect(storyOf({ ...waiting, stateSinceMs: null, remoteStatus: null }, 0).what).toBe(
      'in awaiting-online-files.waiting',
    )
  })

  test('takes why and what to do from the problem', () => {
    const problem = { ...needsPerson, hint: 'Set another key.' }
    expect(storyOf({ ...failed, problem }, 0)).toMatchObject({
      stuck: 'needs-attention',
      why: 'The key was refused.',
      whatToDo: 'Set another key.',
    })
  })

  test('has words of its own where there is no problem to quote', () => {
    const overdue = storyOf(waiting, completionWindowMs + 1)
    const interrupted = storyOf(uploading, 0)
    expect(overdue).toMatchObject({ stuck: 'overdue', why: expect.stringContaining('24 hours') })
    expect(overdue.whatToDo).toContain('Look at the batch')
    expect(interrupted.why).toContain('ended in the middle')
    expect(interrupted.whatToDo).toContain('Run again')
  })

  test('quotes at most 300 characters of a problem', () => {
    const long = 'x'.repeat(5_000)
    const { message, hint } = toStandingProblem({ code: 'BatchFailed', message: long, hint: long })
    expect([message.length, hint?.length]).toEqual([300, 1_000])
  })
})
