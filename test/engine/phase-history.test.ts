import { array, assert, constantFrom, integer, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { historyOf, historyOfEntries, phaseChangesIn } from '../../src/engine/phase-history.js'
import { restingStates } from '../../machines/state-paths.js'
import { phaseOf, phases, phaseWords } from '../../src/engine/phases.js'
import { stuckReason } from '../../src/engine/triple-story.js'
import { chartStates } from '../../src/inspect/chart/statechart-svg.js'
import { stuckWords } from '../../src/inspect/page/triple-words.js'

const dayMs = 86_400_000
const startMs = Date.UTC(2026, 0, 1)
const entry = (atMs: number, to: string) => ({ at: new Date(atMs).toISOString(), from: '', event: '', to })
const problem = (needsPerson: boolean) => ({ code: 'Code', message: 'It broke.', hint: null, needsPerson })

describe('the history of a workspace', () => {
  test('counts at the end of each bucket where every triple is', () => {
    const minute = 60_000
    const history = historyOf(
      [
        [
          { atMs: startMs + 1, phase: 'at-server' },
          { atMs: startMs + 2 * minute + 1, phase: 'failed' },
        ],
        [{ atMs: startMs + minute + 1, phase: 'at-server' }],
      ],
      startMs + 20 * minute,
    )
    expect(history).toMatchObject({ firstEndMs: startMs + 15_000, bucketMs: 15_000, triples: 2 })
    const at = (ms: number) => Math.floor((startMs + ms - history.firstEndMs) / history.bucketMs)
    expect(history.counts['at-server'].slice(0, 9)).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 1])
    expect(history.counts.failed[at(2 * minute)]).toBe(0)
    expect(history.counts.failed.at(-1)).toBe(1)
  })

  test('is of no triple where no journal tells anything', () => {
    expect(historyOf([], startMs).counts.failed).toEqual([])
    expect(historyOf([[]], startMs)).toMatchObject({ triples: 0 })
    expect(historyOfEntries([{ at: 'never', from: '', event: '', to: 'failed' }]).triples).toBe(0)
  })

  test('has at most 120 buckets and every triple once in the last one, whatever the times', () => {
    const changes = array(
      record({ atMs: integer({ min: 0, max: 4_000 * dayMs }), phase: constantFrom(...phases) }),
      { minLength: 1, maxLength: 8 },
    )
    assert(
      property(array(changes, { minLength: 1, maxLength: 5 }), (triples) => {
        const sorted = triples.map((one) => one.toSorted((left, right) => left.atMs - right.atMs))
        const { counts, firstEndMs, bucketMs } = historyOf(sorted, 4_000 * dayMs)
        const buckets = counts.failed.length
        expect(buckets).toBeLessThanOrEqual(120)
        expect(firstEndMs + (buckets - 1) * bucketMs).toBeGreaterThanOrEqual(4_000 * dayMs)
        expect(phases.reduce((sum, phase) => sum + (counts[phase].at(-1) ?? 0), 0)).toBe(triples.length)
        for (const phase of phases) {
          const now = sorted.filter((one) => one.at(-1)?.phase === phase).length
          expect(counts[phase].at(-1)).toBe(now)
        }
      }),
    )
  })

  test('knows a polled wait as one phase, and no step back in time', () => {
    const changes = phaseChangesIn([
      entry(startMs, 'awaiting-online-files.waiting'),
      entry(startMs + 5, 'submitting.waiting-for-room'),
      entry(startMs - dayMs, 'failed'),
      entry(startMs + 9, 'failed'),
    ])
    expect(changes).toEqual([
      { atMs: startMs, phase: 'at-server' },
      { atMs: startMs + 9, phase: 'failed' },
    ])
  })

  test('tells what waits for a person apart from what failed, as its journal notes the problem', () => {
    const changes = [true, false].map((needsPerson) =>
      phaseChangesIn([{ ...entry(startMs, 'failed'), facts: { problem: problem(needsPerson) } }]),
    )
    expect(changes.map(([change]) => change?.phase)).toEqual(['needs-person', 'failed'])
  })

  test('keeps a bounded story of each triple, the newest part', () => {
    const many = Array.from({ length: 500 }, (_, at) => entry(startMs + at, at % 2 === 0 ? 'failed' : 'done'))
    expect(phaseChangesIn(many).length).toBe(200)
    expect(phaseChangesIn(many).at(-1)?.atMs).toBe(startMs + 499)
  })
})

test('every state has a phase, and each phase a state', () => {
  const leaves = chartStates.filter((state) => !chartStates.some((other) => other.startsWith(`${state}.`)))
  expect([...new Set(leaves.map((state) => phaseOf(state)))].toSorted()).toEqual([...phases].toSorted())
})

describe('map, rows and reasons agree:', () => {
  const cases = chartStates.flatMap((state) => [
    [state, null] as const,
    [state, problem(false)] as const,
    [state, problem(true)] as const,
  ])

  test.each(cases)('%s with the problem %j', (state, its) => {
    const isResting = Object.hasOwn(restingStates, state)
    const stuck = stuckReason(
      {
        index: '1',
        state,
        stateSinceMs: 0,
        remoteStatus: null,
        lastPollAtMs: null,
        nextPollAtMs: null,
        attempt: 1,
        problem: its,
        isAtRest: isResting,
        isAtWork: true,
      },
      0,
    )
    const phase = phaseOf(state, its)
    expect(stuck === 'needs-attention').toBe(phase === 'needs-person')
    expect(stuck === 'failed').toBe(phase === 'failed')
    if (phase === 'failed' || phase === 'needs-person')
      expect(stuckWords[stuck ?? 'overdue']).toBe(phaseWords[phase])
  })
})
