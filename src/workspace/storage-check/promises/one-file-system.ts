import { randomUUID } from 'node:crypto'
import { basename, join } from 'node:path'
import { writeNewRecord } from '../../claim-name.js'
import { workspaceDirectories } from '../../layout.js'
import { removeIfThere } from '../../remove-if-there.js'
import { refusalOf, type Bench } from '../bench.js'
import type { StoragePromise } from '../storage-promise.js'

/** Files get names in every directory of the workspace from where leases are kept: all is on one file system. */
export const oneFileSystem: StoragePromise = {
  name: 'one-file-system',

  async lead(bench) {
    const { layout } = bench.workspace
    const record = bench.at('to-be-placed')
    await writeNewRecord(bench.fileSystem, record, {})
    const refused: string[] = []
    for (const directory of workspaceDirectories(layout)) {
      const refusal = await placeIn(bench, record, directory)
      if (refusal !== null) refused.push(`${basename(directory)}/ (${refusal})`)
    }
    return refused.length === 0
      ? { isKept: true, told: 'every directory takes files of every other one' }
      : { isKept: false, told: `no file can be put into ${refused.join(', ')}` }
  },

  follow: () => Promise.resolve(),
}

/** A directory that is not there yet is made in the workspace's folder later, and so on its file system. */
async function placeIn({ fileSystem }: Bench, record: string, directory: string): Promise<string | null> {
  if ((await fileSystem.stat(directory)) === null) return null
  const path = join(directory, `.storage-check.${randomUUID()}`)
  const refusal = await fileSystem.link(record, path).then(() => null, refusalOf)
  await removeIfThere(fileSystem, path)
  return refusal
}
