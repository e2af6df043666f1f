import { describe, expect, test } from 'vitest'
import { doneState, restingStates } from '../../machines/state-paths.js'
import {
  atServerOf,
  completionWindowMs,
  estimatedEndMs,
  longestBackoffMs,
  longestWaitForRoomMs,
  storyOf,
  stuckReason,
  toStandingProblem,
  type TripleStanding,
} from '../../src/engine/triple-story.js'
import { factsOf } from '../machines/harness.js'

const waiting: TripleStanding = {
  index: '4',
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
const known = {
  submittedAtMs: null,
  dueAtMs: null,
  noRoomSinceMs: null,
  keptUntilMs: null,
  answered: null,
  total: null,
}
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

  test('when the server is past the time it gave, whatever polls and restarts came between', () => {
    const standing = { ...waiting, stateSinceMs: 5_000, atServer: { ...known, dueAtMs: 9_000 } }
    expect(stuckReason(standing, 9_000)).toBeNull()
    expect(stuckReason(standing, 9_001)).toBe('overdue')
    const later = { ...standing, atServer: { ...known, dueAtMs: completionWindowMs * 3 } }
    expect(stuckReason(later, completionWindowMs * 2)).toBeNull()
  })

  test('when the server has had no room for hours, also when this run has just begun', () => {
    const state = 'submitting.waiting-for-room'
    expect(stuckReason({ ...waiting, state }, longestWaitForRoomMs)).toBeNull()
    expect(stuckReason({ ...waiting, state }, longestWaitForRoomMs + 1)).toBe('no-room')
    expect(storyOf({ ...waiting, state }, longestWaitForRoomMs + 1).why).toContain('no room')
    const refused = { ...waiting, state, stateSinceMs: longestWaitForRoomMs, atServer: known }
    expect(stuckReason(refused, longestWaitForRoomMs + 1)).toBeNull()
    const before = { ...refused, atServer: { ...known, noRoomSinceMs: 0 } }
    expect(stuckReason(before, longestWaitForRoomMs + 1)).toBe('no-room')
  })

  test('when a step has been failing for long, while a process works on it', () => {
    const state = 'submitting.backing-off'
    const standing = { ...waiting, state, isAtRest: false, isAtWork: true }
    expect(stuckReason(standing, longestBackoffMs)).toBeNull()
    expect(stuckReason(standing, longestBackoffMs + 1)).toBe('backing-off')
    expect(stuckReason({ ...standing, state: 'submitting.sending' }, longestBackoffMs + 1)).toBeNull()
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
      why: 'The server works on it.',
      whatToDo: '`watch` fetches the answers when it has ended.',
      endsAtMs: null,
    })
  })

  test('says of one that no run has looked at, while nobody works here, that the next one goes on', () => {
    const standing = {
      ...waiting,
      state: 'checking-ids',
      remoteStatus: null,
      isAtRest: true,
      isAtWork: false,
    }
    expect(storyOf(standing, 0)).toMatchObject({
      stuck: null,
      why: 'No run has looked at it as it stands.',
      whatToDo: '`run` goes on with it.',
    })
    expect(storyOf({ ...standing, isAtWork: true }, 0)).toMatchObject({ why: null, whatToDo: null })
    expect(storyOf({ ...standing, state: 'done' }, 0)).toMatchObject({ why: null, whatToDo: null })
  })

  test('says how far the batch is, since when, until when, and when it may end', () => {
    const batch = { ...known, submittedAtMs: 0, dueAtMs: 86_400_000, answered: 300, total: 1_200 }
    const standing = { ...waiting, lastPollAtMs: 3_600_000, atServer: batch }
    const { what, endsAtMs } = storyOf(standing, 7_200_000)
    expect(what).toContain(', 300 of 1,200 answered, submitted 2 h ago, about 2 h left, due in 22 h')
    expect(endsAtMs).toBe(14_400_000)
    expect(storyOf(standing, 86_400_001 + 7_200_000).what).toMatch(/submitted 26 h ago, due 2 h ago$/)
  })

  test.each([
    ['nothing is answered yet', { answered: 0 }],
    ['all is answered', { answered: 1_200 }],
    ['nobody knows how many there are', { total: null }],
    ['nobody knows when it was made', { submittedAtMs: null }],
    ['the clocks disagree', { submittedAtMs: 3_600_000 }],
  ])('has no estimate while %s', (_, odd) => {
    const batch = { ...known, submittedAtMs: 0, answered: 300, total: 1_200, ...odd }
    expect(estimatedEndMs({ ...waiting, lastPollAtMs: 3_600_000, atServer: batch })).toBeNull()
  })

  test.each([
    ...Object.keys(restingStates).filter((state) => state !== doneState),
    'submitting.backing-off',
    'awaiting-online-files.looking-again-later',
  ])('has a reason and a command for %s, which works where the workspace is', (state) => {
    const standing = { ...waiting, state, isAtWork: true, isAtRest: !/off$|later$/.test(state) }
    const { why, whatToDo } = storyOf(standing, 0, './my batches')
    expect(why).toMatch(/^[A-Z].+\.$/)
    expect(whatToDo).toMatch(/`batch-reconciler (run|watch) '\.\/my batches'( --submit)?`/)
  })

  test('is short for what is done, and while a step is at work', () => {
    const none = { why: null, whatToDo: null }
    expect(storyOf({ ...waiting, state: 'done' }, 0)).toMatchObject(none)
    expect(storyOf({ ...uploading, isAtWork: true }, 0)).toMatchObject(none)
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

  test('takes the day that servers promise where they name no time, and nothing of a batch that is refused', () => {
    const facts = factsOf('I', { submittedAtMs: 7 })
    expect(atServerOf(facts)).toEqual({ ...known, submittedAtMs: 7, dueAtMs: 7 + completionWindowMs })
    expect(atServerOf({ ...facts, dueAtMs: 9 })?.dueAtMs).toBe(9)
    expect(atServerOf({ ...facts, submittedAtMs: null })).toBeNull()
    const requestCounts = { total: 9, completed: 3, failed: 2 }
    expect(atServerOf({ ...facts, requestCounts })).toMatchObject({ answered: 5, total: 9 })
  })

  test('quotes at most 400 characters of a problem, and shows where it cut them', () => {
    const long = 'x'.repeat(5_000)
    const { message, hint } = toStandingProblem({ code: 'BatchFailed', message: long, hint: long })
    expect([message.length, hint?.length]).toEqual([400, 1_000])
    expect(message.endsWith('x…')).toBe(true)
  })
})
