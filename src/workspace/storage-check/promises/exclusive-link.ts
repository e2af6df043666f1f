import { z } from 'zod'
import { claimName, writeNewRecord } from '../../claim-name.js'
import { readWholeFile } from '../../read-whole-file.js'
import type { Bench } from '../bench.js'
import type { StoragePromise } from '../storage-promise.js'

/** Of two who give a file of theirs the same second name, one gets it, and both see whose it is: leases and the lock. */
export const exclusiveLink: StoragePromise = {
  name: 'exclusive-link',

  async lead(bench) {
    const mine = await claimAll(bench, names)
    const { won } = await bench.hear('claimed', z.object({ won: z.array(z.string()) }))
    const both = mine.filter((name) => won.includes(name))
    const none = names.filter((name) => !mine.includes(name) && !won.includes(name))
    const wrong = both.length + none.length + (await countOfOthers(bench, mine))
    const told =
      wrong === 0
        ? `${names.length} names that both wanted went to one each`
        : `of ${names.length} names that both wanted ${both.length} went to both and ${none.length} to nobody`
    return { isKept: wrong === 0, told }
  },

  async follow(bench) {
    // From the other end, so that they meet in the middle.
    await bench.give('claimed', { won: await claimAll(bench, names.toReversed()) })
  },
}

const names = Array.from({ length: 200 }, (_, at) => `claim-${at}`)

async function claimAll(
  { fileSystem, at, role, breathe }: Bench,
  wanted: readonly string[],
): Promise<string[]> {
  const record = at(`claimant-${role}`)
  await writeNewRecord(fileSystem, record, { role })
  const won: string[] = []
  for (const name of wanted) {
    await breathe()
    // As a worker does. A client that keeps in mind that nothing is there must not go by that.
    await fileSystem.stat(at(name))
    if (await claimName(fileSystem, record, at(name))) won.push(name)
  }
  return won
}

/** Names of ours under which somebody else's record stands. */
async function countOfOthers({ fileSystem, at, role }: Bench, won: readonly string[]): Promise<number> {
  let others = 0
  for (const name of won) {
    const text = new TextDecoder().decode(await readWholeFile(fileSystem, at(name)))
    if (text !== `${JSON.stringify({ role })}\n`) others += 1
  }
  return others
}
