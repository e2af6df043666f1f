import { z } from 'zod'
import { readSmallFile } from '../../read-whole-file.js'
import { countText } from '../../../units.js'
import { noFacts, refusalOf, type Bench } from '../bench.js'
import type { StoragePromise } from '../storage-promise.js'

/** Whoever reads a name while files are renamed onto it finds one of them whole: everything that is written. */
export const atomicRename: StoragePromise = {
  name: 'atomic-rename',

  async lead(bench) {
    await putVersion(bench, 0)
    await bench.give('replacing')
    await bench.hear('reading', noFacts)
    for (let version = 1; version <= replacements; version += 1) {
      await putVersion(bench, version)
      await bench.breathe()
    }
    await bench.give('replaced')
    const { reads, wrong } = await bench.hear('read', readings)
    const kinds = Object.entries(wrong).map(([what, count]) => `${countText(count)} × ${what}`)
    const told = `${countText(reads)} reads while it was replaced ${countText(replacements)} times`
    return kinds.length === 0
      ? { isKept: true, told: `${told}, each of one whole version` }
      : { isKept: false, told: `${told}: ${kinds.join(', ')}` }
  },

  async follow(bench) {
    const { fileSystem, at } = bench
    await bench.hear('replacing', noFacts)
    await bench.give('reading')
    const wrong: Record<string, number> = {}
    let reads = 0
    for (; reads < mostReads; reads += 1) {
      if (reads % readsAtATime === 0) {
        await bench.breathe()
        if ((await fileSystem.stat(at('replaced'))) !== null) break
      }
      const fault = await readVersion(bench)
      if (fault !== null) wrong[fault] = (wrong[fault] ?? 0) + 1
    }
    await bench.give('read', { reads, wrong })
  },
}

const readings = z.object({ reads: z.number(), wrong: z.record(z.string(), z.number()) })

const replacements = 500
const readsAtATime = 16
const mostReads = 1_000_000
const versionBytes = 8 * 1024

async function putVersion({ fileSystem, at }: Bench, version: number): Promise<void> {
  const prepared = at(`version-${version}`)
  const file = await fileSystem.open(prepared, 'create')
  try {
    await file.write(new Uint8Array(versionBytes).fill(version % 256))
  } finally {
    await file.close()
  }
  await fileSystem.rename(prepared, at('version'))
}

/** What was wrong with it; `null` when nothing was. */
async function readVersion({ fileSystem, at }: Bench): Promise<string | null> {
  try {
    const read = await readSmallFile(fileSystem, at('version'), versionBytes)
    if (read.type !== 'content') return read.type
    const [first] = read.content
    return read.content.length === versionBytes && read.content.every((byte) => byte === first)
      ? null
      : 'torn'
  } catch (error) {
    return refusalOf(error)
  }
}
