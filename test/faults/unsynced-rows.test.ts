import { expect, test } from 'vitest'
import {
  openWorkspace,
  reconcileWorkspace,
  removeWorkspaceLock,
  type ReconcileWorkspaceOptions,
} from '../../src/index.js'
import { answerLine, errorLine, idsUpTo, jsonl, requestLine, responseLine } from '../engine/lines.js'
import { impatientClock } from '../engine/workspaces.js'
import { CrashError } from '../fakes/fault-file-system.js'
import { memoryDisk, type Fate, type MemoryDisk } from '../fakes/memory-disk.js'

const root = '/disk/workspace'
const rowsPath = `${root}/logs/batch_rows_5.part.jsonl`
/** More than two groups of rows. */
const ids = idsUpTo(2_300)

const files = {
  'workdir/batch_input_5.jsonl': jsonl(...[...ids, 'down', 'bad'].map((id) => requestLine(id))),
  'workdir/batch_output_5.jsonl': jsonl(
    ...ids.map((id) => answerLine(id, `Here is ${id}.`)),
    responseLine('down', 500, { error: { message: 'down', code: 'server_error' } }),
  ),
  'workdir/batch_error_5.jsonl': jsonl(errorLine('bad')),
}

async function newDisk(): Promise<MemoryDisk> {
  const disk = memoryDisk()
  await openWorkspace(root, { create: true, fileSystem: disk })
  for (const [path, content] of Object.entries(files)) disk.put(`${root}/${path}`, content)
  return disk
}

interface Watched {
  readonly disk: MemoryDisk
  /** Syncs of the rows of the attempt. */
  readonly syncs: () => number
  readonly writes: () => number
}

/** Notes what is done to the rows of the attempt; `onWrite` is told before each write of them. */
function watched(disk: MemoryDisk, onWrite: (nth: number) => void = () => {}): Watched {
  let syncs = 0
  let writes = 0
  const open: MemoryDisk['open'] = async (path, mode) => {
    const file = await disk.open(path, mode)
    if (path !== rowsPath || mode !== 'append') return file
    return {
      ...file,
      sync: async () => {
        syncs += 1
        await file.sync()
      },
      write: async (bytes) => {
        writes += 1
        onWrite(writes)
        await file.write(bytes)
      },
    }
  }
  return { disk: { ...disk, open }, syncs: () => syncs, writes: () => writes }
}

async function run(disk: MemoryDisk, options: ReconcileWorkspaceOptions = {}): Promise<void> {
  await reconcileWorkspace(await openWorkspace(root, { fileSystem: disk }), {
    clock: impatientClock,
    ...options,
  })
}

const finalFiles = (disk: MemoryDisk): Record<string, string> =>
  Object.fromEntries(Object.entries(disk.files()).filter(([path]) => !/batch_(journal_|tokens)/.test(path)))

/** The power goes with the `nth` write of rows; gives the disk that is left. */
async function cutAtWrite(
  nth: number,
  fateOf: (change: string) => Fate,
  options: ReconcileWorkspaceOptions = {},
): Promise<MemoryDisk> {
  const disk = await newDisk()
  const atWork = watched(disk, (write) => {
    if (write === nth) disk.cutAt(disk.operations() + 2)
  })
  await run(atWork.disk, options).catch((error: unknown) => {
    if (!(error instanceof CrashError)) throw error
  })
  expect(disk.isCut()).toBe(true)
  const left = disk.afterPowerCut(fateOf)
  await removeWorkspaceLock(await openWorkspace(root, { fileSystem: left }))
  return left
}

const some = (change: string): Fate => (change.length % 2 === 0 ? 'lost' : 'kept')

test.each([
  ['nothing of them is left', () => 'lost' as const],
  [
    'half of them is left',
    (change: string) => (change.startsWith('name') ? ('kept' as const) : ('lost' as const)),
  ],
  ['all of them is left', () => 'kept' as const],
  ['some changes are', some],
])('rows that no callback saw are made again after a power cut: %s', async (_, fateOf) => {
  const undisturbed = await newDisk()
  const atWork = watched(undisturbed)
  await run(atWork.disk)
  expect(atWork.syncs()).toBe(0)
  const wanted = finalFiles(undisturbed)
  expect(wanted[`${root}/target/batch_results_5.jsonl`]?.split('\n')).toHaveLength(ids.length + 3)
  // What was kept in memory until then, full buffers, and the rest.
  expect(atWork.writes()).toBe(4)
  for (const nth of [1, 2, 3, 4]) {
    const disk = await cutAtWrite(nth, fateOf)
    await run(disk)
    expect(finalFiles(disk)).toEqual(wanted)
  }
})

test('rows that a callback saw are synced in groups, and none but those of the last group is handed over twice', async () => {
  const undisturbed = await newDisk()
  const atWork = watched(undisturbed)
  await run(atWork.disk, { processOutput: () => undefined })
  expect(atWork.syncs()).toBeGreaterThanOrEqual(3)
  const wanted = finalFiles(undisturbed)
  const calls = new Map<string, number>()
  const processOutput = ({ customId }: { readonly customId: string }): void =>
    void calls.set(customId, (calls.get(customId) ?? 0) + 1)
  // The header, the error file, 1,000 rows, 1,000 rows: the fourth write is not synced, and the first thousand is.
  const disk = await cutAtWrite(4, () => 'lost', { processOutput })
  expect(calls.size).toBe(2_000)
  await run(disk, { processOutput })
  expect(finalFiles(disk)).toEqual(wanted)
  expect(calls.size).toBe(ids.length)
  const twice = [...calls].filter(([, count]) => count > 1).map(([id]) => id)
  expect([...calls.values()].every((count) => count <= 2)).toBe(true)
  expect(twice).toEqual(ids.slice(1_000, 2_000))
})

test('a callback for errors alone makes the rows a checkpoint too', async () => {
  const atWork = watched(await newDisk())
  await run(atWork.disk, { processErrors: () => undefined })
  expect(atWork.syncs()).toBeGreaterThanOrEqual(3)
})
