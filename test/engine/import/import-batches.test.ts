import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  adoptBatch,
  importBatches,
  openAiBatchProvider,
  removeWorkspaceLock,
  type ImportBatchesOptions,
  type ImportedBatch,
} from '../../../src/index.js'
import { faults } from '../../../src/testing/index.js'
import { faultFileSystem, type FaultOperation } from '../../fakes/fault-file-system.js'
import {
  callsOf,
  countOf,
  expectSettled,
  idsUpTo,
  indexOf,
  metadataOf,
  namesIn,
  outcomes,
  rejection,
  requestLine,
  resultTexts,
  withScene,
  type Scene,
} from '../../server/scene.js'
import { filesBelow, unsyncedFileSystem } from '../../workspace/support.js'

/** Somebody uploads requests and makes a batch of them, with the client alone; gives its id. */
async function madeElsewhere({ client }: Scene, ids: readonly string[] = idsUpTo(5)): Promise<string> {
  const text = ids.map((id) => `${requestLine(id)}\n`).join('')
  const { id: input_file_id } = await client.files.create({
    file: new File([text], 'anything.jsonl'),
    purpose: 'batch',
  })
  const batch = await client.batches.create({
    input_file_id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  })
  return batch.id
}

async function ended(scene: Scene, ids?: readonly string[]): Promise<string> {
  const batchId = await madeElsewhere(scene, ids)
  scene.server.finishBatches()
  return batchId
}

async function bringIn(
  { workspace, client, clock }: Scene,
  batchIds: string | readonly string[],
  options: ImportBatchesOptions = {},
): Promise<readonly ImportedBatch[]> {
  const wanted = typeof batchIds === 'string' ? [batchIds] : batchIds
  return (await importBatches(workspace, wanted, { client, clock, ...options })).batches
}

const isBatchFile = (name: string): boolean => name.startsWith('workdir/')
const workdirOf = ({ workspace }: Scene): string[] =>
  Object.keys(filesBelow(workspace.root)).filter(isBatchFile)

describe('a batch that somebody else made', () => {
  test('becomes a triple that a run reconciles; nothing is created or paid for', () =>
    withScene({ defaults: { rows: [{ when: 'row-2', answer: 'bad-request' }] } }, async (scene) => {
      const batchId = await ended(scene)
      const [one] = await bringIn(scene, batchId)
      expect(one).toMatchObject({
        batchId,
        fate: 'imported',
        remoteStatus: 'completed',
        requests: 5,
        fetched: ['input', 'output', 'error'],
        problem: null,
      })
      const index = one?.index ?? ''
      expect(await metadataOf(scene, index)).toMatchObject({
        batch_id: batchId,
        input_file_id: scene.server.batches()[0]?.input_file_id,
        endpoint: '/v1/chat/completions',
        remote_status: 'completed',
        request_count: 5,
        attempt: 1,
        root_index: index,
        import: { intended_at_ms: expect.any(Number), fetched_at_ms: expect.any(Number) },
      })
      expect(outcomes(await scene.run())).toEqual(['done'])
      await expectSettled(scene, index, idsUpTo(5))
      expect(resultTexts(scene, index)).toContain('row-2 permanent')
      expect([countOf(scene, 'files.create'), countOf(scene, 'batches.create')]).toEqual([1, 1])
    }))

  test('that still runs is waited for', () =>
    withScene({ defaults: { inProgressMs: 600_000 } }, async (scene) => {
      const batchId = await madeElsewhere(scene)
      const [one] = await bringIn(scene, batchId)
      expect(one).toMatchObject({ fate: 'imported', fetched: ['input'], requests: 5, problem: null })
      expect(outcomes(await scene.run())).toEqual(['pending'])
      expect(outcomes(await scene.watch())).toEqual(['done'])
      await expectSettled(scene, one?.index ?? '', idsUpTo(5))
      expect(countOf(scene, 'batches.create')).toBe(1)
    }))

  test('that was cancelled keeps what it answered, and the rest is not sent by itself', () =>
    withScene({ defaults: { ending: { status: 'cancelled', afterShare: 0.4 } } }, async (scene) => {
      const [one] = await bringIn(scene, await ended(scene))
      expect(outcomes(await scene.watch())).toEqual(['done'])
      expect(resultTexts(scene, one?.index ?? '').filter((text) => text.endsWith(' success'))).toHaveLength(2)
      expect(countOf(scene, 'batches.create')).toBe(1)
    }))

  test('has its requests sent by no submit any more', () =>
    withScene({}, async (scene) => {
      const [one] = await bringIn(scene, await ended(scene))
      const { leftOut } = await scene.submit(scene.requests(5))
      expect(leftOut).toMatchObject([{ index: one?.index, requests: 5 }])
      expect(countOf(scene, 'batches.create')).toBe(1)
    }))

  test('twice: the second call changes nothing and asks nothing, before and after the run', () =>
    withScene({}, async (scene) => {
      const batchId = await ended(scene)
      const [first] = await bringIn(scene, [batchId, batchId])
      for (const then of [() => Promise.resolve(), () => scene.run()]) {
        await then()
        const [files, calls] = [filesBelow(scene.workspace.root), callsOf(scene).length]
        expect(await bringIn(scene, batchId)).toMatchObject([
          { fate: 'here', index: first?.index, problem: null },
        ])
        expect(filesBelow(scene.workspace.root)).toEqual(files)
        expect(callsOf(scene)).toHaveLength(calls)
      }
    }))

  test('of a triple that submit made is here already', () =>
    withScene({}, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(5)))
      const before = filesBelow(scene.workspace.root)
      const [one] = await bringIn(scene, (await metadataOf(scene, index)).batch_id ?? '')
      expect(one).toMatchObject({ fate: 'here', index })
      expect(filesBelow(scene.workspace.root)).toEqual(before)
    }))

  test('of a triple whose input was taken away brings it back', () =>
    withScene({}, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(5)))
      rmSync(scene.workspace.layout.workdirFile('input', index))
      const { problem } = (await scene.run()).triples[0] ?? {}
      const batchId = (await metadataOf(scene, index)).batch_id ?? ''
      expect(problem?.hint).toContain(`batch-reconciler import --batch ${batchId} `)
      expect(await bringIn(scene, batchId)).toMatchObject([{ fate: 'imported', index }])
      expect(outcomes(await scene.watch())).toEqual(['done'])
      await expectSettled(scene, index, idsUpTo(5))
    }))

  test('is only looked at in a dry run', () =>
    withScene({}, async (scene) => {
      const batchId = await ended(scene)
      const before = filesBelow(scene.workspace.root)
      expect(await bringIn(scene, [batchId, 'batch_no'], { isDryRun: true })).toMatchObject([
        { fate: 'imported', fetched: ['input', 'output'], remoteStatus: 'completed' },
        { fate: 'left-over', problem: { code: 'BatchUnknown' } },
      ])
      expect(filesBelow(scene.workspace.root)).toEqual(before)
      expect(countOf(scene, 'files.content')).toBe(0)
    }))
})

describe('what cannot be brought in stops no other batch, and leaves no file', () => {
  test('an id that the server does not know; the words name the account, and what else has such an id', () =>
    withScene({}, async (scene) => {
      const batchId = await ended(scene)
      const [wrong, file, right] = await bringIn(scene, ['batch_nobody', 'file-abc', batchId])
      const { account } = openAiBatchProvider({ client: scene.client })
      expect(wrong).toMatchObject({
        fate: 'left-over',
        index: null,
        problem: { code: 'BatchUnknown', message: `${account} does not know batch batch_nobody.` },
      })
      expect(file?.problem?.hint).toMatch(/^This is the id of a file; /)
      expect(right).toMatchObject({ fate: 'imported' })
      expect(workdirOf(scene)).toHaveLength(3)
    }))

  test('a batch that failed and holds nothing', () =>
    withScene({ models: [] }, async (scene) => {
      const [one] = await bringIn(scene, await ended(scene))
      expect(one).toMatchObject({ fate: 'left-over', problem: { code: 'BatchFailed' } })
      expect(one?.problem?.message).toContain('(model_not_found: ')
      expect(workdirOf(scene)).toEqual([])
    }))

  test('an input that was deleted at the server; whoever has it goes on as the words say', () =>
    withScene({}, async (scene) => {
      const batchId = await ended(scene)
      await scene.client.files.delete(scene.server.batches()[0]?.input_file_id ?? '')
      const [one] = await bringIn(scene, batchId)
      expect(one).toMatchObject({ fate: 'left-over', problem: { code: 'BatchFilesGone' } })
      expect(workdirOf(scene)).toEqual([])
      const [, path = '', index = '', id = ''] =
        /copy it to (\S+), then: batch-reconciler adopt \S+ (\S+) (\S+)/.exec(one?.problem?.hint ?? '') ?? []
      writeFileSync(path, readFileSync(scene.requests(5)))
      const [stands] = await bringIn(scene, batchId)
      expect(stands?.problem?.hint).toMatch(/^Give it the batch: batch-reconciler adopt /)
      await adoptBatch(scene.workspace, index, id, { client: scene.client, clock: scene.clock })
      expect(await bringIn(scene, batchId)).toMatchObject([{ fate: 'here', index }])
      expect(outcomes(await scene.watch())).toEqual(['done'])
      await expectSettled(scene, index, idsUpTo(5))
    }))

  test('answers that have expired: the triple stands, and the words tell how it goes on without them', () =>
    withScene({}, async (scene) => {
      const batchId = await ended(scene)
      await scene.client.files.delete(scene.server.batches()[0]?.output_file_id ?? '')
      const [one] = await bringIn(scene, batchId)
      expect(one).toMatchObject({ fate: 'imported', fetched: ['input'], problem: { code: 'BatchFilesGone' } })
      expect(one?.problem?.hint).toContain(`batch-reconciler accept ${scene.workspace.root} ${one?.index}`)
      expect(outcomes(await scene.run())).toEqual(['needs-attention BatchFilesGone'])
    }))

  test('an input that is none', () =>
    withScene({}, async (scene) => {
      const text = '{"prompt":"Say a."}\n'
      const { client } = scene
      const file = await client.files.create({ file: new File([text], 'a.jsonl'), purpose: 'batch' })
      const batch = await client.batches.create({
        input_file_id: file.id,
        endpoint: '/v1/chat/completions',
        completion_window: '24h',
      })
      expect(await bringIn(scene, batch.id)).toMatchObject([
        { fate: 'left-over', problem: { code: 'RequestsFileInvalid' } },
      ])
      expect(namesIn(scene, 'workdir')).toEqual([])
    }))

  test('requests that stand here without a batch: they are given it as the words say', () =>
    withScene({}, async (scene) => {
      const batchId = await ended(scene)
      writeFileSync(scene.workspace.layout.workdirFile('input', '7'), readFileSync(scene.requests(5)))
      const [one] = await bringIn(scene, batchId)
      expect(one).toMatchObject({ fate: 'left-over', problem: { code: 'AdoptionRefused' } })
      expect(one?.problem?.hint).toBe(
        `Give it the batch: batch-reconciler adopt ${scene.workspace.root} 7 ${batchId}`,
      )
      expect(namesIn(scene, 'workdir')).toEqual(['batch_input_7.jsonl'])
    }))

  test('requests that were imported with their answers come to no second triple', () =>
    withScene({}, async (scene) => {
      const batchId = await ended(scene)
      const output = scene.server.fileBytes(scene.server.batches()[0]?.output_file_id ?? '')
      writeFileSync(scene.workspace.layout.workdirFile('input', '7'), readFileSync(scene.requests(5)))
      writeFileSync(scene.workspace.layout.workdirFile('output', '7'), output ?? '')
      for (const then of [() => Promise.resolve(), () => scene.run()]) {
        await then()
        const [one] = await bringIn(scene, batchId)
        expect(one?.problem).toMatchObject({ code: 'AdoptionRefused' })
        expect(one?.problem?.hint).toContain('answers of its own')
      }
    }))

  test('a server that is away is asked once, whatever there is to be fetched', () =>
    withScene({}, async (scene) => {
      scene.server.script(faults.serverError('batches.retrieve', {}))
      const batches = await bringIn(scene, ['batch_1', 'batch_2', 'batch_3'])
      expect(batches.map(({ problem }) => problem?.isPassing)).toEqual([true, true, true])
      expect(callsOf(scene)).toHaveLength(1)
    }))

  test('no server, and a workspace that is in use', () =>
    withScene({}, async (scene) => {
      expect((await rejection(importBatches(scene.workspace, ['batch_1']))).code).toBe('NoProvider')
    }))
})

describe('a call that ends in the middle', () => {
  const strikes: readonly (readonly [FaultOperation, string])[] = [
    ['open', 'crash'],
    ['write', 'crash'],
    ['write', 'ENOSPC'],
    ['link', 'crash'],
    ['remove', 'crash'],
    ['rename', 'crash'],
    ['syncDirectory', 'crash'],
    ['read', 'EIO'],
  ]

  test.each(strikes)(
    'never leaves an input that a run would send, and the next call goes on: %s, %s at each of them',
    async (operation, error) => {
      let struck = 0
      for (let nth = 1; struck === nth - 1; nth += 1) {
        await withScene({ defaults: { rows: [{ when: 'row-2', answer: 'bad-request' }] } }, async (scene) => {
          const batchId = await ended(scene)
          const disk = faultFileSystem(unsyncedFileSystem, [{ operation, nth, error }])
          await bringIn(scene.on(disk), batchId).catch(() => {})
          struck += disk.strikes()
          await removeWorkspaceLock(scene.workspace)
          await scene.run({ shouldSubmit: true })
          expect(countOf(scene, 'batches.create')).toBe(1)
          const [one] = await bringIn(scene, batchId)
          expect(one?.problem).toBeNull()
          await scene.watch({ shouldSubmit: true })
          await expectSettled(scene, one?.index ?? '', idsUpTo(5))
          expect([countOf(scene, 'files.create'), countOf(scene, 'batches.create')]).toEqual([1, 1])
        }).catch((cause: unknown) => {
          throw new Error(`${error} at ${operation} number ${nth}`, { cause })
        })
      }
      expect(struck).toBeGreaterThan(0)
    },
    300_000,
  )

  test('and calls of the server that fail: the next call goes on', async () => {
    for (const operation of ['batches.retrieve', 'files.retrieve', 'files.content'] as const) {
      for (let skip = 0; skip < 3; skip += 1) {
        await withScene({ defaults: { rows: [{ when: 'row-2', answer: 'bad-request' }] } }, async (scene) => {
          const batchId = await ended(scene)
          scene.server.script(faults.connectionReset(operation, { skip, times: 1 }))
          await bringIn(scene, batchId)
          const [one] = await bringIn(scene, batchId)
          expect(one?.problem).toBeNull()
          await scene.watch()
          await expectSettled(scene, one?.index ?? '', idsUpTo(5))
        })
      }
    }
  })
})
