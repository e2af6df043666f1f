import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Clock } from '../../../src/clock.js'
import { writeFileDurably } from '../../../src/workspace/durable-write.js'
import type { FileSystem } from '../../../src/workspace/file-system.js'
import { workspaceLayout } from '../../../src/workspace/layout.js'
import type { ProcessTable } from '../../../src/workspace/process-table.js'
import { leasedFileSystem } from '../../../src/workspace/workers/leased-file-system.js'
import { takeWorkerSeat } from '../../../src/workspace/workers/worker-seat.js'
import { memoryDisk, type MemoryDisk } from '../../fakes/memory-disk.js'
import { inEveryOrder, interleave } from '../../fakes/step-scheduler.js'

const layout = workspaceLayout('/batches')
const place = join(layout.target, 'batch_results_7.jsonl')

/** Long waits are those between signs of life, which nobody needs here; short ones are over at once. */
const clock: Clock = {
  now: () => 1_000,
  monotonicMs: () => 0,
  setTimeout: (callback, delayMs) => (delayMs < 1_000 ? setImmediate(callback) : null),
  clearTimeout: () => {},
}

/** Processes of one host, by number. */
function processTable(pid: number, dead: ReadonlySet<number>): ProcessTable {
  return { host: 'host', pid, isAlive: (each) => !dead.has(each), startOf: () => 'begin', namespace: null }
}

/** A whole working life: come, tidy up, take the lease, put a file in place, sign, give back, leave. */
async function live(fileSystem: FileSystem, pid: number, dead: ReadonlySet<number>): Promise<void> {
  const workspace = { root: layout.root, layout, fileSystem }
  const seat = await takeWorkerSeat(workspace, { clock, processes: processTable(pid, dead), leaseMs: 60_000 })
  await seat.tidy()
  const answer = await seat.take('7')
  if (answer.type === 'lease') {
    await writeFileDurably(
      leasedFileSystem(fileSystem, answer.lease, () => false),
      place,
      String(pid),
    )
    await seat.giveSignOfLife()
    await answer.lease.release()
  }
  await seat.leave()
}

/** Operations that it came to before it was killed, or ended. */
async function lifeOf(
  disk: MemoryDisk,
  pid: number,
  dead: ReadonlySet<number>,
  killedAfter = Infinity,
): Promise<number> {
  const act = (fileSystem: FileSystem): Promise<void> => live(fileSystem, pid, dead)
  const trace = await interleave(disk, [{ name: 'worker', act }], () => 'worker', { worker: killedAfter })
  return trace.length
}

async function freshDisk(): Promise<MemoryDisk> {
  const disk = memoryDisk()
  for (const path of [layout.root, layout.target]) await disk.makeDirectory(path)
  return disk
}

describe('a worker that is killed at any operation of its life', () => {
  test('and another one while it goes on in its place: the third works, and leaves nothing of them', async () => {
    const life = await lifeOf(await freshDisk(), 1, new Set())
    expect(life).toBeGreaterThan(30)
    let kills = 0
    for (let first = 0; first < life; first += 1) {
      for (let second = 0, isOver = false; !isOver; second += 1) {
        const disk = await freshDisk()
        await lifeOf(disk, 1, new Set(), first)
        isOver = (await lifeOf(disk, 2, new Set([1]), second)) < second
        await lifeOf(disk, 3, new Set([1, 2]))
        expect(disk.files(), `killed after ${first} and ${second} operations`).toEqual({ [place]: '3' })
        kills += 1
      }
    }
    expect(kills).toBeGreaterThan(life * 30)
  })
})

describe('two workers that come and go in every order of their operations', () => {
  test('one at least works, and nothing is left when both have gone', async () => {
    let [both, refused] = [0, 0]
    const orders = await inEveryOrder(2, async (choose) => {
      const disk = await freshDisk()
      const actors = [1, 2].map((pid) => ({
        name: `worker ${pid}`,
        act: (fileSystem: FileSystem) =>
          live(fileSystem, pid, new Set()).catch((error: unknown) => {
            // The other one was paused while it had the lock file, for longer than anybody waits for it.
            expect(error).toMatchObject({ code: 'WorkspaceLocked' })
            refused += 1
          }),
      }))
      const trace = await interleave(disk, actors, choose)
      const files = disk.files()
      expect(Object.keys(files), trace.join('\n')).toEqual([place])
      if (trace.filter((step) => step.includes(`link`) && step.includes('/lease.7.')).length === 2) both += 1
    })
    expect(orders).toBeGreaterThan(1_000)
    expect(both).toBeGreaterThan(100)
    expect(refused).toBeLessThan(orders / 2)
  })
})
