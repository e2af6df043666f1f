import { describe, expect, test } from 'vitest'
import { courseOf } from '../../src/engine/triple-course.js'
import type { JournalEntry } from '../../src/workspace/journal-entry.js'

const startMs = Date.UTC(2026, 0, 1)
const waiting = 'awaiting-online-files.waiting'
const checking = 'awaiting-online-files.checking'

type Stop = readonly [seconds: number, to: string, code?: string]

/** Steps from state to state, each so many seconds after the start. */
function entriesOf(...stops: readonly Stop[]): JournalEntry[] {
  return stops.map(([seconds, to, code], at) => ({
    at: new Date(startMs + seconds * 1_000).toISOString(),
    from: stops[at - 1]?.[1] ?? 'start',
    event: 'poll.due',
    to,
    facts: { problem: code === undefined ? null : { code } },
  }))
}

const told = (...stops: readonly Stop[]) =>
  courseOf(entriesOf(...stops)).spans.map(
    ({ state, fromMs, toMs, polls }) =>
      `${state} ${(fromMs - startMs) / 1_000}-${toMs === null ? '' : (toMs - startMs) / 1_000} ${polls}`,
  )

describe('the course of a triple', () => {
  test('is one span for a wait, however often the server was asked', () => {
    const stops = [
      [0, 'deciding.surveying'],
      [1, checking],
      [2, waiting],
      [60, checking],
      [61, waiting],
    ] as const
    expect(told(...stops, [120, checking], [121, 'awaiting-online-files.downloading'])).toEqual([
      `${waiting} 1-121 3`,
      'awaiting-online-files.downloading 121- 0',
    ])
  })

  test('goes on over a restart: a brief look at the disk parts no wait', () => {
    expect(told([0, waiting], [100, 'deciding.surveying'], [101, checking], [102, waiting])).toEqual([
      `${waiting} 0- 1`,
    ])
  })

  test('shows a look at the disk that takes long, and one that is still going on', () => {
    expect(told([0, 'deciding.surveying'], [61, checking])).toEqual([
      'deciding.surveying 0-61 0',
      `${checking} 61- 0`,
    ])
    expect(told([0, waiting], [9, 'deciding.surveying'])).toEqual([
      `${waiting} 0-9 0`,
      'deciding.surveying 9- 0',
    ])
  })

  test('counts the tries of a step as the step, and keeps its problem', () => {
    const logging = 'processing-errors.logging'
    const spans = courseOf(
      entriesOf([0, logging], [1, `${logging}-backing-off`, 'FileProblem'], [5, logging], [9, 'done']),
    ).spans
    expect(spans.map(({ state, problemCode }) => [state, problemCode])).toEqual([
      [logging, 'FileProblem'],
      ['done', null],
    ])
  })

  test('is one span where asking the server failed for a while, and where a step of the only kind did', () => {
    expect(
      told([0, waiting], [9, checking], [10, `${checking}-backing-off`], [20, checking], [21, waiting]),
    ).toEqual([`${waiting} 0- 2`])
    const ids = 'checking-ids.checking'
    expect(told([0, ids], [1, 'checking-ids.backing-off'], [5, ids], [6, 'failed'])).toEqual([
      `${ids} 0-6 0`,
      'failed 6- 0',
    ])
  })

  test('leaves out what has no time, and the oldest of very many', () => {
    expect(courseOf([{ at: 'yesterday', from: 'start', event: '', to: waiting }]).spans).toEqual([])
    const many = Array.from({ length: 90 }, (_, at) => [at, at % 2 === 0 ? 'failed' : waiting] as const)
    const { spans, omittedSpans } = courseOf(entriesOf(...many))
    expect([spans.length, omittedSpans]).toEqual([60, 30])
    expect(spans.at(-1)).toMatchObject({ state: waiting, toMs: null })
  })

  test('says of a stop whether it waits for a person', () => {
    const [entry] = entriesOf([0, 'failed', 'AccessDenied'])
    const phases = [true, false].map((needsPerson) => {
      const problem = { code: 'AccessDenied', needsPerson }
      return courseOf(entry === undefined ? [] : [{ ...entry, facts: { problem } }]).spans[0]?.phase
    })
    expect(phases).toEqual(['needs-person', 'failed'])
  })
})
