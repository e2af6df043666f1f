import { describe, expect, test } from 'vitest'
import { planWorkspace, workspaceStatus } from '../../src/index.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { onDisk, withWorkspace } from '../workspace/support.js'
import { waitingFiles } from './waiting-batches.js'

const count = 50

/** How often each kind of question was asked, of a workspace of 50 triples with input and metadata. */
function asked(
  look: (workspace: Parameters<typeof workspaceStatus>[0]) => Promise<{ triples: readonly unknown[] }>,
) {
  return withWorkspace(waitingFiles(count), async (workspace) => {
    const disk = faultFileSystem(nodeFileSystem)
    const { triples } = await look(onDisk(workspace, disk))
    expect(triples).toHaveLength(count)
    const times = (operation: string): number => disk.log.filter((one) => one.operation === operation).length
    return { lists: times('list'), looks: times('stat'), opens: times('open') }
  })
}

describe('of many triples', () => {
  test('a quick plan lists each directory once, looks at each file once and opens the metadata alone', async () => {
    const { lists, looks, opens } = await asked((workspace) =>
      planWorkspace(workspace, { shouldCheckIds: false }),
    )
    expect(lists).toBe(2)
    expect(looks).toBe(2 * count)
    expect(opens).toBe(count)
  })

  test('a status asks for no more, and for no journal that is not there', async () => {
    const { lists, looks, opens } = await asked(workspaceStatus)
    // workdir/, and done/ for the triples of workdir/ and for those that are done; logs/, failed-items/ and the workers.
    expect(lists).toBe(6)
    // The log of tokens is one more.
    expect(looks).toBe(2 * count + 1)
    // The lock is one more.
    expect(opens).toBe(count + 1)
  })
})
