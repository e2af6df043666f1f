import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { removeWorkspaceLock } from '../../src/index.js'
import { faults, type BatchPlan, type BodyEnding, type Fault } from '../../src/testing/index.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { unsyncedFileSystem } from '../workspace/support.js'
import {
  answeredTwice,
  countOf,
  expectSettled,
  idsUpTo,
  indexOf,
  metadataOf,
  namesIn,
  outcomes,
  resultTexts,
  resultsOf,
  withScene,
  type Scene,
} from './scene.js'

const minuteMs = 60_000

/** Both files: the second request is refused for good. */
const bothFiles: BatchPlan = { rows: [{ when: 'row-2', answer: 'bad-request' }] }
const bothFilesRows = ['row-1 success', 'row-2 permanent', 'row-3 success']
/** Cancelled after two of three; the third is sent only when a person asks. */
const cancelledRows = ['row-1 success', 'row-2 permanent', 'row-3 not-executed']

/** A batch that has ended, known to its triple, nothing fetched yet. */
async function ended(scene: Scene, count = 3): Promise<string> {
  const submitted = await scene.submit(scene.requests(count))
  scene.server.finishBatches()
  return indexOf(submitted)
}

const endings: readonly BodyEnding[] = [
  'cut',
  'cut-chunked',
  'reset',
  'clean-end',
  'close',
  'short',
  'cut-gzip',
  'stall',
]

describe('a download that breaks off', () => {
  test.each(endings)('is never taken for a whole one, and fetched again: %s', (ending) =>
    withScene({ defaults: bothFiles }, async (scene) => {
      const index = await ended(scene)
      const cuts = scene.server.script(faults.downloadCut(ending, { times: 3 }))
      expect(outcomes(await scene.run())).toEqual(['done'])
      // Compression is not asked for: such a cut has nothing to bite on.
      expect(cuts.hits()).toBe(ending === 'cut-gzip' ? 2 : 3)
      expect(resultTexts(scene, index)).toEqual(bothFilesRows)
      expect(namesIn(scene, 'failed-items').filter((name) => name.includes('superseded'))).toEqual([])
      await expectSettled(scene, index, idsUpTo(3))
    }),
  )

  test.each(endings)('also at the end of a line, of which no trace is left: %s', (ending) =>
    withScene({}, async (scene) => {
      const index = await ended(scene, 20)
      scene.server.script(faults.downloadCut(ending, { atLineEnd: true, share: 0.7 }))
      expect(outcomes(await scene.run())).toEqual(['done'])
      await expectSettled(scene, index, idsUpTo(20))
      expect(answeredTwice(scene)).toEqual([])
    }),
  )

  test('of a server that keeps no sizes is noticed by the ids it lacks; what came first is kept', () =>
    withScene({ faults: [faults.fileGone({ times: Infinity })].map(onlyRecords) }, async (scene) => {
      const index = await ended(scene, 20)
      scene.server.script(faults.downloadCut('clean-end', { atLineEnd: true }))
      expect(outcomes(await scene.run())).toEqual(['done'])
      await expectSettled(scene, index, idsUpTo(20))
      expect(namesIn(scene, 'failed-items')).toEqual([
        expect.stringMatching(new RegExp(`^batch_superseded_output_${index}_[0-9a-f]{12}\\.jsonl$`)),
      ])
    }))

  test('every time leaves the triple waiting for a better day, and nothing half under a final name', () =>
    withScene({}, async (scene) => {
      const index = await ended(scene)
      const cuts = scene.server.script(faults.downloadCut('cut', { times: Infinity }))
      const report = await scene.run()
      expect(outcomes(report)).toEqual(['failed NetworkError'])
      expect(namesIn(scene, 'workdir')).toEqual([
        `batch_input_${index}.jsonl`,
        `batch_metadata_${index}.jsonl`,
      ])
      cuts.stop()
      expect(outcomes(await scene.run())).toEqual(['done'])
      await expectSettled(scene, index, idsUpTo(3))
    }))

  test('for hours is waited out by watch', () =>
    withScene({}, async (scene) => {
      const index = await ended(scene)
      scene.server.script(faults.downloadCut('cut', { times: 200 }))
      expect(outcomes(await scene.watch())).toEqual(['done'])
      await expectSettled(scene, index, idsUpTo(3))
    }))
})

/** The record of a file is refused, its content is not. */
const onlyRecords = (fault: Fault): Fault => ({ ...fault, on: 'files.retrieve' })

describe('a body that is no result file', () => {
  test.each([
    ['a page of HTML', faults.htmlPage('files.content')],
    [
      'an error object with status 200',
      jsonAnswer({ error: { message: 'Try later.', code: 'server_busy' } }),
    ],
    [
      'an empty body where there are rows',
      { on: 'files.content', effect: { type: 'answer', status: 200, body: '' } },
    ],
    ['502', faults.serverError('files.content', { status: 502, times: 3 })],
    ['429', faults.rateLimited('files.content', { retryAfterSeconds: 600 })],
  ] as const)('is not kept: %s', (_, fault) =>
    withScene({}, async (scene) => {
      const index = await ended(scene)
      scene.server.script(fault)
      expect(outcomes(await scene.run())).toEqual(['done'])
      await expectSettled(scene, index, idsUpTo(3))
    }),
  )
})

function jsonAnswer(body: Readonly<Record<string, unknown>>): Fault {
  return { on: 'files.content', effect: { type: 'answer', status: 200, body } }
}

describe('files the server does not name yet', () => {
  const plans: readonly (readonly [string, BatchPlan])[] = [
    ['completed', bothFiles],
    ['expired', { ...bothFiles, ending: { status: 'expired', afterShare: 0.7 } }],
    [
      'expired, nothing said of the rest',
      { ...bothFiles, ending: { status: 'expired', afterShare: 0.7 }, unexecuted: 'nothing' },
    ],
    ['cancelled', { ...bothFiles, ending: { status: 'cancelled', afterShare: 0.7 } }],
  ]

  test.each(plans)('are looked for again within a run: %s', (_, plan) =>
    withScene({ faults: [faults.filesUnpublished(2)] }, async (scene) => {
      scene.server.plan(plan)
      const index = await ended(scene)
      await scene.watch()
      await expectSettled(scene, index, idsUpTo(3))
      expect(answeredTwice(scene)).toEqual([])
    }),
  )

  test.each(plans)('are waited for by watch for minutes, and no answer is paid for twice: %s', (name, plan) =>
    withScene({}, async (scene) => {
      scene.server.plan(plan)
      const publishedAtMs = scene.server.now() + 6 * minuteMs
      scene.server.script(
        faults.misreported((batch) =>
          scene.server.now() < publishedAtMs
            ? { ...batch, output_file_id: null, error_file_id: null }
            : batch,
        ),
      )
      const submitted = await scene.submit(scene.requests(3))
      await scene.watch()
      await expectSettled(scene, indexOf(submitted), idsUpTo(3))
      expect(answeredTwice(scene)).toEqual([])
      const texts = resultTexts(scene, indexOf(submitted))
      expect(texts).toEqual(name === 'cancelled' ? cancelledRows : bothFilesRows)
    }),
  )

  test.each(plans)('are waited for when the error file is named first: %s', (_, plan) =>
    withScene({}, async (scene) => {
      scene.server.plan(plan)
      const publishedAtMs = scene.server.now() + 6 * minuteMs
      scene.server.script(
        faults.misreported((batch) =>
          scene.server.now() < publishedAtMs ? { ...batch, output_file_id: null } : batch,
        ),
      )
      const submitted = await scene.submit(scene.requests(3))
      await scene.watch()
      await expectSettled(scene, indexOf(submitted), idsUpTo(3))
      expect(answeredTwice(scene)).toEqual([])
    }),
  )

  test('are given up in the end: a batch that completed without a file needs a person', () =>
    withScene({ faults: [faults.filesUnpublished(Infinity)] }, async (scene) => {
      await scene.submit(scene.requests(3))
      expect(outcomes(await scene.watch())).toEqual(['needs-attention BatchEndedWithoutFiles'])
      expect(scene.clock.elapsedMs()).toBeGreaterThan(10 * minuteMs)
      expect(scene.clock.elapsedMs()).toBeLessThan(20 * minuteMs)
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('and never come, of a batch that expired before it ran anything, are sent again after a while', () =>
    withScene({}, async (scene) => {
      scene.server.plan({ ending: { status: 'expired', afterShare: 0 }, unexecuted: 'nothing' })
      const submitted = await scene.submit(scene.requests(3))
      await scene.watch()
      await expectSettled(scene, indexOf(submitted), idsUpTo(3))
      expect(resultsOf(scene, indexOf(submitted)).map(({ attempt }) => attempt)).toEqual([2, 2, 2])
    }))
})

describe('files that are gone', () => {
  test('need a person, who is told which and why', () =>
    withScene({}, async (scene) => {
      const index = await ended(scene)
      scene.server.script(faults.fileGone({ times: Infinity }))
      const report = await scene.run()
      expect(outcomes(report)).toEqual(['needs-attention BatchFilesGone'])
      const [batch] = scene.server.batches()
      expect(report.triples[0]?.problem?.message).toContain(String(batch?.output_file_id))
      expect(report.triples[0]?.problem?.hint).toMatch(/30 days/)
      expect(namesIn(scene, 'workdir')).toContain(`batch_input_${index}.jsonl`)
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('after a month: nothing is sent again by itself', () =>
    withScene({}, async (scene) => {
      await ended(scene)
      scene.server.advance(31 * 24 * 60 * minuteMs)
      expect(outcomes(await scene.watch({ shouldSubmit: true }))).toEqual(['needs-attention BatchFilesGone'])
      expect(scene.server.batches()).toHaveLength(1)
    }))
})

describe('odd file ids', () => {
  test("'' means none, and an error file of no bytes is a fact like any other", () =>
    withScene(
      { defaults: { damage: { emptyErrorFile: true } }, faults: [faults.emptyFileIds()] },
      async (scene) => {
        const index = await ended(scene)
        expect(outcomes(await scene.run())).toEqual(['done'])
        await expectSettled(scene, index, idsUpTo(3))
        expect((await metadataOf(scene, index)).error_file_id).toMatch(/^file-/)
        expect(namesIn(scene, 'done')).toContain(`batch_error_${index}.jsonl`)
      },
    ))

  test("'' beside an output file: nothing is asked of the file without a name", () =>
    withScene({ faults: [faults.emptyFileIds()] }, async (scene) => {
      const index = await ended(scene)
      expect(outcomes(await scene.run())).toEqual(['done'])
      expect(scene.server.requests('files.content').every(({ id }) => id !== '')).toBe(true)
      expect((await metadataOf(scene, index)).error_file_id).toBeNull()
    }))
})

describe('a process that goes between the two files', () => {
  test.each([
    ['before the output file has its name', 1],
    ['before the error file has its name', 2],
  ])('%s: the next run fetches what is missing and nothing else', (_, nth) =>
    withScene({ defaults: bothFiles }, async (scene) => {
      const index = await ended(scene)
      const disk = faultFileSystem(unsyncedFileSystem, [
        { operation: 'rename', path: '.part', nth, error: 'crash' },
      ])
      await scene
        .on(disk)
        .run()
        .catch(() => {})
      expect(disk.isCrashed()).toBe(true)
      await removeWorkspaceLock(scene.workspace)
      const before = countOf(scene, 'files.content')
      expect(outcomes(await scene.run())).toEqual(['done'])
      expect(countOf(scene, 'files.content') - before).toBe(3 - nth)
      expect(resultTexts(scene, index)).toEqual(bothFilesRows)
      await expectSettled(scene, index, idsUpTo(3))
    }),
  )

  test('what it left of a download is not taken for a beginning', () =>
    withScene({ defaults: bothFiles }, async (scene) => {
      const index = await ended(scene)
      const { layout } = scene.workspace
      for (const kind of ['output', 'error'] as const)
        writeFileSync(layout.partFile(kind, index), '{"half of')
      expect(outcomes(await scene.run())).toEqual(['done'])
      expect(readFileSync(layout.doneFile('output', index), 'utf8')).not.toContain('half of')
      await expectSettled(scene, index, idsUpTo(3))
    }))
})

describe('ids that are missing from a completed batch', () => {
  const twoAnswered: BatchPlan = { rows: [{ when: 'row-2', answer: 'missing' }] }

  test('are asked for again a few times, then nothing moves and a person hears which', () =>
    withScene({ defaults: twoAnswered }, async (scene) => {
      const index = await ended(scene)
      const report = await scene.watch()
      expect(outcomes(report)).toEqual(['failed RequestIdsMismatch'])
      expect(report.triples[0]?.problem?.message).toContain('row-2')
      expect(countOf(scene, 'files.content')).toBe(4)
      expect(namesIn(scene, 'done')).toEqual([])
      expect(namesIn(scene, 'workdir')).toContain(`batch_output_${index}.jsonl`)
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('are found when the server serves a fuller file later; the first one is kept', () =>
    withScene({}, async (scene) => {
      const index = await ended(scene)
      const [batch] = scene.server.batches()
      const whole = Buffer.from(scene.server.fileBytes(batch?.output_file_id ?? '') ?? []).toString()
      const first = `${whole.split('\n').slice(0, 2).join('\n')}\n`
      scene.server.script(onlyRecords(faults.fileGone({ times: Infinity })))
      scene.server.script({
        on: 'files.content',
        times: 2,
        effect: { type: 'answer', status: 200, body: first },
      })
      expect(outcomes(await scene.run())).toEqual(['done'])
      await expectSettled(scene, index, idsUpTo(3))
      const [kept = ''] = namesIn(scene, 'failed-items')
      expect(kept).toContain(`batch_superseded_output_${index}`)
      expect(readFileSync(`${scene.workspace.layout.failedItems}/${kept}`, 'utf8')).toBe(first)
    }))
})

describe('counts that lie', () => {
  test.each([
    ['everything completed', { total: 3, completed: 3, failed: 0 }],
    ['fewer than there are', { total: 2, completed: 1, failed: 0 }],
    ['nothing at all', { total: 0, completed: 0, failed: 0 }],
  ])('%s: the files decide, and the proof says where the server disagrees', (_, counts) =>
    withScene({ defaults: bothFiles, faults: [faults.lyingCounts(counts)] }, async (scene) => {
      const index = await ended(scene)
      expect(outcomes(await scene.run())).toEqual(['done'])
      expect(resultTexts(scene, index)).toEqual(bothFilesRows)
      const proof = JSON.parse(readFileSync(scene.workspace.layout.accountingFile(index), 'utf8')) as {
        contradictions: string[]
      }
      expect(proof.contradictions.length).toBeGreaterThan(0)
      const warnings = scene.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))
      expect(warnings).toEqual(expect.arrayContaining(proof.contradictions))
    }),
  )

  test('honest ones are not called lies', () =>
    withScene({ defaults: bothFiles }, async (scene) => {
      const index = await ended(scene)
      await scene.run()
      const proof = JSON.parse(readFileSync(scene.workspace.layout.accountingFile(index), 'utf8')) as {
        contradictions: string[]
      }
      expect(proof.contradictions).toEqual([])
      expect(scene.events.filter(({ type }) => type === 'warning')).toEqual([])
    }))
})
