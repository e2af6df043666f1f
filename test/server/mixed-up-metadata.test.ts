import { appendFileSync, copyFileSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { cancelBatches } from '../../src/index.js'
import { idsUpTo, metadataOf, namesIn, outcomes, putInput, withScene, type Scene } from './scene.js'

/** One request fails once for a passing reason, so that it becomes a retry. */
const failingOnce = {
  planFor: () => ({ rows: [{ when: 'row-2', times: 1, answer: 'server-error' as const }] }),
}

const mixedUp = 'needs-attention BatchMetadataMixedUp'

function copyMetadata({ workspace: { layout } }: Scene, from: string, to: string): void {
  copyFileSync(layout.workdirFile('metadata', from), layout.workdirFile('metadata', to))
}

/** Two batches run, and the second triple has the metadata of the first. */
async function copied(scene: Scene): Promise<string> {
  putInput(scene, '1', idsUpTo(3))
  putInput(scene, '2', ['other'])
  await scene.run({ shouldSubmit: true })
  const { batch_id: own } = await metadataOf(scene, '2')
  copyMetadata(scene, '1', '2')
  return own ?? ''
}

describe('a triple with the metadata of another one', () => {
  test('knows its own batch after any number of runs, and sends nothing', () =>
    withScene({}, async (scene) => {
      const own = await copied(scene)
      const outcomesOfRun = async () => outcomes(await scene.run({ shouldSubmit: true }))
      expect(await outcomesOfRun()).toEqual(['pending', mixedUp])
      const journal = scene.workspace.layout.journalFile('2')
      const last = readFileSync(journal, 'utf8').trimEnd().split('\n').at(-1)
      appendFileSync(journal, `${last}\n`.repeat(1_100))
      expect(await outcomesOfRun()).toEqual(['pending', mixedUp])
      const { outcome } = (await scene.run()).triples[1] ?? {}
      expect(outcome).toMatchObject({ problem: { facts: { index: '2', owner: '1', batchId: own } } })
      expect(scene.server.batches()).toHaveLength(2)
    }))

  test('does not cancel the batch of the other one', () =>
    withScene({}, async (scene) => {
      await copied(scene)
      const { workspace, client, clock } = scene
      expect(outcomes(await cancelBatches(workspace, ['2'], { client, clock }))).toEqual([mixedUp])
      expect(scene.server.batches().map(({ status }) => status)).not.toContain('cancelling')
    }))

  test('is told also where the other one is a retry', () =>
    withScene(failingOnce, async (scene) => {
      putInput(scene, '1', idsUpTo(3))
      await scene.run({ shouldSubmit: true })
      scene.server.finishBatches()
      await scene.run()
      await scene.run()
      const [, retryIndex = ''] = /batch_input_(.+?)\.jsonl/.exec(namesIn(scene, 'workdir').join(' ')) ?? []
      putInput(scene, '2', ['other'])
      copyMetadata(scene, retryIndex, '2')
      expect(outcomes(await scene.run()).toSorted()).toEqual([mixedUp, 'pending'])
    }))
})
