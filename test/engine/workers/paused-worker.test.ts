import { describe, expect, test } from 'vitest'
import { unsyncedFileSystem } from '../../workspace/support.js'
import { worker } from './one-worker.js'
import { expectDoneOnce, processOf, stoppable, withScene } from './stoppable-worker.js'

const nothing = (): void => {}

/** How one worker is stopped at its `nth` operation while another one does everything. Gives the operations it did. */
function passWith(nth: number): Promise<number> {
  return withScene(async (scene, elsewhere) => {
    const { clock, server } = scene
    let tellReached = nothing
    const isReached = new Promise<void>((resolve) => (tellReached = resolve))
    const stopped = stoppable(clock, (operation) => {
      if (operation !== nth) return
      stopped.stop()
      tellReached()
    })
    const first = worker(scene, processOf(scene, stopped))
    const ended = await Promise.race([first.then(() => true), isReached.then(() => false)])
    const other = { fileSystem: unsyncedFileSystem, clock, fetch: server.fetch }
    // While the first one comes or goes it has the lock file for a moment, and nobody else comes.
    if (!ended) await worker(elsewhere, other).catch(unlessLocked)
    stopped.goOn()
    await first
    await worker(elsewhere, other)
    expectDoneOnce(scene, `stopped at operation ${nth}`)
    return stopped.operations()
  })
}

function unlessLocked(error: unknown): void {
  expect(error).toMatchObject({ code: 'WorkspaceLocked' })
}

/** One of this many operations is tried; `EVERY_OPERATION=1` tries all. */
const stride = process.env['EVERY_OPERATION'] === '1' ? 1 : 12

describe('a worker that is stopped for longer than its lease, and goes on', () => {
  test('at any operation of a submission, its answers and its retry: all is done once, and paid once', async () => {
    const operations = await passWith(Infinity)
    expect(operations).toBeGreaterThan(200)
    for (let nth = 1; nth <= operations; nth += stride) await passWith(nth)
  }, 600_000)
})
