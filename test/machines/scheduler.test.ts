import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createActor, type InspectionEvent } from 'xstate'
import { schedulerMachine, type SchedulerActor } from '../../machines/index.js'

interface Running {
  readonly scheduler: SchedulerActor
  readonly admitted: number[]
  /** How many were live right after each admission. */
  readonly live: number[]
  readonly microsteps: () => number
  readonly settle: () => void
}

function schedule(triples: number, maxLive: number): Running {
  const admitted: number[] = []
  const live: number[] = []
  let settled = 0
  let microsteps = 0
  const inspect = (event: InspectionEvent): void => {
    if (event.type === '@xstate.microstep') microsteps += 1
  }
  const scheduler = createActor(schedulerMachine, { input: { triples, maxLive }, inspect })
  scheduler.on('triple.admitted', ({ position }) => {
    admitted.push(position)
    live.push(admitted.length - settled)
  })
  scheduler.start()
  const settle = (): void => {
    settled += 1
    scheduler.send({ type: 'triple.settled' })
  }
  return { scheduler, admitted, live, settle, microsteps: () => microsteps }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, position) => position)

describe('the scheduler', () => {
  test('settles at once when there is nothing to do', () => {
    const { scheduler, admitted } = schedule(0, 4)
    expect(scheduler.getSnapshot()).toMatchObject({ status: 'done', output: { started: 0, settled: 0 } })
    expect(admitted).toEqual([])
  })

  test('admits no more than may be live, and one more for each that settles', () => {
    const { admitted, settle, scheduler } = schedule(5, 2)
    expect(admitted).toEqual([0, 1])
    settle()
    expect(admitted).toEqual([0, 1, 2])
    for (let left = 4; left > 0; left -= 1) settle()
    expect(admitted).toEqual(upTo(5))
    expect(scheduler.getSnapshot()).toMatchObject({ status: 'done', output: { started: 5, settled: 5 } })
  })

  test('keeps working with one at a time when it is told fewer', () => {
    for (const maxLive of [1, 0, -3]) {
      const { admitted, settle, scheduler } = schedule(3, maxLive)
      expect(admitted).toEqual([0])
      for (let left = 3; left > 0; left -= 1) settle()
      expect(scheduler.getSnapshot().status).toBe('done')
    }
  })

  test('goes on when more triples are found while the last ones work', () => {
    const { scheduler, admitted, settle } = schedule(1, 4)
    scheduler.send({ type: 'triples.found', triples: 2 })
    expect(admitted).toEqual([0, 1, 2])
    settle()
    settle()
    expect(scheduler.getSnapshot().status).toBe('active')
    settle()
    expect(scheduler.getSnapshot().status).toBe('done')
  })

  test('starts nothing new once stopped, and waits for what is at work', () => {
    const { scheduler, admitted, settle } = schedule(10, 3)
    scheduler.send({ type: 'scheduler.stop' })
    scheduler.send({ type: 'triples.found', triples: 5 })
    settle()
    settle()
    expect(scheduler.getSnapshot().status).toBe('active')
    settle()
    expect(scheduler.getSnapshot()).toMatchObject({ status: 'done', output: { started: 3, settled: 3 } })
    expect(admitted).toEqual([0, 1, 2])
  })

  test('stands a triple that settles while it is being admitted', () => {
    const scheduler = createActor(schedulerMachine, { input: { triples: 100, maxLive: 3 } })
    const admitted: number[] = []
    scheduler.on('triple.admitted', ({ position }) => {
      admitted.push(position)
      scheduler.send({ type: 'triple.settled' })
    })
    scheduler.start()
    expect(admitted).toEqual(upTo(100))
    expect(scheduler.getSnapshot().status).toBe('done')
  })

  test('takes steps in proportion to the triples, for few live and for all live at once', () => {
    for (const [fewLive, manyLive] of [
      [64, 64],
      [1_000, 10_000],
    ] as const) {
      const perTriple = stepsFor(1_000, fewLive) / 1_000
      expect(perTriple).toBeLessThan(5)
      expect(stepsFor(10_000, manyLive) / 10_000).toBeLessThanOrEqual(perTriple * 1.01)
    }
  })
})

function stepsFor(triples: number, maxLive: number): number {
  const { scheduler, settle, microsteps } = schedule(triples, maxLive)
  for (let left = triples; left > 0; left -= 1) settle()
  expect(scheduler.getSnapshot().status).toBe('done')
  return microsteps()
}

/** What the engine may do to a scheduler, in any order; a number is that many triples found. */
type Command = 'settle' | 'stop' | number

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.constant('settle' as const) },
  { weight: 2, arbitrary: fc.nat({ max: 6 }) },
  { weight: 1, arbitrary: fc.constant('stop' as const) },
)

describe('the scheduler, in whatever order things happen', () => {
  const cases = fc.tuple(
    fc.nat({ max: 60 }),
    fc.integer({ min: 1, max: 9 }),
    fc.array(command, { maxLength: 80 }),
  )

  test('admits each position once, in order, and never too many at a time', () => {
    fc.assert(
      fc.property(cases, ([triples, maxLive, commands]) => {
        const { running, expected } = carryOut(triples, maxLive, commands)
        expect(running.admitted).toEqual(upTo(expected))
        expect(Math.max(0, ...running.live)).toBeLessThanOrEqual(maxLive)
        expect(running.scheduler.getSnapshot()).toMatchObject({
          status: 'done',
          output: { started: expected, settled: expected },
        })
      }),
      { numRuns: 300 },
    )
  })
})

/**
 * Plays the commands as long as the scheduler lives, then settles what is left. `expected` is how many triples
 * had to be admitted: all that were known, or those that had been when the stop came.
 */
function carryOut(triples: number, maxLive: number, commands: readonly Command[]) {
  const running = schedule(triples, maxLive)
  const { scheduler, admitted, settle } = running
  let known = triples
  let atStop: number | null = null
  for (const next of commands) {
    if (scheduler.getSnapshot().status === 'done') break
    if (next === 'settle') settle()
    else if (next === 'stop') {
      scheduler.send({ type: 'scheduler.stop' })
      atStop ??= admitted.length
    } else {
      scheduler.send({ type: 'triples.found', triples: next })
      known += next
    }
  }
  while (scheduler.getSnapshot().status === 'active') settle()
  return { running, expected: atStop ?? known }
}
