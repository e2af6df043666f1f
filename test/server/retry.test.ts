import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { retryByHand, workspaceStatus } from '../../src/index.js'
import { faults, type BatchErrorObject, type BatchPlan, type RowOutcome } from '../../src/testing/index.js'
import {
  answeredTwice,
  countOf,
  expectSettled,
  idsUpTo,
  indexOf,
  metadataOf,
  namesIn,
  outcomes,
  reportOf,
  requestLine,
  resultTexts,
  resultsOf,
  warningsOf,
  withScene,
  type Scene,
} from './scene.js'

const minuteMs = 60_000

const noRoom: BatchErrorObject = {
  code: 'token_limit_exceeded',
  message: 'Enqueued token limit reached.',
  param: null,
  line: null,
}

/** Submits requests, waits until all is settled, and gives the index of the root. */
async function settle(scene: Scene, count: number): Promise<string> {
  const submitted = await scene.submit(scene.requests(count))
  await scene.watch()
  return indexOf(submitted)
}

const attempts = (scene: Scene, root: string): number[] =>
  resultsOf(scene, root).map(({ attempt }) => attempt)

describe('a lineage', () => {
  const passing: readonly RowOutcome[] = [
    'status-0',
    'timeout',
    'conflict',
    'rate-limited',
    'server-error',
    'response-and-error',
    'failed-body',
    'expired',
  ]

  test.each(passing)('sends %s again, those requests only, byte for byte', (answer) =>
    withScene({ defaults: { rows: [{ when: 'row-2', times: 1, answer }] } }, async (scene) => {
      const root = await settle(scene, 3)
      await expectSettled(scene, root, idsUpTo(3))
      expect(resultTexts(scene, root)).toEqual(['row-1 success', 'row-2 success', 'row-3 success'])
      expect(attempts(scene, root)).toEqual([1, 2, 1])
      const [, retry] = scene.server.batches()
      const sent = Buffer.from(scene.server.fileBytes(retry?.input_file_id ?? '') ?? []).toString()
      expect(sent).toBe(`${requestLine('row-2')}\n`)
      expect(retry?.metadata).toMatchObject({ root_index: root, attempt: '2' })
      expect(answeredTwice(scene)).toEqual([])
    }),
  )

  const final: readonly (readonly [RowOutcome, string])[] = [
    ['bad-request', 'permanent'],
    ['context-length', 'permanent'],
    ['insufficient-quota', 'needs-person'],
    ['unauthorized', 'needs-person'],
    ['forbidden', 'needs-person'],
    ['truncated', 'semantic'],
    ['content-filter', 'semantic'],
    ['refusal', 'semantic'],
    ['cancelled', 'not-executed'],
  ]

  test.each(final)('does not send %s again: it is %s', (answer, outcome) =>
    withScene({ defaults: { rows: [{ when: 'row-2', answer }] } }, async (scene) => {
      const root = await settle(scene, 3)
      expect(resultTexts(scene, root)[1]).toBe(`row-2 ${outcome}`)
      expect(scene.server.batches()).toHaveLength(1)
      await expectSettled(scene, root, idsUpTo(3))
    }),
  )

  test.each([1, 2, 3, 5])('has at most %i attempts, and then its last row is final', (maxAttempts) =>
    withScene({ defaults: { rows: [{ when: 'row-1', answer: 'server-error' }] } }, async (scene) => {
      const submitted = await scene.submit(scene.requests(2), { maxAttempts })
      await scene.watch({ maxAttempts })
      const root = indexOf(submitted)
      expect(scene.server.batches()).toHaveLength(maxAttempts)
      expect(resultTexts(scene, root)).toEqual(['row-1 transient', 'row-2 success'])
      expect(attempts(scene, root)).toEqual([maxAttempts, 1])
      await expectSettled(scene, root, idsUpTo(2))
    }),
  )

  test('whose errors stand in the output file is the same', () =>
    withScene({}, async (scene) => {
      scene.server.plan({
        rows: [{ when: /[12]$/, answer: 'rate-limited' }],
        damage: { errorsInOutput: true },
      })
      const root = await settle(scene, 4)
      expect(attempts(scene, root)).toEqual([2, 2, 1, 1])
      await expectSettled(scene, root, idsUpTo(4))
    }))

  test('of a batch in which everything failed has no output file and loses nothing', () =>
    withScene({}, async (scene) => {
      scene.server.plan({ rows: [{ when: /./, answer: 'server-error' }] })
      const root = await settle(scene, 4)
      expect(attempts(scene, root)).toEqual([2, 2, 2, 2])
      await expectSettled(scene, root, idsUpTo(4))
      expect(answeredTwice(scene)).toEqual([])
    }))

  test('in which everything fails for ever ends with one final row each', () =>
    withScene({ defaults: { rows: [{ when: /./, answer: 'server-error' }] } }, async (scene) => {
      const root = await settle(scene, 4)
      expect(resultTexts(scene, root)).toEqual(idsUpTo(4).map((id) => `${id} transient`))
      await expectSettled(scene, root, idsUpTo(4))
      expect(scene.server.batches()).toHaveLength(3)
    }))

  test('is not sent where retries are not allowed, and waits', () =>
    withScene(
      { defaults: { rows: [{ when: 'row-1', times: 1, answer: 'server-error' }] } },
      async (scene) => {
        const submitted = await scene.submit(scene.requests(2))
        const report = await scene.watch({ shouldSubmitRetries: false })
        expect(outcomes(report).toSorted()).toEqual(['done', 'not-submitted'])
        expect(scene.server.batches()).toHaveLength(1)
        await scene.watch()
        await expectSettled(scene, indexOf(submitted), idsUpTo(2))
      },
    ))
})

describe('a batch that is cut short', () => {
  const cuts: readonly (readonly [string, BatchPlan])[] = [
    ['expired half-way', { ending: { status: 'expired', afterShare: 0.5 } }],
    [
      'expired half-way, nothing said of the rest',
      { ending: { status: 'expired', afterShare: 0.5 }, unexecuted: 'nothing' },
    ],
    ['expired before anything', { ending: { status: 'expired', afterShare: 0 } }],
    [
      'expired before anything, no file',
      { ending: { status: 'expired', afterShare: 0 }, unexecuted: 'nothing' },
    ],
    ['expired at the very end', { ending: { status: 'expired', afterShare: 1 } }],
  ]

  test.each(cuts)('keeps what was paid for and sends only the rest again: %s', (_, plan) =>
    withScene({}, async (scene) => {
      scene.server.plan(plan)
      const root = await settle(scene, 6)
      await expectSettled(scene, root, idsUpTo(6))
      expect(answeredTwice(scene)).toEqual([])
      expect(resultTexts(scene, root)).toEqual(idsUpTo(6).map((id) => `${id} success`))
      expect(scene.server.executions()).toHaveLength(6)
      expect(warningsOf(scene)).toEqual([])
    }),
  )

  const cancellations: readonly (readonly [string, number, BatchPlan])[] = [
    ['half-way', 3, { ending: { status: 'cancelled', afterShare: 0.5 } }],
    [
      'half-way, nothing said of the rest',
      3,
      { ending: { status: 'cancelled', afterShare: 0.5 }, unexecuted: 'nothing' },
    ],
    ['half-way, shuffled', 3, { ending: { status: 'cancelled', afterShare: 0.5 }, order: 'shuffled' }],
    ['before anything', 6, { ending: { status: 'cancelled', afterShare: 0 } }],
    [
      'before anything, no file',
      6,
      { ending: { status: 'cancelled', afterShare: 0 }, unexecuted: 'nothing' },
    ],
    ['at the very end', 0, { ending: { status: 'cancelled', afterShare: 1 } }],
    [
      'after a row that failed for a passing reason',
      3,
      {
        ending: { status: 'cancelled', afterShare: 0.5 },
        rows: [{ when: 'row-1', times: 1, answer: 'rate-limited' }],
      },
    ],
  ]

  test.each(cancellations)(
    'by a person keeps what was paid for, says so, and sends nothing again by itself: %s',
    (_, left, plan) =>
      withScene({}, async (scene) => {
        scene.server.plan(plan)
        const root = await settle(scene, 6)
        await expectSettled(scene, root, idsUpTo(6))
        await scene.watch()
        expect(scene.server.batches()).toHaveLength(1)
        const texts = resultTexts(scene, root)
        expect(texts.filter((text) => text.endsWith(' not-executed'))).toHaveLength(left)
        expect(warningsOf(scene)).toEqual([
          expect.stringMatching(
            `was cancelled at the server; ${left} of 6 requests were not executed and are not sent again; .*retry ${scene.workspace.root} ${root}`,
          ),
        ])
      }),
  )

  test('by a person is sent again when a person asks, and only what has no answer', () =>
    withScene({}, async (scene) => {
      scene.server.plan({ ending: { status: 'cancelled', afterShare: 0.5 } })
      const root = await settle(scene, 6)
      await retryByHand(scene.workspace, root, { client: scene.client, clock: scene.clock })
      await scene.watch()
      await expectSettled(scene, root, idsUpTo(6))
      expect(resultTexts(scene, root)).toEqual(idsUpTo(6).map((id) => `${id} success`))
      expect(scene.server.executions()).toHaveLength(6)
    }))

  test.each(['expired', 'cancelled'] as const)(
    '%s with more completed than its files hold is never sent again: a person decides',
    (status) =>
      withScene({ faults: [faults.lyingCounts({ total: 6, completed: 5, failed: 0 })] }, async (scene) => {
        scene.server.plan({ ending: { status, afterShare: 0.5 }, unexecuted: 'nothing' })
        await scene.submit(scene.requests(6))
        const report = await scene.watch()
        expect(outcomes(report)).toEqual(['needs-attention RequestIdsMismatch'])
        const { problem } = report.triples[0] ?? {}
        expect(problem?.message).toMatch(/completed 5 requests; the files here answer 3, and 3 have no row/)
        expect(problem?.hint).toMatch(/`batch-reconciler accept \/\S+ [\da-f-]{36}`/)
        expect(problem?.facts).toMatchObject({ completed: 5, answered: 3, missing: 3 })
        expect(scene.server.batches()).toHaveLength(1)
        expect(countOf(scene, 'files.content')).toBe(4)
        expect(namesIn(scene, 'done')).toEqual([])
      }),
  )

  test('with more completed than its files hold, and no file ever named, is for a person as well', () =>
    withScene({ faults: [faults.lyingCounts({ total: 6, completed: 2, failed: 0 })] }, async (scene) => {
      scene.server.plan({ ending: { status: 'expired', afterShare: 0 }, unexecuted: 'nothing' })
      await scene.submit(scene.requests(6))
      expect(outcomes(await scene.watch())).toEqual(['needs-attention RequestIdsMismatch'])
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('again and again ends with the rows that were never executed marked as such', () =>
    withScene({ defaults: { ending: { status: 'expired', afterShare: 0.5 } } }, async (scene) => {
      const root = await settle(scene, 8)
      expect(scene.server.batches()).toHaveLength(3)
      const rows = resultTexts(scene, root)
      expect(rows.filter((row) => row.endsWith(' success'))).toHaveLength(7)
      expect(rows.at(-1)).toBe('row-8 not-executed')
      await expectSettled(scene, root, idsUpTo(8))
      expect(answeredTwice(scene)).toEqual([])
    }))
})

describe('a batch that failed', () => {
  const errors: readonly BatchErrorObject[] = [
    { code: 'model_not_found', message: 'There is no such model.', param: 'body.model', line: 3 },
    { code: 'invalid_url', message: 'No such URL.', param: 'url', line: 7 },
  ]

  test('is for a person, who reads code, line and words, now and in the status', () =>
    withScene({}, async (scene) => {
      scene.server.plan({ ending: { status: 'failed', errors } })
      const submitted = await scene.submit(scene.requests(3))
      const report = await scene.watch()
      expect(outcomes(report)).toEqual(['needs-attention BatchFailed'])
      const { problem } = reportOf(report, indexOf(submitted))
      expect(problem?.message).toMatch(/model_not_found.*There is no such model\..*line 3.*1 more/)
      expect(problem?.facts?.['errors']).toEqual(errors)
      const status = await workspaceStatus(scene.workspace)
      expect(status.triples[0]?.problem?.message).toBe(problem?.message)
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('is not sent again by later runs, with leave or without', () =>
    withScene({}, async (scene) => {
      scene.server.plan({ ending: { status: 'failed', errors } })
      const path = scene.requests(3)
      await scene.submit(path)
      await scene.watch()
      await scene.submit(path)
      await scene.run({ shouldSubmit: true })
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('while it ran keeps its files: nothing is lost, a person decides about the rest', () =>
    withScene({}, async (scene) => {
      scene.server.plan({ ending: { status: 'failed', errors, afterShare: 0.5 } })
      const submitted = await scene.submit(scene.requests(4))
      const report = await scene.watch()
      expect(reportOf(report, indexOf(submitted)).outcome.type).not.toBe('done')
      expect(namesIn(scene, 'workdir')).toContain(`batch_output_${indexOf(submitted)}.jsonl`)
      expect(report.triples[0]?.problem?.message).toMatch(/model_not_found|row-3/)
      expect(scene.server.batches()).toHaveLength(1)
    }))
})

describe('an account whose queue is full', () => {
  const others = idsUpTo(6).map((id) => `other-${id}`)
  /** Room for one of the batches below at a time. */
  const narrow = { limits: { enqueuedTokens: 250 }, defaults: { inProgressMs: 30 * minuteMs } } as const

  test('makes the triple wait for room; it is sent again from the same upload and costs no attempt', () =>
    withScene(narrow, async (scene) => {
      const first = await scene.submit(scene.requests(idsUpTo(5), 'a.jsonl'))
      const second = await scene.submit(scene.requests(others, 'b.jsonl'))
      const report = await scene.watch()
      expect(outcomes(report)).toEqual(['done', 'done'])
      await expectSettled(scene, indexOf(first), idsUpTo(5))
      await expectSettled(scene, indexOf(second), others)
      expect((await metadataOf(scene, indexOf(second))).attempt).toBe(1)
      expect(attempts(scene, indexOf(second))).toEqual([1, 1, 1, 1, 1, 1])
      expect(countOf(scene, 'files.create')).toBe(2)
      expect(scene.server.executions()).toHaveLength(11)
    }))

  test('never leads to two running batches, also when creations lose their answers and lists lag', () =>
    withScene({ ...narrow, faults: [faults.listLags({ ms: 40_000 })] }, async (scene) => {
      await scene.submit(scene.requests(idsUpTo(5), 'a.jsonl'))
      scene.server.script(faults.createAnswerLost({ times: 40 }))
      const second = await scene.submit(scene.requests(others, 'b.jsonl'))
      await scene.watch()
      await expectSettled(scene, indexOf(second), others)
      const ran = scene.server.batches().filter(({ status }) => status !== 'failed')
      expect(ran).toHaveLength(2)
      expect(scene.server.executions()).toHaveLength(11)
    }))

  test.each([
    [1, 2],
    // Refused twice while nothing else runs: two halves, of which the first is refused once.
    [3, 5],
  ])('a batch it refused %i times is never taken for the one that was made after it', (refusals, batches) =>
    withScene({ faults: [faults.listLags({ ms: 100_000 })] }, async (scene) => {
      const refused: BatchPlan = { ending: { status: 'failed', errors: [noRoom] } }
      scene.server.plan(...Array.from({ length: refusals }, () => refused))
      const later = { skip: refusals, times: Infinity }
      scene.server.script(faults.createAnswerLost(later))
      const submitted = await scene.submit(scene.requests(3))
      await scene.watch()
      await expectSettled(scene, indexOf(submitted), idsUpTo(3))
      expect(scene.server.batches()).toHaveLength(batches)
      expect(scene.server.executions()).toHaveLength(3)
    }),
  )

  test('leaves the triple pending at first and says why', () =>
    withScene({ limits: { enqueuedTokens: 10 } }, async (scene) => {
      await scene.submit(scene.requests(5))
      scene.server.finishBatches()
      const report = await scene.run()
      expect(outcomes(report)).toEqual(['pending BatchFailed'])
      expect(report.triples[0]?.state).toBe('submitting.waiting-for-room')
      expect(report.triples[0]?.problem?.message).toContain('token_limit_exceeded')
      expect(report.triples[0]?.problem?.hint).not.toMatch(/Mend/)
    }))
})

describe('rows of an odd kind', () => {
  test.each([
    ['duplicates of the same bytes', { duplicateLines: 2 }, 'done'],
    ['answers that also stand in the error file', { alsoInErrorFile: 1 }, 'done'],
    ['no final line feed', { noFinalNewline: true }, 'done'],
    ['ids nobody asked for', { unknownIds: 1 }, 'failed RequestIdsMismatch'],
    ['two different answers to one request', { conflictingLines: 1 }, 'failed ConflictingAnswers'],
  ] as const)('%s: %s', (_, damage, expected) =>
    withScene({ defaults: { damage } }, async (scene) => {
      const submitted = await scene.submit(scene.requests(4))
      const report = await scene.watch()
      expect(outcomes(report)[0]?.replace('needs-attention', 'failed')).toBe(expected)
      expect(namesIn(scene, 'done').length > 0).toBe(expected === 'done')
      expect(resultsOf(scene, indexOf(submitted))).toHaveLength(expected === 'done' ? 4 : 0)
      expect(scene.server.batches()).toHaveLength(1)
    }),
  )

  test('ids of any shape come back each in its own row', () =>
    withScene({ defaults: { order: 'shuffled' } }, async (scene) => {
      const ids = ['größe/1', '日本語', ' spaced ', '__proto__', '"quoted"', '\u2028', 'a'.repeat(500)]
      const path = scene.requests(0)
      writeFileSync(path, ids.map((id) => `${requestLine(id)}\n`).join(''))
      const submitted = await scene.submit(path)
      await scene.watch()
      await expectSettled(scene, indexOf(submitted), ids)
    }))
})
