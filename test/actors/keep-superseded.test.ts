import { expect, test } from 'vitest'
import { keepSuperseded } from '../../src/actors/keep-superseded.js'
import { sha256 } from '../engine/workspaces.js'
import { namesIn, rejection, stepScene, textOf, type StepScene } from './support.js'

const path = 'workdir/batch_output_1.jsonl'
const freshPath = `${path}.part`
const keptPath = (text: string): string =>
  `failed-items/batch_superseded_output_1_${sha256(text).slice(0, 12)}.jsonl`

const keep = ({ workspace: { layout, ...workspace } }: StepScene) =>
  keepSuperseded(
    { layout, ...workspace },
    {
      index: '1',
      kind: 'output',
      path: layout.workdirFile('output', '1'),
      metadataPath: layout.workdirFile('metadata', '1'),
      replacedBy: layout.partFile('output', '1'),
    },
  )

test('a file that is about to be replaced gets a second name, which is durable, and the metadata say so', async () => {
  const scene = await stepScene({ [path]: 'old\n', [freshPath]: 'new\n' })
  await keep(scene)
  expect(textOf(scene, 'workdir/batch_metadata_1.jsonl')).toContain('"superseded":true')
  expect(textOf(scene, keptPath('old\n'))).toBe('old\n')
  expect(textOf(scene, path)).toBe('old\n')
  const [linked, synced] = scene.log.slice(-2)
  expect(linked).toMatchObject({ operation: 'link' })
  expect(synced).toEqual({ operation: 'syncDirectory', path: scene.workspace.layout.failedItems })
})

test.each([
  ['no file stands there', { [freshPath]: 'new\n' }],
  ['the bytes are the same', { [path]: 'new\n', [freshPath]: 'new\n' }],
])('nothing is kept where %s', async (_, files) => {
  const scene = await stepScene(files)
  await keep(scene)
  expect(namesIn(scene, 'failed-items')).toEqual([])
})

test('one that was kept already is left as it is', async () => {
  const scene = await stepScene({ [path]: 'old\n', [freshPath]: 'new\n', [keptPath('old\n')]: 'old\n' })
  await keep(scene)
  expect(namesIn(scene, 'failed-items')).toHaveLength(1)
})

test('a disk that cannot keep it stops the replacement', async () => {
  const scene = await stepScene(
    { [path]: 'old\n', [freshPath]: 'new\n' },
    { rules: [{ operation: 'link', error: 'ENOSPC' }] },
  )
  expect(await rejection(keep(scene))).toMatchObject({
    code: 'DiskFull',
    message: expect.stringContaining('batch_superseded_output_1'),
  })
})
