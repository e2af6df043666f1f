import { describe, expect, test } from 'vitest'
import { outcomeOf, statePathOf, type OnlineVerdict } from '../../machines/index.js'
import {
  accounted,
  driveTriple,
  factsOf,
  idsMissing,
  passing,
  rows,
  runToRest,
  type DrivenTriple,
  type Notes,
  type StepName,
} from './harness.js'

const ended: Notes = {
  submission: 'submitted',
  batchId: 'batch_1',
  remoteStatus: 'completed',
  outputFileId: 'file-output',
}
const ready: OnlineVerdict = { type: 'files-ready', remoteStatus: 'completed' }
const nothingMore: OnlineVerdict = { type: 'nothing-more', remoteStatus: 'completed' }
const unpublished: OnlineVerdict = { type: 'not-published', remoteStatus: 'completed' }

/** Input and output are here, ids are missing, and the server is asked. */
function missingIds(online: (nth: number) => OnlineVerdict, limits = {}): DrivenTriple {
  return driveTriple(
    (step, nth) => {
      if (step === 'surveyTriple') return factsOf('IOM', ended)
      if (step === 'checkIds') return idsMissing
      if (step === 'checkOnline') return online(nth)
      return undefined
    },
    { limits },
  )
}

/** Only the input is here; its batch has ended. */
const unpublishedTriple = (online: (nth: number) => OnlineVerdict): DrivenTriple =>
  driveTriple((step, nth) =>
    step === 'surveyTriple' ? factsOf('IM', { ...ended, outputFileId: null }) : online(nth),
  )

const tracelessSubmission = (step: StepName): unknown =>
  step === 'surveyTriple' ? factsOf('I') : { type: 'submitted', batchId: 'batch_1' }

const times = (ran: readonly StepName[], step: StepName): number =>
  ran.filter((other) => other === step).length

describe('ids that are missing', () => {
  test.each([0, 1, 3])('send the triple back to the server at most %i times', async (maxLooksAgain) => {
    const triple = missingIds(() => ready, { maxLooksAgain })
    const snapshot = await runToRest(triple)
    expect(times(triple.ran, 'downloadFiles')).toBe(maxLooksAgain)
    expect(times(triple.ran, 'checkIds')).toBe(maxLooksAgain + 1)
    expect(statePathOf(snapshot)).toBe('failed')
    expect(outcomeOf(snapshot)).toMatchObject({ type: 'failed', problem: { code: 'RequestIdsMismatch' } })
    expect(snapshot.context.counts).toMatchObject({ missing: 1 })
  })

  test('have every file fetched anew, while a first fetch takes only what is absent', async () => {
    const triple = missingIds(() => ready, { maxLooksAgain: 1 })
    await runToRest(triple)
    expect(inputsOf(triple, 'downloadFiles')).toMatchObject([{ wanted: 'all-anew' }])

    const first = driveTriple((step, nth) => {
      if (step === 'surveyTriple') return nth === 0 ? factsOf('IM', ended) : factsOf('IOM', ended)
      if (step === 'checkOnline') return ready
      if (step === 'checkIds') return accounted()
      return rows()
    })
    await runToRest(first)
    expect(inputsOf(first, 'downloadFiles')).toMatchObject([{ wanted: 'absent' }])
  })

  test.each([nothingMore, { type: 'offline' } as const, unpublished])(
    'stay the reason when the server says $type',
    async (verdict) => {
      const triple = missingIds(() => verdict)
      const snapshot = await runToRest(triple)
      expect(statePathOf(snapshot)).toBe('failed')
      expect(outcomeOf(snapshot)).toMatchObject({ type: 'failed', problem: { code: 'RequestIdsMismatch' } })
      expect(triple.ran).not.toContain('moveToDone')
    },
  )

  test('stay the reason when the connection was cut in between', async () => {
    const triple = missingIds((nth) => {
      if (nth === 0) throw passing()
      return nothingMore
    })
    expect(outcomeOf(await runToRest(triple))).toMatchObject({ problem: { code: 'RequestIdsMismatch' } })
  })

  test('are looked for again with the full number of tries', async () => {
    const triple = driveTriple((step, nth) => {
      if (step === 'surveyTriple') return factsOf('IOM', ended)
      if ((step === 'checkIds' || step === 'checkOnline') && nth < 5) throw passing()
      if (step === 'checkIds') return nth === 5 ? idsMissing : accounted()
      if (step === 'checkOnline') return ready
      return rows()
    })
    expect(statePathOf(await runToRest(triple))).toBe('done')
  })
})

describe('a batch that ended and names no file', () => {
  test('is looked at three times more, a little later each time', async () => {
    const triple = unpublishedTriple(() => unpublished)
    await runToRest(triple)
    const { delaysMs } = triple.clock
    expect(times(triple.ran, 'checkOnline')).toBe(4)
    expect(delaysMs).toHaveLength(3)
    expect(delaysMs).toEqual(delaysMs.toSorted((left, right) => left - right))
  })

  test.each(['completed', 'expired', 'cancelled'])(
    'is waited for while files may still come, after the looks of a run: %s',
    async (remoteStatus) => {
      const triple = unpublishedTriple(() => ({ type: 'not-published', remoteStatus, mayStillCome: true }))
      const snapshot = await runToRest(triple)
      expect(times(triple.ran, 'checkOnline')).toBe(4)
      expect(statePathOf(snapshot)).toBe('awaiting-online-files.waiting')
      expect(outcomeOf(snapshot)).toMatchObject({ type: 'pending', remoteStatus })
    },
  )

  test('is not asked about again in this pass by a triple for which that was tried already', async () => {
    const triple = unpublishedTriple(() => {
      throw passing({ hasBeenRetried: true })
    })
    const snapshot = await runToRest(triple)
    expect(times(triple.ran, 'checkOnline')).toBe(1)
    expect(outcomeOf(snapshot)).toMatchObject({ type: 'failed', problem: { isPassing: true } })
  })

  test('is reported as that, and not as the cut connection before it', async () => {
    const triple = unpublishedTriple((nth) => {
      if (nth === 0) throw passing({ retryAfterMs: 3_600_000 })
      return unpublished
    })
    const outcome = outcomeOf(await runToRest(triple))
    expect(outcome).toMatchObject({ type: 'needs-attention', problem: { code: 'BatchEndedWithoutFiles' } })
    expect(triple.clock.delaysMs.filter((delayMs) => delayMs >= 3_600_000)).toHaveLength(1)
  })
})

describe('steps whose success the disk does not show', () => {
  test('a download that leaves no file ends, instead of being fetched for ever', async () => {
    const triple = driveTriple((step) => {
      if (step === 'surveyTriple') return factsOf('IM', ended)
      return step === 'checkOnline' ? ready : undefined
    })
    const outcome = outcomeOf(await runToRest(triple))
    expect(outcome).toMatchObject({ type: 'failed', problem: { code: 'ReconciliationFailed' } })
    expect(times(triple.ran, 'downloadFiles')).toBe(6)
  })

  test('a submission that leaves no batch id is not sent a second time', async () => {
    const withLeave = driveTriple(tracelessSubmission, { maySubmit: true })
    const withLateLeave = driveTriple(tracelessSubmission)
    await runToRest(withLateLeave)
    withLateLeave.actor.send({ type: 'triple.submit' })
    for (const triple of [withLeave, withLateLeave]) {
      const outcome = outcomeOf(await runToRest(triple))
      expect(outcome).toMatchObject({ type: 'failed', problem: { code: 'ReconciliationFailed' } })
      expect(times(triple.ran, 'submitBatch')).toBe(1)
    }
  })

  test('waiting for room for days is no such case', async () => {
    const noRoom = { type: 'no-room', problem: { code: 'BatchFailed', message: 'No room.' } } as const
    const notes: Notes = { ...ended, outputFileId: null, remoteStatus: 'failed' }
    const triple = driveTriple(
      (step, nth) => {
        if (step === 'surveyTriple') return nth === 0 ? factsOf('I') : factsOf('IM', notes)
        return step === 'checkOnline' ? noRoom : { type: 'submitted', batchId: 'batch_1' }
      },
      { maySubmit: true },
    )
    for (let day = 0; day < 50; day += 1) {
      expect(statePathOf(await runToRest(triple))).toBe('submitting.waiting-for-room')
      triple.actor.send({ type: 'poll.due' })
    }
    expect(times(triple.ran, 'submitBatch')).toBe(51)
  })

  test('being polled for days is no such case', async () => {
    const triple = driveTriple((step) =>
      step === 'surveyTriple'
        ? factsOf('IM', { ...ended, outputFileId: null, remoteStatus: 'in_progress' })
        : { type: 'still-processing', remoteStatus: 'in_progress' },
    )
    for (let day = 0; day < 50; day += 1) {
      expect(statePathOf(await runToRest(triple))).toBe('awaiting-online-files.waiting')
      triple.actor.send({ type: 'triple.rescan' })
    }
  })
})

function inputsOf({ ran, inputs }: DrivenTriple, step: StepName): readonly unknown[] {
  return inputs.filter((_, at) => ran[at] === step)
}
