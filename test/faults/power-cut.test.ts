import { describe, expect, test } from 'vitest'
import {
  openWorkspace,
  reconcileWorkspace,
  removeWorkspaceLock,
  verifyWorkspace,
  type FileSystem,
} from '../../src/index.js'
import {
  answerLine,
  answeredTriple,
  errorLine,
  idsUpTo,
  jsonl,
  requestLine,
  responseLine,
} from '../engine/lines.js'
import { impatientClock } from '../engine/workspaces.js'
import { CrashError } from '../fakes/fault-file-system.js'
import { memoryDisk, type Fate, type MemoryDisk } from '../fakes/memory-disk.js'

/** Three plain triples beside one with a success, a row for a retry, and one that failed for good. */
const files = {
  ...answeredTriple('1', idsUpTo(2, 'a-')),
  ...answeredTriple('2', idsUpTo(2, 'b-')),
  ...answeredTriple('4', idsUpTo(2, 'f-')),
  'workdir/batch_input_3.jsonl': jsonl(...['c', 'd', 'e'].map((id) => requestLine(id))),
  'workdir/batch_output_3.jsonl': jsonl(
    answerLine('c', 'yes'),
    responseLine('d', 500, { error: { message: 'down', code: 'server_error' } }),
  ),
  'workdir/batch_error_3.jsonl': jsonl(errorLine('e')),
}

const root = '/disk/workspace'

async function newDisk(): Promise<MemoryDisk> {
  const disk = memoryDisk()
  await openWorkspace(root, { create: true, fileSystem: disk })
  for (const [path, content] of Object.entries(files)) disk.put(`${root}/${path}`, content)
  return disk
}

async function run(fileSystem: FileSystem): Promise<void> {
  await reconcileWorkspace(await openWorkspace(root, { fileSystem }), { clock: impatientClock })
}

/** What the end is judged by: all but the journals and the log of tokens: what a crash costs of them, nothing depends on. */
const finalFiles = (disk: MemoryDisk): Record<string, string> =>
  Object.fromEntries(Object.entries(disk.files()).filter(([path]) => !/batch_(journal_|tokens)/.test(path)))

/** What `workdir/` gave up is gone, what `done/` got is not there. */
const keepsRemovals = (change: string): Fate => (change.includes('/workdir/') ? 'kept' : 'lost')

const fates: Readonly<Record<string, (seed: number) => (change: string) => Fate>> = {
  'loses all that was not synced': () => () => 'lost',
  'loses names that were not synced, and keeps content': () => (change) =>
    change.startsWith('name') ? 'lost' : 'kept',
  'loses content that was not synced, and keeps names': () => (change) =>
    change.startsWith('name') ? 'kept' : 'lost',
  'loses names that were given, and keeps that workdir/ gave them up': () => keepsRemovals,
  'loses some of each': (seed) => (change) => (hashOf(`${seed} ${change}`) % 2 === 0 ? 'lost' : 'kept'),
}

function hashOf(text: string): number {
  let hash = 0
  for (const character of text) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0
  return hash >>> 7
}

/** One of this many places is tried in each case, each case beginning at another; `EVERY_OPERATION=1` tries all. */
const stride = process.env['EVERY_OPERATION'] === '1' ? 1 : 4

/** Cuts the power at one operation, and gives the disk that is left. */
async function cutAt(nth: number, fateOf: (change: string) => Fate): Promise<MemoryDisk> {
  const disk = await newDisk()
  disk.cutAt(disk.operations() + nth)
  await run(disk).catch((error: unknown) => {
    if (!(error instanceof CrashError)) throw error
  })
  return disk.afterPowerCut(fateOf)
}

/** Every file that people gave stands somewhere, whole. */
function expectNothingLost(disk: MemoryDisk, context: string): void {
  const standing = disk.files()
  for (const [path, content] of Object.entries(files)) {
    const copies = [standing[`${root}/${path}`], standing[`${root}/${path.replace('workdir', 'done')}`]]
    expect(copies, `${path} ${context}`).toContain(content)
  }
}

describe('several triples at work at once, when the power goes', () => {
  test.each(Object.keys(fates))('a disk that %s: the next run ends in the very same files', async (name) => {
    const undisturbed = await newDisk()
    const before = undisturbed.operations()
    await run(undisturbed)
    const wanted = finalFiles(undisturbed)
    const operations = undisturbed.operations() - before
    expect(operations).toBeGreaterThan(300)
    const offset = Object.keys(fates).indexOf(name) % stride
    for (let nth = 1 + offset; nth <= operations; nth += stride) {
      const disk = await cutAt(nth, fates[name]?.(nth) ?? (() => 'lost'))
      const context = `after a cut at operation ${nth} of ${operations}`
      expectNothingLost(disk, context)
      await removeWorkspaceLock(await openWorkspace(root, { fileSystem: disk }))
      await run(disk)
      expect(finalFiles(disk), context).toEqual(wanted)
    }
    expect(await verifyWorkspace(await openWorkspace(root, { fileSystem: undisturbed }))).toMatchObject([
      { index: '1', isProven: true },
      { index: '2', isProven: true },
      { index: '3', isProven: true },
      { index: '4', isProven: true },
    ])
  })

  test('a disk whose syncs of directories do nothing would lose files: these tests see it', async () => {
    let lost = 0
    for (let nth = 300; nth < 800; nth += 7) {
      const disk = await newDisk()
      disk.cutAt(disk.operations() + nth)
      await run({ ...disk, syncDirectory: async () => {} }).catch(() => {})
      const standing = Object.values(disk.afterPowerCut(keepsRemovals).files())
      if (Object.values(files).some((content) => !standing.includes(content))) lost += 1
    }
    expect(lost).toBeGreaterThan(0)
  })
})
