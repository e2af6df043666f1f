import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { failedForGoodReader } from '../../../src/inspect/sources/failed-for-good.js'
import { reconcileWorkspace } from '../../../src/engine/reconcile-workspace.js'
import { generateWorkspace } from '../../../src/testing/generate-workspace/generate-workspace.js'
import { nodeFileSystem } from '../../../src/workspace/node-file-system.js'
import { faultFileSystem } from '../../fakes/fault-file-system.js'
import { onDisk, withWorkspace } from '../../workspace/support.js'

test('what failed for good is read again only when something else is done', () =>
  withWorkspace({}, async (workspace) => {
    await generateWorkspace(workspace.root)
    await reconcileWorkspace(workspace)
    const disk = faultFileSystem(nodeFileSystem)
    const read = failedForGoodReader(onDisk(workspace, disk))
    const opened = (): number => disk.log.filter(({ operation }) => operation === 'open').length
    const [found] = await Promise.all([read(), read()])
    expect(found.map(({ rootIndex }) => rootIndex)).toContain('31')
    expect(found.find(({ rootIndex }) => rootIndex === '31')).toMatchObject({
      what: expect.stringMatching(/^\d+ of 2,000 requests of triple 31 failed for good: /),
      whatToDo: expect.stringContaining(`retry ${workspace.root} 31\` sends`),
    })
    const before = opened()
    expect(await read()).toEqual(found)
    expect(opened()).toBe(before)
    const { layout } = workspace
    for (const kind of ['input', 'output', 'metadata'] as const) {
      renameSync(layout.doneFile(kind, '1'), join(workspace.root, `away-${kind}`))
    }
    await read()
    expect(opened()).toBeGreaterThan(before)
  }))
