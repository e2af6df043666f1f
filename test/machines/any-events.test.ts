import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { longestDelayMs, outcomeOf, tripleMachine, type TripleEvent } from '../../machines/index.js'
import { driveTriple, flushPromises, lasting, passing, stepNames, type DrivenTriple } from './harness.js'
import { stepOutcomes } from './model.js'

type Command =
  /** The running step ends with one of its outcomes. */
  | { readonly type: 'succeed'; readonly choice: number }
  | { readonly type: 'fail'; readonly error: unknown }
  | { readonly type: 'wait' }
  /** Something arrives from outside: a known event, an unknown one, or one that looks like XState's own. */
  | { readonly type: 'send'; readonly event: { readonly type: string } }

/** The largest problem the errors of this package may carry. */
const largeProblem = lasting({
  message: 'm'.repeat(1_000),
  hint: 'h'.repeat(500),
  causeMessage: 'c'.repeat(500),
  facts: { samples: Array.from({ length: 5 }, (_, at) => `batch_input_7.jsonl:${at} ${'s'.repeat(200)}`) },
})

const thrown = fc.oneof(
  fc.constantFrom<unknown>(passing(), passing({ retryAfterMs: 1e12 }), lasting(), largeProblem),
  fc.anything({ withBigInt: true, withNullPrototype: true }),
  fc.string({ maxLength: 5_000 }).map((message) => new Error(message)),
)

const foreignTypes = [
  'triple.rescan',
  'triple.retry',
  'triple.submit',
  'poll.due',
  'triple.explode',
  '',
  'triple.*',
  'xstate.after.backoff.triple.deciding.backing-off',
  'xstate.done.state.triple.deciding',
  ...stepNames.map((step) => `xstate.snapshot.${step}`),
]

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('succeed' as const), choice: fc.nat({ max: 9 }) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('fail' as const), error: thrown }) },
  { weight: 3, arbitrary: fc.constant({ type: 'wait' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('send' as const),
      event: fc.record({ type: fc.constantFrom(...foreignTypes) }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...endsOfSteps().map((event) => ({ type: 'send' as const, event }))),
  },
)

describe('a triple that anything may happen to', () => {
  test('never throws, and its context stays small and can be written down', async () => {
    const soundThroughout = fc.asyncProperty(
      fc.boolean(),
      fc.array(command, { maxLength: 60 }),
      async (maySubmit, commands) => {
        const driven = startWith(maySubmit)
        for (const next of commands) {
          carryOut(driven, next)
          await flushPromises()
          expectSound(driven.triple)
        }
        driven.triple.actor.stop()
      },
    )
    expect(await fc.check(soundThroughout, { numRuns: 150 })).toMatchObject({ failed: false })
  })

  test('does nothing at all when it hears what it does not know', () => {
    const { triple } = startWith(false)
    const before = triple.actor.getSnapshot()
    triple.actor.send({ type: 'triple.explode' } as unknown as TripleEvent)
    expect(triple.actor.getSnapshot()).toBe(before)
    triple.actor.stop()
  })

  test('has no wildcard that would take any event for its own', () => {
    expect(JSON.stringify(tripleMachine.config)).not.toContain('"*"')
  })
})

interface Driven {
  readonly triple: DrivenTriple
  readonly running: { end: { resolve: (output: unknown) => void; reject: (error: unknown) => void } | null }
}

/** A triple whose steps end when they are told to. */
function startWith(maySubmit: boolean): Driven {
  const running: Driven['running'] = { end: null }
  const hold = () => new Promise((resolve, reject) => (running.end = { resolve, reject }))
  return { running, triple: driveTriple(hold, { maySubmit }) }
}

function carryOut({ triple, running }: Driven, next: Command): void {
  const { actor, clock, ran } = triple
  const outcomes = stepOutcomes[ran.at(-1) ?? 'surveyTriple']
  if (next.type === 'succeed') running.end?.resolve(outcomes[next.choice % outcomes.length])
  else if (next.type === 'fail') running.end?.reject(next.error)
  else if (next.type === 'wait') clock.increment(longestDelayMs)
  else if (actor.getSnapshot().status === 'active') actor.send(next.event as TripleEvent)
}

function expectSound({ actor }: DrivenTriple): void {
  const snapshot = actor.getSnapshot()
  const written = JSON.stringify(snapshot.context)
  expect(snapshot.status).not.toBe('error')
  expect(Buffer.byteLength(written)).toBeLessThan(8 * 1_024)
  expect(JSON.parse(written)).toStrictEqual(snapshot.context)
  expect(() => outcomeOf(snapshot)).not.toThrow()
}

/**
 * What XState itself sends when a step succeeds, for every step and outcome, whether that step runs or not.
 * Failures are left out: XState lets a failure that no state handles end the actor, and none can come late,
 * because no state that runs a step listens to the outside (`structure.test.ts`).
 */
function endsOfSteps() {
  return stepNames.flatMap((step) =>
    stepOutcomes[step].map((output) => ({ type: `xstate.done.actor.${step}`, actorId: step, output })),
  )
}
