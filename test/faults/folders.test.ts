import { cpSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  isBatchReconciliationError,
  planWorkspace,
  reconcileWorkspace,
  removeWorkspaceLock,
  verifyWorkspace,
  workspaceStatus,
  type BatchWorkspace,
} from '../../src/index.js'
import type { FileSystem } from '../../src/workspace/file-system.js'
import { answerLine, errorLine, idsUpTo, jsonl, requestLine } from '../engine/lines.js'
import { impatientClock, userFiles } from '../engine/workspaces.js'
import { faultFileSystem, systemError } from '../fakes/fault-file-system.js'
import { steppingFileSystem } from '../fakes/stepping-file-system.js'
import { filesBelow, onDisk, unsyncedFileSystem, withWorkspace } from '../workspace/support.js'

const ids = idsUpTo(3)
const files = {
  'workdir/batch_input_1.jsonl': jsonl(...ids.map((id) => requestLine(id))),
  'workdir/batch_output_1.jsonl': jsonl(...ids.slice(1).map((id) => answerLine(id, 'yes'))),
  'workdir/batch_error_1.jsonl': jsonl(errorLine('row-1')),
}

/** The code of what stopped it, `done` when nothing did; whatever is no problem of ours fails the test. */
async function endOf(workspace: BatchWorkspace): Promise<string> {
  try {
    const { triples } = await reconcileWorkspace(workspace, { clock: impatientClock })
    return triples.map(({ outcome, problem }) => problem?.code ?? outcome.type).join(' ')
  } catch (error) {
    if (isBatchReconciliationError(error)) return error.code
    throw error
  }
}

/** Unless it was done before. */
async function expectDone(workspace: BatchWorkspace): Promise<void> {
  expect(await endOf(onDisk(workspace, unsyncedFileSystem))).toMatch(/^(done)?$/)
  expect(readdirSync(workspace.layout.workdir)).toEqual([])
  expect(await verifyWorkspace(workspace)).toMatchObject([{ index: '1', isProven: true }])
}

/** Beside what the run made in its place meanwhile, none of which is replaced. */
function putBack(away: string, path: string): void {
  if (!existsSync(away)) return
  cpSync(away, path, { recursive: true, force: false })
  rmSync(away, { recursive: true })
}

/** One of this many operations is tried. */
const stride = 17

/** The folder is away from the `nth` operation on; gives the operations there were. */
const takeAway = (folder: string, nth: number): Promise<number> =>
  withWorkspace(files, async (workspace) => {
    const path = join(workspace.root, folder)
    const before = userFiles(workspace)
    let operations = 0
    const fileSystem = steppingFileSystem(unsyncedFileSystem, async () => {
      operations += 1
      if (operations === nth && existsSync(path)) renameSync(path, `${workspace.root}-away`)
    })
    const end = await endOf(onDisk(workspace, fileSystem))
    expect(end, `before operation ${nth}`).not.toContain('UnexpectedError')
    putBack(`${workspace.root}-away`, path)
    expect(userFiles(workspace)).toMatchObject(before)
    // It came back with the folder, and says that this process is at work.
    await removeWorkspaceLock(workspace)
    await expectDone(workspace)
    return operations
  })

describe.each(['', 'workdir', 'done', 'target', 'logs'])(
  'the folder %j that is taken away during a run',
  (folder) => {
    test('stops it with a problem that is known; put back, all of it is done', async () => {
      const operations = await takeAway(folder, 0)
      expect(operations).toBeGreaterThan(100)
      for (let nth = 1; nth <= operations; nth += stride) await takeAway(folder, nth)
    })
  },
)

/** A disk below whose path nothing can be changed. */
function readOnlyBelow(path: string, inner: FileSystem = unsyncedFileSystem): FileSystem {
  const isBelow = (one: string): boolean => one === path || one.startsWith(`${path}/`)
  const unless =
    <Args extends readonly string[], Result>(change: (...paths: Args) => Promise<Result>) =>
    async (...paths: Args): Promise<Result> => {
      const forbidden = paths.find(isBelow)
      if (forbidden !== undefined) throw systemError('EROFS', forbidden)
      return change(...paths)
    }
  return {
    ...inner,
    open: async (one, mode) => {
      if (mode !== 'read' && isBelow(one)) throw systemError('EROFS', one)
      return inner.open(one, mode)
    },
    makeDirectory: async (one) => {
      if (!existsSync(one)) return unless((where: string) => inner.makeDirectory(where))(one)
    },
    rename: unless((from: string, to: string) => inner.rename(from, to)),
    link: unless((from: string, to: string) => inner.link(from, to)),
    remove: unless((one: string) => inner.remove(one)),
    removeDirectory: unless((one: string) => inner.removeDirectory(one)),
  }
}

describe('a folder in which nothing can be written', () => {
  test.each(['', 'workdir', 'done', 'target', 'logs'])(
    '%j: a run says so and loses nothing; once it can be written, all of it is done',
    (folder) =>
      withWorkspace(files, async (workspace) => {
        const before = userFiles(workspace)
        const readOnly = onDisk(workspace, readOnlyBelow(join(workspace.root, folder)))
        expect(await endOf(readOnly)).toBe('PermissionDenied')
        expect(userFiles(workspace)).toEqual(before)
        await expectDone(workspace)
      }),
  )

  test('is looked at by all commands that only read, which leave it as it is', () =>
    withWorkspace(files, async (workspace) => {
      await expectDone(workspace)
      const before = filesBelow(workspace.root)
      const disk = faultFileSystem(readOnlyBelow(workspace.root))
      const readOnly = onDisk(workspace, disk)
      expect((await planWorkspace(readOnly, { shouldCheckIds: true })).triples).toEqual([])
      expect(await workspaceStatus(readOnly)).toBeTruthy()
      expect(await verifyWorkspace(readOnly)).toMatchObject([{ isProven: true }])
      expect(disk.log.length).toBeGreaterThan(0)
      expect(filesBelow(workspace.root)).toEqual(before)
    }))
})
