import { writeFileDurably } from '../../durable-write.js'
import type { StoragePromise } from '../storage-promise.js'

/** Files and directories are synced without a refusal. Whether power cuts find them there nobody can try from here. */
export const durableSync: StoragePromise = {
  name: 'durable-sync',

  async lead({ fileSystem, at, nowMs }) {
    const times: number[] = []
    for (let write = 0; write < writes; write += 1) {
      const sinceMs = nowMs()
      await writeFileDurably(fileSystem, at('synced'), `${write}\n`)
      times.push(nowMs() - sinceMs)
    }
    const median = times.toSorted((left, right) => left - right)[Math.floor(writes / 2)] ?? 0
    return {
      isKept: true,
      told: `${writes} files written, synced and named, each in ${Math.ceil(median)} ms (median); what a power cut leaves was not tried`,
    }
  },

  follow: () => Promise.resolve(),
}

const writes = 21
