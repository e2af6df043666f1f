import { expect, test } from 'vitest'
import { workspaceLayout } from '../../../src/workspace/layout.js'
import { takeLease } from '../../../src/workspace/workers/lease.js'
import { listWorkerFiles, workerPath } from '../../../src/workspace/workers/worker-files.js'
import { memoryDisk } from '../../fakes/memory-disk.js'

const layout = workspaceLayout('/batches')

test('a lease is found by its name and number whatever fraction of a millisecond a clock tells', async () => {
  const fileSystem = memoryDisk()
  const workspace = { root: layout.root, layout, fileSystem }
  const owner = {
    host: 'host',
    pid: 1,
    process_start: null,
    process_namespace: null,
    token: 'a'.repeat(32),
    taken_at_ms: 1_000.25,
  }
  await fileSystem.makeDirectory(layout.workers)
  fileSystem.put(workerPath(workspace, owner.token), JSON.stringify(owner))
  const owners = { standingOf: () => Promise.resolve({ type: 'present', knownInMs: 1_000 } as const) }
  const taken = await takeLease(workspace, { name: '7', owner, owners })
  expect(taken).toMatchObject({ type: 'lease', lease: { number: 1_000 } })
  expect((await listWorkerFiles(workspace)).leases).toEqual([{ name: '7', number: 1_000 }])
  const other = { ...owner, token: 'b'.repeat(32) }
  expect(await takeLease(workspace, { name: '7', owner: other, owners })).toMatchObject({ type: 'held' })
})
