import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { FileSystem } from '../../src/workspace/file-system.js'
import { withSharedSyncs } from '../../src/workspace/shared-syncs.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { unsyncedFileSystem, withDirectory } from './support.js'

/** A disk whose syncs begin and end when the test says so. */
function slowDisk() {
  const begun: string[] = []
  const ends: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  const disk: FileSystem = {
    ...unsyncedFileSystem,
    syncDirectory: (path) =>
      new Promise((resolve, reject) => {
        begun.push(path)
        ends.push({ resolve, reject })
      }),
  }
  return { begun, ends, shared: withSharedSyncs(disk) }
}

/** Long enough for whatever is about to begin. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await setImmediate()
}

/** Says when a sync was answered. */
function noted(answers: string[], name: string, syncing: Promise<void>): void {
  syncing.then(
    () => answers.push(name),
    (error: unknown) => answers.push(`${name} ${String(error)}`),
  )
}

describe('syncs of a directory', () => {
  test('that are asked for in one turn are one', async () => {
    const { begun, ends, shared } = slowDisk()
    const all = Promise.all(['a', 'b', 'c'].map(() => shared.syncDirectory('/done')))
    await someTurns()
    expect(begun).toEqual(['/done'])
    ends[0]?.resolve()
    await all
  })

  test('that are asked for while one is under way wait for the next, and share it', async () => {
    const { begun, ends, shared } = slowDisk()
    const answers: string[] = []
    noted(answers, 'early', shared.syncDirectory('/done'))
    await someTurns()
    noted(answers, 'late', shared.syncDirectory('/done'))
    noted(answers, 'later', shared.syncDirectory('/done'))
    await someTurns()
    expect(begun).toHaveLength(1)
    ends[0]?.resolve()
    await someTurns()
    expect([begun.length, answers]).toEqual([2, ['early']])
    ends[1]?.resolve()
    await someTurns()
    expect([begun.length, answers]).toEqual([2, ['early', 'late', 'later']])
  })

  test('fail for all who share one, and only for them', async () => {
    const { begun, ends, shared } = slowDisk()
    const answers: string[] = []
    for (const name of ['a', 'b']) noted(answers, name, shared.syncDirectory('/done'))
    await someTurns()
    noted(answers, 'c', shared.syncDirectory('/done'))
    ends[0]?.reject(new Error('EIO'))
    await someTurns()
    expect(answers).toEqual(['a Error: EIO', 'b Error: EIO'])
    expect(begun).toHaveLength(2)
    ends[1]?.resolve()
    await someTurns()
    expect(answers).toEqual(['a Error: EIO', 'b Error: EIO', 'c'])
  })

  test('of two directories do not wait for each other', async () => {
    const { begun, ends, shared } = slowDisk()
    const answers: string[] = []
    noted(answers, 'done', shared.syncDirectory('/done'))
    noted(answers, 'workdir', shared.syncDirectory('/workdir'))
    await someTurns()
    expect(begun).toEqual(['/done', '/workdir'])
    ends[1]?.resolve()
    await someTurns()
    expect(answers).toEqual(['workdir'])
    ends[0]?.resolve()
  })
})

test('every other operation goes to the disk as it is', () =>
  withDirectory(async (directory) => {
    const disk = faultFileSystem(unsyncedFileSystem)
    const shared = withSharedSyncs(disk)
    await shared.makeDirectory(`${directory}/a`)
    const file = await shared.open(`${directory}/a/x`, 'create')
    await file.close()
    await shared.link(`${directory}/a/x`, `${directory}/a/y`)
    await shared.rename(`${directory}/a/x`, `${directory}/a/z`)
    await shared.remove(`${directory}/a/y`)
    expect((await shared.list(`${directory}/a`)).map(({ name }) => name)).toEqual(['z'])
    expect((await shared.stat(`${directory}/a/z`))?.kind).toBe('file')
    expect(disk.log.map(({ operation }) => operation)).toEqual([
      'makeDirectory',
      'open',
      'close',
      'link',
      'rename',
      'remove',
      'list',
      'stat',
    ])
  }))
