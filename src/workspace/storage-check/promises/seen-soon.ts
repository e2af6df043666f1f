import { z } from 'zod'
import { writeFileDurably } from '../../durable-write.js'
import { readSmallFile } from '../../read-whole-file.js'
import type { Bench } from '../bench.js'
import type { StoragePromise } from '../storage-promise.js'

/**
 * What one process makes, changes or removes the other one sees soon: signs of life, new files, leases given back. A client
 * that keeps names and attributes in mind sees it late.
 *
 * @param withinMs what is told as kept, there and back
 */
export const seenSoon = (withinMs: number): StoragePromise => ({
  name: 'seen-soon',

  async lead(bench) {
    let slowestMs = 0
    for (let round = 0; round < rounds; round += 1) {
      for (const change of changes) {
        const sinceMs = bench.nowMs()
        await change.make(bench, round)
        const { isSeen } = await bench.hear(`saw-${change.name}-${round}`, sight)
        if (!isSeen) return { isKept: false, told: `a file was ${change.name}, and not seen for a minute` }
        slowestMs = Math.max(slowestMs, bench.nowMs() - sinceMs)
      }
    }
    return {
      isKept: slowestMs <= withinMs,
      told: `${rounds * changes.length} changes seen and answered, the slowest after ${Math.ceil(slowestMs)} ms`,
    }
  },

  async follow(bench) {
    for (let round = 0; round < rounds; round += 1) {
      for (const change of changes) {
        const sees = async (): Promise<true | null> => ((await change.isSeen(bench, round)) ? true : null)
        const isSeen = (await bench.until(sees, sightMs)) === true
        await bench.give(`saw-${change.name}-${round}`, { isSeen })
        if (!isSeen) return
      }
    }
  },
})

const rounds = 5

/** Shorter than the other one waits for the answer. */
const sightMs = 60_000

const sight = z.object({ isSeen: z.boolean() })

interface Change {
  readonly name: string
  make(bench: Bench, round: number): Promise<void>
  isSeen(bench: Bench, round: number): Promise<boolean>
}

const isThere = async ({ fileSystem, at }: Bench, name: string): Promise<boolean> =>
  (await fileSystem.stat(at(name))) !== null

const changes: readonly Change[] = [
  {
    name: 'made',
    make: ({ fileSystem, at }, round) => writeFileDurably(fileSystem, at(`seen-${round}`), 'made'),
    isSeen: (bench, round) => isThere(bench, `seen-${round}`),
  },
  {
    name: 'changed',
    make: ({ fileSystem, at }, round) => writeFileDurably(fileSystem, at(`seen-${round}`), 'changed'),
    isSeen: async ({ fileSystem, at }, round) => {
      const read = await readSmallFile(fileSystem, at(`seen-${round}`), mostBytes)
      return read.type === 'content' && new TextDecoder().decode(read.content) === 'changed'
    },
  },
  {
    name: 'removed',
    make: ({ fileSystem, at }, round) => fileSystem.remove(at(`seen-${round}`)),
    isSeen: async (bench, round) => !(await isThere(bench, `seen-${round}`)),
  },
]

const mostBytes = 64
