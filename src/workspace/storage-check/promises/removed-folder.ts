import { join } from 'node:path'
import { z } from 'zod'
import { writeNewRecord } from '../../claim-name.js'
import { removeIfThere } from '../../remove-if-there.js'
import { removeStagingFolder } from '../../workers/worker-files.js'
import { noFacts, patienceMs, refusalOf, type Bench } from '../bench.js'
import type { StoragePromise } from '../storage-promise.js'

/** Out of a folder that was removed nothing can be renamed, nor written into it: a worker that wakes can do no harm. */
export const removedFolder: StoragePromise = {
  name: 'removed-folder',

  async lead(bench) {
    const { fileSystem, workspace, at } = bench
    await fileSystem.makeDirectory(at('staging'))
    await bench.give('staging-made')
    await bench.hear('staged', noFacts)
    const heldOpen = await removeStagingFolder(workspace, at('staging')).then(() => null, refusalOf)
    await bench.give('staging-removed')
    const { placed, written } = await bench.hear('tried', attempts)
    const escaped = (await fileSystem.stat(at('escaped'))) !== null
    if (heldOpen !== null) {
      // Once the other process has let go of its file, nothing is in the way any more.
      await bench.until(
        () => removeStagingFolder(workspace, at('staging')).then(() => true, nothingYet),
        patienceMs,
      )
      return {
        isKept: !escaped,
        told: `a folder cannot be removed while another process of this host has a file in it open (${heldOpen}): what a paused worker has is taken over when it goes on or ends`,
      }
    }
    const isKept = placed !== null && written !== null && !escaped
    const told = isKept
      ? `of a removed folder nothing could be renamed (${placed}) or written (${written})`
      : 'a file was put in place out of a folder that was removed before'
    return { isKept, told }
  },

  async follow(bench) {
    const { fileSystem, at } = bench
    await bench.hear('staging-made', noFacts)
    const staged = join(at('staging'), 'staged')
    await writeNewRecord(fileSystem, staged, {})
    const open = await fileSystem.open(join(at('staging'), 'growing'), 'create')
    try {
      await bench.give('staged')
      await bench.hear('staging-removed', noFacts)
      await bench.give('tried', await tryAfterRemoval(bench, staged))
    } finally {
      await open.close()
    }
  },
}

const nothingYet = (error: unknown): null => {
  refusalOf(error)
  return null
}

/** How each was refused; `null` when it was not. */
const attempts = z.object({ placed: z.string().nullable(), written: z.string().nullable() })

async function tryAfterRemoval({ fileSystem, at }: Bench, staged: string): Promise<z.infer<typeof attempts>> {
  const placed = await fileSystem.rename(staged, at('escaped')).then(() => null, refusalOf)
  const late = join(at('staging'), 'late')
  const written = await writeNewRecord(fileSystem, late, {}).then(() => null, refusalOf)
  if (written === null) await removeIfThere(fileSystem, late)
  return { placed, written }
}
