import { appendFileSync, readFileSync, rmSync } from 'node:fs'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import {
  cleanServer,
  importBatches,
  openAiBatchProvider,
  removeWorkspaceLock,
  updateMetadata,
  verifyWorkspace,
  type CleanedTriple,
  type CleanOptions,
} from '../../../src/index.js'
import { faults } from '../../../src/testing/index.js'
import { faultFileSystem, type FaultOperation } from '../../fakes/fault-file-system.js'
import {
  callsOf,
  countOf,
  indexOf,
  metadataOf,
  outcomes,
  rejection,
  withScene,
  type Scene,
  type SceneOptions,
} from '../../server/scene.js'
import { filesBelow, unsyncedFileSystem } from '../../workspace/support.js'

/** Every batch has an output and an error file. */
const mixed: SceneOptions = { defaults: { rows: [{ when: 'row-2', answer: 'bad-request' }] } }

/** A triple that went the whole way; gives its index. */
async function finished(scene: Scene, name = 'requests.jsonl', ids: number | string[] = 3): Promise<string> {
  const submitted = await scene.submit(scene.requests(ids, name))
  expect(new Set(outcomes(await scene.watch()))).toEqual(new Set(['done']))
  return indexOf(submitted)
}

const clean = async ({ workspace, client, clock }: Scene, options: CleanOptions = {}) =>
  (await cleanServer(workspace, { client, clock, ...options })).triples

/** `fate: input fate, output fate, …` */
const told = ({ fate, files }: CleanedTriple): string =>
  `${fate}: ${files.map((file) => `${file.kind} ${file.fate}`).join(', ')}`

const filesAt = ({ server }: Scene): number => server.files().length

describe('a finished triple', () => {
  test('has its three files deleted, and notes it; nothing here is deleted, and the proof still holds', () =>
    withScene(mixed, async (scene) => {
      const index = await finished(scene)
      const before = filesBelow(scene.workspace.root)
      expect(filesAt(scene)).toBe(3)
      expect((await clean(scene)).map(told)).toEqual([
        'cleaned: input deleted, output deleted, error deleted',
      ])
      expect(filesAt(scene)).toBe(0)
      const { clean: noted, input_file_id: id } = await metadataOf(scene, index)
      expect(noted).toMatchObject({ answered_at_ms: expect.any(Number) })
      expect(noted?.file_ids).toHaveLength(3)
      expect(noted?.file_ids[0]).toBe(id)
      const after = filesBelow(scene.workspace.root)
      const changed = Object.keys(before).filter((name) => before[name] !== after[name])
      expect(changed).toEqual([`done/batch_metadata_${index}.jsonl`])
      expect((await verifyWorkspace(scene.workspace)).every(({ isProven }) => isProven)).toBe(true)
    }))

  test('that was cleaned is not asked for again, and not proven again', () =>
    withScene(mixed, async (scene) => {
      await finished(scene)
      await clean(scene)
      const calls = callsOf(scene).length
      expect((await clean(scene)).map(told)).toEqual(['clean: '])
      expect(callsOf(scene)).toHaveLength(calls)
    }))

  test('of which files are gone already counts as cleaned', () =>
    withScene(mixed, async (scene) => {
      await finished(scene)
      await scene.client.files.delete(scene.server.batches()[0]?.output_file_id ?? '')
      expect((await clean(scene)).map(told)).toEqual(['cleaned: input deleted, output gone, error deleted'])
    }))

  test('is only looked at in a dry run', () =>
    withScene(mixed, async (scene) => {
      await finished(scene)
      const before = filesBelow(scene.workspace.root)
      expect((await clean(scene, { isDryRun: true })).map(told)).toEqual([
        'cleaned: input deleted, output deleted, error deleted',
      ])
      expect([filesAt(scene), countOf(scene, 'files.delete')]).toEqual([3, 0])
      expect(filesBelow(scene.workspace.root)).toEqual(before)
    }))
})

describe('what is kept', () => {
  test('everything of a triple whose proof does not hold', () =>
    withScene(mixed, async (scene) => {
      const index = await finished(scene)
      appendFileSync(scene.workspace.layout.doneFile('output', index), '\n')
      const [one] = await clean(scene)
      expect(one).toMatchObject({ fate: 'kept', problem: { code: 'ProofMismatch' } })
      expect(filesAt(scene)).toBe(3)
    }))

  test('everything of a triple without a proof, or that is not finished', () =>
    withScene(mixed, async (scene) => {
      const index = await finished(scene)
      rmSync(scene.workspace.layout.accountingFile(index))
      await scene.submit(scene.requests(['x'], 'x.jsonl'))
      expect(await clean(scene)).toMatchObject([{ index, problem: { code: 'ProofMissing' } }])
      expect(countOf(scene, 'files.delete')).toBe(0)
    }))

  test('an upload of which another batch is under way, whoever made it; it goes once that has ended', () =>
    withScene(mixed, async (scene) => {
      await finished(scene)
      const input_file_id = scene.server.batches()[0]?.input_file_id ?? ''
      await scene.client.batches.create({
        input_file_id,
        endpoint: '/v1/chat/completions',
        completion_window: '24h',
      })
      const [one] = await clean(scene)
      expect(told(one as CleanedTriple)).toBe('kept: input in-use, output deleted, error deleted')
      expect(one?.why).toBe(`${input_file_id} is the input of a batch that is still under way at the server.`)
      expect(one?.problem).toBeNull()
      scene.server.finishBatches()
      expect((await clean(scene)).map(told)).toEqual(['cleaned: input deleted'])
      expect((await clean(scene)).map(told)).toEqual(['clean: '])
    }))

  test('an upload that an unfinished triple names, too, or one whose proof does not hold', () =>
    withScene(mixed, async (scene) => {
      const index = await finished(scene)
      const input_file_id = scene.server.batches()[0]?.input_file_id ?? ''
      const { id } = await scene.client.batches.create({
        input_file_id,
        endpoint: '/v1/chat/completions',
        completion_window: '24h',
      })
      scene.server.finishBatches()
      const { client, clock } = scene
      const { batches } = await importBatches(scene.workspace, [id], { client, clock })
      const other = batches[0]?.index ?? ''
      const byIndex = async (): Promise<string[]> =>
        (await clean(scene)).filter((triple) => triple.index === index).map(told)
      expect(await byIndex()).toEqual(['kept: input in-use, output deleted, error deleted'])
      await scene.run()
      appendFileSync(scene.workspace.layout.doneFile('output', other), '\n')
      expect(await byIndex()).toEqual(['kept: input in-use'])
      expect(scene.server.fileBytes(input_file_id)).not.toBeNull()
    }))

  test('everything of a batch that was imported, unless it is asked for: somebody else made it', () =>
    withScene(mixed, async (scene) => {
      const path = scene.requests(3)
      const { client, clock } = scene
      const file = new File([readFileSync(path)], 'a.jsonl')
      const { id: input_file_id } = await client.files.create({ file, purpose: 'batch' })
      const { id } = await client.batches.create({
        input_file_id,
        endpoint: '/v1/chat/completions',
        completion_window: '24h',
      })
      scene.server.finishBatches()
      await importBatches(scene.workspace, [id], { client, clock })
      await scene.run()
      const [one] = await clean(scene)
      expect(told(one as CleanedTriple)).toBe('kept: input left, output left, error left')
      expect(one).toMatchObject({ problem: null, why: expect.stringContaining('it was imported') })
      expect(countOf(scene, 'files.delete')).toBe(0)
      expect((await clean(scene, { shouldCleanImported: true })).map(told)).toEqual([
        'cleaned: input deleted, output deleted, error deleted',
      ])
    }))

  test('uploads, where the list of batches cannot show that nobody needs them', () =>
    withScene(mixed, async (scene) => {
      await finished(scene)
      scene.server.script(faults.serverError('batches.list', { status: 404, times: Infinity }))
      const [one] = await clean(scene)
      expect(told(one as CleanedTriple)).toBe('kept: input left, output deleted, error deleted')
      expect(one?.problem).toMatchObject({ code: 'RequestRefused', needsPerson: true })
    }))

  test('everything where another account would not know the files', () =>
    withScene(mixed, async (scene) => {
      const index = await finished(scene)
      const stranger = new OpenAI({
        apiKey: 'other',
        baseURL: 'http://fake.test/v1',
        fetch: scene.server.fetch,
      })
      scene.server.script(faults.serverError('batches.retrieve', { status: 404 }))
      const [one] = await clean(scene, { client: stranger })
      expect(one).toMatchObject({ index, fate: 'kept', problem: { code: 'AccessDenied' } })
      expect(countOf(scene, 'files.delete')).toBe(0)
      // A new key of the same account knows the batch.
      expect(await clean(scene, { client: stranger })).toMatchObject([{ fate: 'cleaned' }])
    }))

  test('nothing is deleted while metadata cannot be read: they may name any file', () =>
    withScene(mixed, async (scene) => {
      await finished(scene)
      const other = indexOf(await scene.submit(scene.requests(['x'], 'x.jsonl')))
      appendFileSync(scene.workspace.layout.workdirFile('metadata', other), '{')
      expect((await rejection(clean(scene))).code).toBe('BatchMetadataUnreadable')
      expect(countOf(scene, 'files.delete')).toBe(0)
    }))
})

describe('what fails', () => {
  test('for a passing reason ends the deletions, and the next call goes on', () =>
    withScene(mixed, async (scene) => {
      await finished(scene, 'a.jsonl', ['a', 'row-2'])
      await finished(scene, 'b.jsonl', ['b', 'row-3'])
      scene.server.script(faults.serverError('files.delete', { skip: 1 }))
      const triples = await clean(scene)
      expect(triples.map(({ fate, problem }) => [fate, problem?.isPassing])).toEqual([
        ['kept', true],
        ['kept', true],
      ])
      expect(countOf(scene, 'files.delete')).toBe(2)
      expect((await clean(scene)).every(({ fate }) => fate === 'cleaned')).toBe(true)
      expect(filesAt(scene)).toBe(0)
    }))

  test('for good is said, and the other files are deleted', () =>
    withScene(mixed, async (scene) => {
      await finished(scene)
      scene.server.script(faults.serverError('files.delete', { status: 400 }))
      const [one] = await clean(scene)
      expect(told(one as CleanedTriple)).toBe('kept: input left, output deleted, error deleted')
      expect(one?.problem).toMatchObject({ code: 'RequestRefused' })
      expect((await clean(scene)).map(told)).toEqual(['cleaned: input deleted, output gone, error gone'])
    }))

  test('a gateway that knows no deletion is not believed when it says "not found"', () =>
    withScene(mixed, async (scene) => {
      await finished(scene)
      scene.server.script(faults.serverError('files.delete', { status: 404, times: Infinity }))
      const [one] = await clean(scene)
      expect(told(one as CleanedTriple)).toBe('kept: input left, output left, error left')
      expect(filesAt(scene)).toBe(3)
    }))

  test('without a server, and with one that deletes nothing', () =>
    withScene({}, async (scene) => {
      expect((await rejection(cleanServer(scene.workspace))).code).toBe('NoProvider')
      const { client, clock } = scene
      const provider = { ...openAiBatchProvider({ client, clock }), deleteFile: undefined }
      expect((await rejection(cleanServer(scene.workspace, { provider }))).code).toBe('ServerNotSupported')
    }))
})

describe('a call that ends in the middle', () => {
  const strikes: readonly (readonly [FaultOperation, string])[] = [
    ['open', 'crash'],
    ['write', 'crash'],
    ['write', 'ENOSPC'],
    ['rename', 'crash'],
    ['syncDirectory', 'crash'],
    ['read', 'EIO'],
  ]

  test.each(strikes)(
    'deletes nothing that is not noted, and the next call goes on: %s, %s at each',
    async (operation, error) => {
      let struck = 0
      for (let nth = 1; struck === nth - 1; nth += 1) {
        await withScene(mixed, async (scene) => {
          const index = await finished(scene)
          const disk = faultFileSystem(unsyncedFileSystem, [{ operation, nth, error }])
          await clean(scene.on(disk)).catch(() => {})
          struck += disk.strikes()
          await removeWorkspaceLock(scene.workspace)
          const { clean: noted } = await metadataOf(scene, index)
          expect(noted != null || filesAt(scene) === 3).toBe(true)
          await clean(scene)
          expect(filesAt(scene)).toBe(0)
          expect((await clean(scene)).map(told)).toEqual(['clean: '])
          expect((await verifyWorkspace(scene.workspace)).every(({ isProven }) => isProven)).toBe(true)
        }).catch((cause: unknown) => {
          throw new Error(`${error} at ${operation} number ${nth}`, { cause })
        })
      }
      expect(struck).toBeGreaterThan(0)
    },
  )

  test('and answers that are lost: what was deleted all the same is gone', () =>
    withScene(mixed, async (scene) => {
      await finished(scene)
      scene.server.script(faults.answerLost('files.delete', { times: 2 }))
      await clean(scene)
      await clean(scene)
      expect((await clean(scene))[0]?.fate).toMatch(/^clean/)
      expect(filesAt(scene)).toBe(0)
    }))
})

test('a triple whose metadata name no file, and metadata of another tool, are left alone', () =>
  withScene(mixed, async (scene) => {
    const index = await finished(scene)
    const path = scene.workspace.layout.doneFile('metadata', index)
    await updateMetadata(scene.workspace, path, {
      input_file_id: null,
      output_file_id: null,
      error_file_id: null,
      submission: null,
    })
    const before = readFileSync(path, 'utf8')
    expect((await clean(scene)).map(told)).toEqual(['clean: '])
    expect(readFileSync(path, 'utf8')).toBe(before)
  }))
