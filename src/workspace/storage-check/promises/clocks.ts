import { z } from 'zod'
import { durationText } from '../../../units.js'
import { writeNewRecord } from '../../claim-name.js'
import type { Bench } from '../bench.js'
import type { StoragePromise } from '../storage-promise.js'

/** How far the clocks of the two are apart, by the storage's own. Nothing depends on it but the times that people read. */
export const clocks: StoragePromise = {
  name: 'clocks',

  async lead(bench) {
    const mine = await aheadMs(bench)
    const theirs = await bench.hear('clock', z.object({ ahead: z.number() }))
    const apartMs = Math.abs(mine - theirs.ahead)
    return {
      isKept: true,
      told:
        apartMs < noticeableMs
          ? 'less than 2 s apart'
          : `${durationText(apartMs)} apart; no worker goes by that, but the times that people read differ`,
    }
  },

  async follow(bench) {
    await bench.give('clock', { ahead: await aheadMs(bench) })
  },
}

/** Some file systems note whole seconds. */
const noticeableMs = 2_000

/** How far this process's clock is ahead of the storage's, in milliseconds. */
async function aheadMs({ fileSystem, at, role, clock }: Bench): Promise<number> {
  const path = at(`time-${role}`)
  await writeNewRecord(fileSystem, path, {})
  const nowMs = clock.now()
  const noted = await fileSystem.stat(path)
  return noted === null ? 0 : nowMs - noted.modifiedAtMs
}
