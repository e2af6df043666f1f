import { describe, expect, test } from 'vitest'
import { chartStates } from '../../../src/inspect/chart/statechart-svg.js'
import { foldPolls } from '../../../src/inspect/page/fold-polls.js'
import { eventWords, stateWords, bareMessage } from '../../../src/inspect/page/triple-words.js'

describe('a state in words', () => {
  test.each([
    ['failed', 'Failed'],
    ['missing-input', 'Needs a person'],
    ['awaiting-online-files.waiting', 'At server'],
    ['submitting.waiting-for-leave', 'Not sent'],
    ['awaiting-online-files.downloading', 'Downloading'],
    ['awaiting-online-files.downloading-backing-off', 'Downloading: tries again soon'],
    ['checking-ids.checking', 'Checking ids'],
    ['checking-ids.backing-off', 'Checking ids: tries again soon'],
    ['moving-to-done.moving', 'Moving to done'],
    ['something.new', 'New'],
    ['', ''],
  ])('%j is %j', (state, words) => {
    expect(stateWords(state)).toBe(words)
  })

  test('has no dash or dot, for any state there is', () => {
    expect(chartStates.map((state) => stateWords(state)).filter((words) => /[.-]/.test(words))).toEqual([])
  })
})

test.each([
  ['xstate.done.actor.checkIds', 'checkIds done'],
  ['xstate.error.actor.checkIds', 'checkIds failed'],
  ['xstate.after.backoff.triple.submitting.backing-off', 'after backoff'],
  ['poll.due', 'poll.due'],
])('the event %s is told as %s', (type, words) => {
  expect(eventWords(type)).toBe(words)
})

const waiting = 'awaiting-online-files.waiting'
const checking = 'awaiting-online-files.checking'
const step = (from: string, to: string, problemCode: string | null = null) => ({
  at: '2026-01-01T00:00:00.000Z',
  from,
  event: 'poll.due',
  to,
  problemCode,
})
const poll = [step(waiting, checking), step(checking, waiting)]

describe('a log', () => {
  test('folds polls that found nothing new into one line', () => {
    const lines = foldPolls([step('deciding.surveying', waiting), ...poll, ...poll, step(waiting, checking)])
    expect(lines.map(({ polls }) => polls)).toEqual([0, 2, 0])
  })

  test('keeps a poll with a problem, and a step elsewhere', () => {
    const lines = foldPolls([
      ...poll,
      step(waiting, checking),
      step(checking, waiting, 'ECONNREFUSED'),
      ...poll,
    ])
    expect(lines.map(({ polls, step: { problemCode } }) => [polls, problemCode])).toEqual([
      [1, null],
      [0, null],
      [0, 'ECONNREFUSED'],
      [1, null],
    ])
  })
})

test('a message is told without what the page says beside it', () => {
  const text = 'Triple 7: /w/s/workdir/batch_input_7.jsonl is gone; see /w/s/logs/x.'
  expect(bareMessage(text, '7', '/w/s')).toBe('workdir/batch_input_7.jsonl is gone; see logs/x.')
  expect(bareMessage(text, '8', null)).toBe(text)
})
