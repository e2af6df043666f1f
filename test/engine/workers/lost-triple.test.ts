import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { BatchWorkspace } from '../../../src/workspace/open-workspace.js'
import { unsyncedFileSystem } from '../../workspace/support.js'
import { worker } from './one-worker.js'
import { expectDoneOnce, withScene } from './stoppable-worker.js'

test('what a worker finds after its triple was taken over is no failure of the triple', () =>
  withScene(async (scene) => {
    let isTaken = false
    const fetch: typeof globalThis.fetch = async (...args) => {
      const answer = await scene.server.fetch(...args)
      const url = args[0] instanceof Request ? args[0].url : String(args[0])
      if (isTaken || !url.endsWith('/content')) return answer
      isTaken = true
      takeOver(scene.workspace, await answer.clone().text())
      return answer
    }
    await worker(scene, { fileSystem: unsyncedFileSystem, clock: scene.clock, fetch })
    expect(isTaken).toBe(true)
    expectDoneOnce(scene, 'taken over during a download')
  }))

/** As another worker does it that goes on with the triple, and has downloaded the output when the first one wakes. */
function takeOver({ layout }: BatchWorkspace, output: string): void {
  const folders = readdirSync(layout.workers).filter((name) => name.startsWith('staging.1.'))
  for (const name of folders) rmSync(join(layout.workers, name), { recursive: true })
  writeFileSync(layout.workdirFile('output', '1'), output)
}
