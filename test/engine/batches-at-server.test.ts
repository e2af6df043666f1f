import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  importBatches,
  openAiBatchProvider,
  openWorkspace,
  submitRequests,
  type BatchProvider,
} from '../../src/index.js'
import { faults } from '../../src/testing/index.js'
import {
  callsOf,
  countOf,
  idsUpTo,
  outcomes,
  rejection,
  requestLine,
  warningsOf,
  withScene,
  type Scene,
} from '../server/scene.js'
import { filesBelow } from '../workspace/support.js'
import { madeOf } from './made-elsewhere.js'

const batchFiles = ({ workspace }: Scene): string[] =>
  Object.keys(filesBelow(workspace.root)).filter((name) => /^(workdir|logs)\//.test(name))

describe('requests that were sent from elsewhere', () => {
  test('are asked about before anything is written or sent, with the command that brings the batch in', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(5)
      const batchId = await madeOf(scene, readFileSync(path))
      const asked = await rejection(scene.submit(path))
      expect(asked.code).toBe('RequestsSentBefore')
      expect(asked.message).toContain(`${batchId} of 2026-01-02T03:04Z (`)
      expect(asked.message).toContain(`has 5 requests of ${path}. Nothing was sent.`)
      expect([batchFiles(scene), scene.server.batches().length]).toEqual([[], 1])

      const { root } = scene.workspace
      expect(asked.hint).toContain(`batch-reconciler import --batch ${batchId} ${root};`)
      const { client, clock } = scene
      await importBatches(scene.workspace, [batchId], { client, clock })
      const { leftOut, prepared } = await scene.submit(path)
      expect([leftOut[0]?.requests, prepared[0]?.isKnown]).toEqual([5, true])
      expect(outcomes(await scene.watch())).toEqual(['done'])
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('are sent once more by --again, without a look', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(5)
      await madeOf(scene, readFileSync(path))
      const { hint } = await rejection(scene.submit(path))
      expect(hint).toContain(`batch-reconciler submit ${scene.workspace.root} ${path} --again`)
      const calls = countOf(scene, 'files.list')
      expect(outcomes(await scene.submit(path, { shouldSubmitAgain: true }))).toEqual(['pending'])
      expect([countOf(scene, 'files.list'), scene.server.batches().length]).toEqual([calls, 2])
    }))

  test('by submit in another workspace, though the upload is deleted since', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(5)
      const other = await openWorkspace(join(scene.workspace.root, 'other'), { create: true })
      const { client, clock } = scene
      await submitRequests(other, [path], { client, clock })
      await client.files.delete(scene.server.batches()[0]?.input_file_id ?? '')
      expect((await rejection(scene.submit(path))).code).toBe('RequestsSentBefore')
      expect(countOf(scene, 'files.content')).toBe(0)
    }))

  test('also where the upload is the file with line breaks of its own', () =>
    withScene({}, async (scene) => {
      const path = join(scene.workspace.root, 'windows.jsonl')
      writeFileSync(
        path,
        `\uFEFF${idsUpTo(3)
          .map((id) => requestLine(id))
          .join('\r\n')}`,
      )
      await madeOf(scene, readFileSync(path))
      expect((await rejection(scene.submit(path))).code).toBe('RequestsSentBefore')
    }))

  test('by one of several files: all of them wait, and the others are sent afterwards', () =>
    withScene({}, async (scene) => {
      const [mine, theirs] = [scene.requests(['a'], 'a.jsonl'), scene.requests(['b'], 'b.jsonl')]
      const batchId = await madeOf(scene, readFileSync(theirs))
      const asked = await rejection(scene.submit([mine, theirs]))
      expect(asked.hint).not.toContain(mine)
      const { client, clock } = scene
      await importBatches(scene.workspace, [batchId], { client, clock })
      expect(outcomes(await scene.submit([mine, theirs]))).toEqual(['pending'])
      expect(scene.server.batches()).toHaveLength(2)
    }))
})

describe('what is no such batch', () => {
  test('one of as many bytes that are others: it is given up at the first that differs', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(['a1', 'a2'])
      await madeOf(scene, `${requestLine('b1')}\n${requestLine('b2')}\n`)
      expect(outcomes(await scene.submit(path))).toEqual(['pending'])
      expect([countOf(scene, 'files.content'), warningsOf(scene)]).toEqual([1, []])
    }))

  test('one that failed, or ended without an answer', () =>
    withScene(
      { defaults: { ending: { status: 'cancelled', afterShare: 0 }, unexecuted: 'nothing' } },
      async (scene) => {
        const path = scene.requests(3)
        await madeOf(scene, readFileSync(path))
        scene.server.finishBatches()
        expect(scene.server.batches()[0]).toMatchObject({ output_file_id: null, error_file_id: null })
        expect(outcomes(await scene.submit(path))).toEqual(['pending'])
      },
    ))

  test('one of this workspace: what failed for good is sent anew', () =>
    withScene({ defaults: { rows: [{ when: () => true, answer: 'bad-request' }] } }, async (scene) => {
      const path = scene.requests(3)
      await scene.submit(path)
      expect(outcomes(await scene.watch())).toEqual(['done'])
      expect(outcomes(await scene.submit(path))).toEqual(['pending'])
      expect(scene.server.batches()).toHaveLength(2)
    }))
})

describe('the look', () => {
  test('takes two calls, however many requests and batches there are', () =>
    withScene({}, async (scene) => {
      for (let made = 0; made < 120; made += 1) await madeOf(scene, `${requestLine(`other-${made}`)}\n`)
      const before = callsOf(scene).length
      await scene.submit([scene.requests(['a'], 'a.jsonl'), scene.requests(['b', 'c'], 'b.jsonl')])
      expect(callsOf(scene).slice(before, before + 3)).toEqual(['files.list', 'batches.list', 'files.create'])
    }))

  test('goes on to the batches of an upload of the same size, ten pages at most', () =>
    withScene({ limits: { createsPerHour: 10_000 } }, async (scene) => {
      const path = scene.requests(['a'])
      await madeOf(scene, readFileSync(path))
      scene.clock.setTimeout(() => {}, 0)
      for (let made = 0; made < 150; made += 1) await madeOf(scene, `${requestLine(`other-${made}`)}\n`)
      expect((await rejection(scene.submit(path))).code).toBe('RequestsSentBefore')
      expect(countOf(scene, 'batches.list')).toBe(2)
    }))

  test('that fails stops no submission, and is told', () =>
    withScene({}, async (scene) => {
      scene.server.script(faults.serverError('files.list', {}))
      expect(outcomes(await scene.submit(scene.requests(3)))).toEqual(['pending'])
      expect(warningsOf(scene)).toEqual([
        expect.stringMatching(/^Whether the server has a batch of these requests/),
      ])
    }))

  test('is left out without a word where there is no list, and by a provider that has none', () =>
    withScene({}, async (scene) => {
      for (const on of ['files.list', 'batches.list'] as const)
        scene.server.script(faults.serverError(on, { status: 404, times: 1 }))
      expect(outcomes(await scene.submit(scene.requests(3)))).toEqual(['pending'])
      const { client, clock } = scene
      const calls = countOf(scene, 'files.list')
      const own: BatchProvider = { ...openAiBatchProvider({ client, clock }), recent: undefined }
      await scene.submit(scene.requests(['x'], 'x.jsonl'), { client: undefined, provider: own })
      expect([countOf(scene, 'files.list'), warningsOf(scene)]).toEqual([calls, []])
    }))
})
