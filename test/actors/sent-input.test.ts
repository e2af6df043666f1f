import { utimesSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { identifyInput, requireUnchanged, requireUploadedInput } from '../../src/actors/sent-input.js'
import { emptyMetadata, type BatchMetadata } from '../../src/workspace/metadata.js'
import { sha256 } from '../engine/workspaces.js'
import { inputOf, rejection, stepScene, textOf } from './support.js'

const place = 'workdir/batch_input_1.jsonl'

async function identified() {
  const scene = await stepScene(inputOf(2))
  const path = scene.workspace.layout.workdirFile('input', '1')
  return { scene, path, identity: await identifyInput(scene.workspace, path) }
}

test('an input is known by its bytes', async () => {
  const { scene, identity } = await identified()
  expect(identity.sha256).toBe(sha256(textOf(scene, place) ?? ''))
})

const metadata = (fields: Partial<BatchMetadata>): BatchMetadata => ({ ...emptyMetadata, ...fields })

describe('an upload that stands at the server', () => {
  const input = { index: '1', path: '/input', sha256: sha256('now') }
  const uploaded = { intent_key: 'k', intended_at_ms: 1, input_file_id: 'file-1' }

  test.each([
    ['nothing is known of it', null],
    ['nothing was uploaded', metadata({ input_sha256: sha256('then') })],
    ['nobody knows of which bytes it was', metadata({ submission: uploaded })],
    ['it was of these bytes', metadata({ submission: uploaded, input_sha256: sha256('now') })],
  ])('is no hindrance where %s', (_, noted) => {
    expect(() => requireUploadedInput(noted, input)).not.toThrow()
  })

  test('of other bytes stops for a person, and says which', () => {
    const noted = metadata({ submission: uploaded, input_sha256: sha256('then') })
    expect(() => requireUploadedInput(noted, input)).toThrow(
      expect.objectContaining({
        code: 'InputChanged',
        problem: expect.objectContaining({
          needsPerson: true,
          facts: expect.objectContaining({ path: '/input', sentSha256: sha256('then') }),
        }),
      }),
    )
  })
})

describe('while it is uploaded', () => {
  test('an input that stays as it is passes', async () => {
    const { scene, path, identity } = await identified()
    await expect(requireUnchanged(scene.workspace, path, identity)).resolves.toBe(undefined)
  })

  test('another size, another time or no file at all is noticed, and passes by itself', async () => {
    for (const change of ['size', 'time', 'gone'] as const) {
      const { scene, path, identity } = await identified()
      if (change === 'size') {
        scene.put({ [place]: 'x\n' })
        utimesSync(path, new Date(), new Date(identity.stat?.modifiedAtMs ?? 0))
      }
      if (change === 'time') utimesSync(path, new Date(), new Date(1))
      if (change === 'gone') await scene.workspace.fileSystem.remove(path)
      expect(await rejection(requireUnchanged(scene.workspace, path, identity))).toMatchObject({
        code: 'FileChangedDuringRun',
        problem: { isPassing: true },
      })
    }
  })
})
