import { existsSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createTemporaryWorkspace } from '../../src/workspace/open-workspace.js'
import { removeStaleTemporaryFiles } from '../../src/workspace/stale-files.js'

test('rows of a triple that has moved are removed, those of one at work are kept', async () => {
  const { workspace, remove } = await createTemporaryWorkspace()
  const { layout } = workspace
  writeFileSync(layout.rowsFile('1'), '{}\n')
  writeFileSync(layout.rowsFile('2'), '{}\n')
  writeFileSync(layout.workdirFile('metadata', '2'), '{}\n')
  expect(await removeStaleTemporaryFiles(workspace)).toEqual([layout.rowsFile('1')])
  expect([existsSync(layout.rowsFile('1')), existsSync(layout.rowsFile('2'))]).toEqual([false, true])
  remove()
})

test('a download that was cut short is removed, also when its file came by another way; other names stay', async () => {
  const { workspace, remove } = await createTemporaryWorkspace()
  const { layout } = workspace
  const [cut, error, foreign] = [
    layout.partFile('output', '1'),
    layout.partFile('error', '2'),
    `${layout.workdir}/notes.part`,
  ]
  for (const path of [cut, error, foreign, layout.workdirFile('output', '1')]) writeFileSync(path, '{}\n')
  expect((await removeStaleTemporaryFiles(workspace)).toSorted()).toEqual([cut, error].toSorted())
  expect([existsSync(foreign), existsSync(layout.workdirFile('output', '1'))]).toEqual([true, true])
  remove()
})
