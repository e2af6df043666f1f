import { describe, expect, test } from 'vitest'
import { confirmNoBatch } from '../../src/index.js'
import { faults, type Fault } from '../../src/testing/index.js'
import {
  countOf,
  expectSettled,
  idsUpTo,
  indexOf,
  metadataOf,
  outcomes,
  rejection,
  requestLine,
  withScene,
  type Scene,
} from '../server/scene.js'

const slow = { defaults: { inProgressMs: 3_600_000 } } as const

const confirm = ({ workspace, client, clock }: Scene, index: string) =>
  confirmNoBatch(workspace, index, { client, clock })

async function addForeign({ client }: Scene): Promise<void> {
  const content = `${requestLine('foreign')}\n`
  const file = await client.files.create({ file: new File([content], 'foreign.jsonl'), purpose: 'batch' })
  await client.batches.create({
    input_file_id: file.id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  })
}

/** A creation without an answer, at a server whose list repeats itself; gives the index. */
async function inDoubt(scene: Scene, fault: Fault): Promise<string> {
  await addForeign(scene)
  scene.server.script(fault)
  return indexOf(await scene.submit(scene.requests(3)))
}

async function refusal(scene: Scene, index: string) {
  const error = await rejection(confirm(scene, index))
  expect(error.code).toBe('AdoptionRefused')
  return `${error.message} ${error.hint}`
}

describe('a creation in doubt that a list cannot settle', () => {
  test('is made anew when somebody says that there is no batch, from the same upload', () =>
    withScene({ faults: [faults.listIgnoresAfter()] }, async (scene) => {
      const index = await inDoubt(scene, faults.connectionReset('batches.create'))
      expect(await confirm(scene, index)).toEqual({ index })
      expect(outcomes(await scene.run())).toEqual(['pending'])
      expect(countOf(scene, 'files.create')).toBe(2)
      expect(scene.server.batches()).toHaveLength(2)
      await scene.watch()
      await expectSettled(scene, index, idsUpTo(3))
    }))

  test('is not, while the list shows the batch: that one is to be adopted', () =>
    withScene(slow, async (scene) => {
      const list = scene.server.script(faults.serverError('batches.list', { times: Infinity }))
      const index = await inDoubt(scene, faults.createAnswerLost())
      list.stop()
      const ours = scene.server.batches().at(-1)?.id ?? ''
      expect(await refusal(scene, index)).toContain(`adopt ${scene.workspace.root} ${index} ${ours}`)
      expect((await metadataOf(scene, index)).submission?.asked_at_ms).not.toBeNull()
    }))

  test('is left alone while the server cannot be asked', () =>
    withScene(slow, async (scene) => {
      scene.server.script(faults.serverError('batches.list', { times: Infinity }))
      const index = await inDoubt(scene, faults.createAnswerLost())
      expect((await rejection(confirm(scene, index))).code).toBe('NetworkError')
      expect(countOf(scene, 'batches.create')).toBe(2)
    }))

  test.each([404, 405])('is taken at a word where there is no list at all (%i)', (status) =>
    withScene(slow, async (scene) => {
      scene.server.script(faults.serverError('batches.list', { times: Infinity, status }))
      const index = await inDoubt(scene, faults.connectionReset('batches.create'))
      await scene.run()
      expect(scene.server.batches()).toHaveLength(1)
      await confirm(scene, index)
      await scene.run()
      expect(scene.server.batches()).toHaveLength(2)
    }),
  )
})

describe('where nothing is in doubt', () => {
  test('a triple that has its batch keeps it', () =>
    withScene(slow, async (scene) => {
      const index = indexOf(await scene.submit(scene.requests(3)))
      expect(await refusal(scene, index)).toContain(`has batch ${scene.server.batches()[0]?.id}`)
    }))

  test('a creation that was refused in so many words needs no word of anybody', () =>
    withScene(slow, async (scene) => {
      scene.server.script(faults.serverError('batches.create', { status: 400 }))
      const index = indexOf(await scene.submit(scene.requests(3)))
      expect(await refusal(scene, index)).toContain('without an answer')
    }))
})
