import { describe, expect, test } from 'vitest'
import { longestDelayMs, outcomeOf, statePathOf } from '../../machines/index.js'
import {
  accounted,
  driveTriple,
  factsOf,
  flushPromises,
  lasting,
  passing,
  rows,
  runToRest,
  stepNames,
  type Notes,
  type Respond,
  type StepName,
} from './harness.js'

const ended: Notes = {
  submission: 'submitted',
  batchId: 'batch_1',
  remoteStatus: 'completed',
  outputFileId: 'file-output',
  errorFileId: 'file-error',
}

/** From an input alone to done: one walk that runs all ten steps. */
const wholeWalk: readonly StepName[] = [
  'surveyTriple',
  'submitBatch',
  'surveyTriple',
  'checkOnline',
  'downloadFiles',
  'surveyTriple',
  'checkIds',
  'processErrorFile',
  'processOutputFile',
  'retryFailedRequests',
  'recordResults',
  'moveToDone',
]

const surveys = [
  factsOf('I'),
  factsOf('IM', { submission: 'submitted', batchId: 'batch_1', remoteStatus: 'in_progress' }),
  factsOf('IOEM', ended),
]

/** Answers of the whole walk; a survey is counted by what succeeded before it, so that retries do not skip one. */
function wholeWalkAnswers(): Respond {
  let surveyed = 0
  const answers: Record<StepName, () => unknown> = {
    surveyTriple: () => surveys[Math.min(surveyed++, surveys.length - 1)],
    submitBatch: () => ({ type: 'submitted', batchId: 'batch_1' }),
    splitBatch: () => undefined,
    checkOnline: () => ({ type: 'files-ready', remoteStatus: 'completed' }),
    downloadFiles: () => undefined,
    checkIds: () => accounted(),
    processErrorFile: () => rows(1),
    processOutputFile: () => rows(1),
    retryFailedRequests: () => ({ retryIndex: '8', requests: 1 }),
    recordResults: () => undefined,
    moveToDone: () => undefined,
  }
  return (step) => answers[step]()
}

/** The first calls of one step fail with the given error, the rest answer. */
function failing(step: StepName, times: number, error: Error): Respond {
  const answers = wholeWalkAnswers()
  return (asked, nth, input) => {
    if (asked === step && nth < times) throw error
    return answers(asked, nth, input)
  }
}

/** Every step of that walk; splitting leads elsewhere and has tests of its own. */
const walkSteps = stepNames.filter((step) => step !== 'splitBatch')

const walkUpTo = (step: StepName): StepName[] => wholeWalk.slice(0, wholeWalk.indexOf(step) + 1)
const repeat = (step: StepName, times: number): StepName[] => Array.from({ length: times }, () => step)

describe('a step that fails', () => {
  test('is never met on the whole walk when all goes well', async () => {
    const triple = driveTriple(wholeWalkAnswers(), { maySubmit: true })
    const snapshot = await runToRest(triple)
    expect(triple.ran).toEqual(wholeWalk)
    expect(outcomeOf(snapshot)).toEqual({ type: 'done', retryIndex: '8' })
    expect(triple.clock.delaysMs).toEqual([])
  })

  test.each(walkSteps)('%s: is tried again after passing failures, and the walk goes on', async (step) => {
    for (const failures of [1, 2, 5]) {
      const triple = driveTriple(failing(step, failures, passing()), { maySubmit: true })
      const snapshot = await runToRest(triple)
      const at = wholeWalk.indexOf(step)
      expect(triple.ran).toEqual([
        ...wholeWalk.slice(0, at),
        ...repeat(step, failures),
        ...wholeWalk.slice(at),
      ])
      expect(statePathOf(snapshot)).toBe('done')
      expect(snapshot.context).toMatchObject({ problem: null, failures: 0 })
      expect(triple.clock.delaysMs).toHaveLength(failures)
    }
  })

  test.each(walkSteps)('%s: parks the triple when passing failures go on', async (step) => {
    const maxRetries = 2
    const error = passing({ message: `${step} is cut off.` })
    const triple = driveTriple(failing(step, Infinity, error), { maySubmit: true, limits: { maxRetries } })
    const snapshot = await runToRest(triple)
    expect(triple.ran).toEqual([...walkUpTo(step), ...repeat(step, maxRetries)])
    expect(statePathOf(snapshot)).toBe('failed')
    expect(outcomeOf(snapshot)).toEqual({ type: 'failed', problem: error.problem })
  })

  test.each(walkSteps)('%s: parks the triple at once for a lasting failure', async (step) => {
    const error = lasting({ message: `${step} found no space.` })
    const triple = driveTriple(failing(step, Infinity, error), { maySubmit: true })
    const snapshot = await runToRest(triple)
    expect(triple.ran).toEqual(walkUpTo(step))
    expect(statePathOf(snapshot)).toBe('failed')
    expect(outcomeOf(snapshot)).toEqual({ type: 'failed', problem: error.problem })
    expect(triple.clock.delaysMs).toEqual([])
  })

  test.each(walkSteps.filter((step) => step !== 'moveToDone'))(
    '%s: moves nothing, whatever it failed with',
    async (step) => {
      for (const error of [lasting(), passing(), new TypeError('A fault of ours.')]) {
        const triple = driveTriple(failing(step, Infinity, error), { maySubmit: true })
        await runToRest(triple)
        expect(triple.ran).not.toContain('moveToDone')
      }
    },
  )

  test('of splitting is tried again, and parks the triple when that goes on', async () => {
    const refused = {
      type: 'no-room',
      problem: lasting().problem,
      refusal: { refusals: 2, othersUnderWay: 0 },
    }
    for (const [failures, state] of [
      [2, 'done'],
      [Infinity, 'failed'],
    ] as const) {
      const triple = driveTriple(
        (step, nth) => {
          if (step === 'splitBatch' && nth < failures) throw passing()
          if (step === 'surveyTriple')
            return factsOf('IM', { submission: 'intended', splitParts: nth === 0 ? null : 2 })
          if (step === 'submitBatch') return refused
          return step === 'checkIds' ? accounted(3) : rows(3)
        },
        { limits: { maxRetries: 3 } },
      )
      const snapshot = await runToRest(triple)
      expect(statePathOf(snapshot)).toBe(state)
      expect(triple.ran.filter((step) => step === 'splitBatch')).toHaveLength(failures === 2 ? 3 : 4)
      expect(triple.ran.includes('moveToDone')).toBe(state === 'done')
    }
  })

  test('shows beside which step the triple backs off', async () => {
    const seen = new Map<StepName, string>()
    for (const step of walkSteps) {
      const triple = driveTriple(failing(step, 1, passing()), { maySubmit: true })
      triple.actor.subscribe((snapshot) => {
        if (snapshot.hasTag('backing-off')) seen.set(step, statePathOf(snapshot))
      })
      await runToRest(triple)
    }
    expect(Object.fromEntries(seen)).toEqual({
      surveyTriple: 'deciding.backing-off',
      submitBatch: 'submitting.backing-off',
      checkOnline: 'awaiting-online-files.checking-backing-off',
      downloadFiles: 'awaiting-online-files.downloading-backing-off',
      checkIds: 'checking-ids.backing-off',
      processErrorFile: 'processing-errors.logging-backing-off',
      processOutputFile: 'processing-outputs.backing-off',
      retryFailedRequests: 'processing-errors.retrying-backing-off',
      recordResults: 'moving-to-done.recording-backing-off',
      moveToDone: 'moving-to-done.moving-backing-off',
    })
  })

  test('gives each step the full number of tries', async () => {
    const answers = wholeWalkAnswers()
    const triple = driveTriple(
      (step, nth, input) => {
        if (nth < 2 && step !== 'surveyTriple') throw passing()
        return answers(step, nth, input)
      },
      { maySubmit: true, limits: { maxRetries: 2 } },
    )
    expect(statePathOf(await runToRest(triple))).toBe('done')
  })
})

describe('how long a triple backs off', () => {
  test('doubles from the base to the cap, each spread over its upper half', async () => {
    const limits = { maxRetries: 6, backoffBaseMs: 1_000, backoffCapMs: 10_000 }
    const delaysMs = await delaysOf(passing(), limits)
    const fullMs = [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]
    expect(delaysMs).toHaveLength(fullMs.length)
    for (const [at, full] of fullMs.entries()) {
      expect(delaysMs[at]).toBeGreaterThanOrEqual(full / 2)
      expect(delaysMs[at]).toBeLessThanOrEqual(full)
    }
  })

  test('is what the server asked for when that is longer', async () => {
    expect(await delaysOf(passing({ retryAfterMs: 45_000 }), { maxRetries: 2 })).toEqual([45_000, 45_000])
  })

  test('is not shortened by what the server asked for', async () => {
    const [delayMs] = await delaysOf(passing({ retryAfterMs: 1 }), { maxRetries: 1, backoffBaseMs: 1_000 })
    expect(delayMs).toBeGreaterThanOrEqual(500)
  })

  test('stays within what a timer can hold', async () => {
    expect(await delaysOf(passing({ retryAfterMs: 2 ** 40 }), { maxRetries: 1 })).toEqual([longestDelayMs])
  })

  test('differs between triples and is the same for one triple each time', async () => {
    const indices = Array.from({ length: 20 }, (_, at) => String(at))
    const delaysMs = await Promise.all(indices.map(firstDelayOf))
    expect(new Set(delaysMs).size).toBe(20)
    expect(await Promise.all(indices.map(firstDelayOf))).toEqual(delaysMs)
  })

  test('ends at its full length and not a millisecond sooner', async () => {
    const triple = driveTriple(failing('surveyTriple', 1, passing({ retryAfterMs: 9_000 })))
    await flushPromises()
    triple.clock.increment(8_999)
    expect(statePathOf(triple.actor.getSnapshot())).toBe('deciding.backing-off')
    triple.clock.increment(1)
    expect(statePathOf(triple.actor.getSnapshot())).toBe('deciding.surveying')
  })
})

async function delaysOf(error: Error, limits = {}): Promise<readonly number[]> {
  const triple = driveTriple(failing('moveToDone', Infinity, error), { maySubmit: true, limits })
  await runToRest(triple)
  return triple.clock.delaysMs
}

async function firstDelayOf(index: string): Promise<number | undefined> {
  const triple = driveTriple(failing('surveyTriple', 1, passing()), { index })
  await runToRest(triple)
  return triple.clock.delaysMs[0]
}
