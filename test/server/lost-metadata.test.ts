import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { adoptBatch } from '../../src/index.js'
import {
  expectSettled,
  idsUpTo,
  indexOf,
  metadataOf,
  namesIn,
  outcomes,
  putInput,
  withScene,
  type Scene,
} from './scene.js'

/** One request fails once for a passing reason, so that it becomes a retry. */
const failingOnce = {
  planFor: () => ({ rows: [{ when: 'row-2', times: 1, answer: 'server-error' as const }] }),
}

const loseMetadata = ({ workspace }: Scene, index: string): void =>
  rmSync(workspace.layout.workdirFile('metadata', index))

/** The retry of one request; it has been sent when there is leave for it. */
async function retryOf(scene: Scene): Promise<{ readonly rootIndex: string; readonly retryIndex: string }> {
  const rootIndex = indexOf(await scene.submit(scene.requests(3)))
  scene.server.finishBatches()
  await scene.run()
  const [, retryIndex = ''] = /batch_input_(.+?)\.jsonl/.exec(namesIn(scene, 'workdir').join(' ')) ?? []
  await scene.run()
  return { rootIndex, retryIndex }
}

describe('a triple whose metadata is lost', () => {
  test('is never sent by a run that may send', () =>
    withScene({}, async (scene) => {
      putInput(scene, '4', idsUpTo(3))
      await scene.run({ shouldSubmit: true })
      loseMetadata(scene, '4')
      for (let runs = 1; runs <= 40; runs += 1)
        expect(outcomes(await scene.run({ shouldSubmit: true }))).toEqual([
          'needs-attention BatchMetadataLost',
        ])
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('holds its requests: another file with them is not sent either', () =>
    withScene({}, async (scene) => {
      const path = scene.requests(3)
      loseMetadata(scene, indexOf(await scene.submit(path)))
      const { leftOut } = await scene.submit(path)
      expect(leftOut.map(({ requests }) => requests)).toEqual([3])
      putInput(scene, '9', idsUpTo(3))
      expect(outcomes(await scene.run({ shouldSubmit: true }))).toContain(
        'needs-attention RequestsSentBefore',
      )
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('that is a retry goes back to its lineage with its batch', () =>
    withScene(failingOnce, async (scene) => {
      const { rootIndex, retryIndex } = await retryOf(scene)
      const { batch_id: batchId } = await metadataOf(scene, retryIndex)
      loseMetadata(scene, retryIndex)
      expect(outcomes(await scene.run())).toEqual(['needs-attention BatchMetadataLost'])
      const { workspace, client, clock } = scene
      await adoptBatch(workspace, retryIndex, batchId ?? '', { client, clock })
      expect(await metadataOf(scene, retryIndex)).toMatchObject({
        attempt: 2,
        parent_index: rootIndex,
        root_index: rootIndex,
      })
      await scene.watch()
      await expectSettled(scene, rootIndex, idsUpTo(3))
      expect(scene.server.batches()).toHaveLength(2)
    }))

  test('that is a retry with its answers is not taken for a lineage of its own', () =>
    withScene(failingOnce, async (scene) => {
      const { retryIndex } = await retryOf(scene)
      const { batch_id: batchId } = await metadataOf(scene, retryIndex)
      scene.server.finishBatches()
      const { output_file_id: outputId } = await scene.client.batches.retrieve(batchId ?? '')
      const answers = await (await scene.client.files.content(outputId ?? '')).text()
      writeFileSync(scene.workspace.layout.workdirFile('output', retryIndex), answers)
      loseMetadata(scene, retryIndex)
      expect(outcomes(await scene.run())).toEqual(['needs-attention BatchMetadataLost'])
    }))

  test('is done before, and another input has its name: that one is new', () =>
    withScene({}, async (scene) => {
      putInput(scene, '4', idsUpTo(3))
      await scene.run({ shouldSubmit: true })
      await scene.watch()
      const { layout, root } = scene.workspace
      renameSync(layout.done, join(root, 'archive'))
      putInput(scene, '4', idsUpTo(3))
      expect(outcomes(await scene.run({ shouldSubmit: true }))).toEqual(['needs-attention BatchMetadataLost'])
      putInput(scene, '4', ['other'])
      expect(outcomes(await scene.run({ shouldSubmit: true }))).toEqual(['pending'])
    }))
})
