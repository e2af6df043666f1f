import { expect, test } from 'vitest'
import { phaseOf } from '../../../src/engine/phases.js'
import type { CourseSpan } from '../../../src/engine/triple-course.js'
import { milestonesOf } from '../../../src/inspect/page/milestones.js'

const span = (state: string, fromMs: number, toMs: number | null, problemCode: string | null = null) =>
  ({ state, phase: phaseOf(state), fromMs, toMs, polls: 0, problemCode }) satisfies CourseSpan

const namesOf = (spans: readonly CourseSpan[], endMs: number) =>
  milestonesOf(spans, endMs).map((milestone) => milestone.map(({ state }) => state))

test('steps that follow each other at once are one milestone; a wait and the end stand alone', () => {
  const spans = [
    span('submitting.sending', 0, 5_000),
    span('awaiting-online-files.waiting', 5_000, 90_000),
    span('awaiting-online-files.downloading', 90_000, 90_200),
    span('checking-ids.checking', 90_200, 90_300),
    span('moving-to-done.moving', 90_300, 90_400),
    span('done', 90_400, null),
  ]
  expect(namesOf(spans, 90_400)).toEqual([
    ['submitting.sending'],
    ['awaiting-online-files.waiting'],
    ['awaiting-online-files.downloading', 'checking-ids.checking', 'moving-to-done.moving'],
    ['done'],
  ])
})

test('a step that took its time, or met a problem, is told by itself', () => {
  const spans = [
    span('awaiting-online-files.downloading', 0, 10),
    span('checking-ids.checking', 10, 4_000),
    span('processing-outputs.processing', 4_000, 4_010, 'NetworkError'),
    span('moving-to-done.moving', 4_010, null),
  ]
  expect(namesOf(spans, 4_020)).toEqual(spans.map(({ state }) => [state]))
})
