import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
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
import { answeredTriple, metadataText } from '../engine/lines.js'
import { impatientClock } from '../engine/workspaces.js'
import { freeWorkspace } from '../../src/workspace/hold-workspace.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import { withDirectory, withWorkspace } from '../workspace/support.js'

const canMakePipes = ((): boolean => {
  try {
    execFileSync('mkfifo', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** What may stand where a file belongs. Opening a pipe waits for its other end, unless one takes care. */
const things: readonly (readonly [string, (path: string) => void])[] = [
  ['a directory', (path) => mkdirSync(path)],
  ['a link that leads nowhere', (path) => symlinkSync('nowhere', path)],
  ...(canMakePipes ? [['a pipe', (path: string) => void execFileSync('mkfifo', [path])] as const] : []),
]

const places = [
  'workdir/batch_input_1.jsonl',
  'workdir/batch_output_1.jsonl',
  'workdir/batch_metadata_1.jsonl',
  'done/batch_input_1.jsonl',
  'done/batch_output_1.jsonl',
  'done/batch_metadata_1.jsonl',
  'target/batch_results_1.jsonl',
  'failed-items/batch_unreadable_1.jsonl',
  'logs/batch_accounting_1.json',
  'logs/batch_rows_1.part.jsonl',
]

const files = { ...answeredTriple('1', ['a']), 'workdir/batch_metadata_1.jsonl': metadataText({}) }

async function codesOf(workspace: BatchWorkspace): Promise<readonly (string | undefined)[]> {
  const report = await reconcileWorkspace(workspace, { clock: impatientClock, limits: { maxRetries: 0 } })
  return report.triples.map(({ problem }) => problem?.code)
}

describe.each(things)('%s where a file belongs', (_, put) => {
  test.each(places)('%s: a run ends, and says so where it matters', (place) =>
    withWorkspace(files, async (workspace) => {
      rmSync(join(workspace.root, place), { force: true })
      mkdirSync(dirname(join(workspace.root, place)), { recursive: true })
      put(join(workspace.root, place))
      const isUnused = place.startsWith('failed-items/')
      const expected = place.startsWith('done/') ? 'DoneFileConflict' : 'NotARegularFile'
      expect(await codesOf(workspace)).toEqual([isUnused ? undefined : expected])
      expect((await planWorkspace(workspace, { shouldCheckIds: true })).triples.length).toBeLessThan(2)
      expect(await workspaceStatus(workspace)).toBeTruthy()
    }),
  )

  test('done/, of a finished triple: verify ends, and says so', () =>
    withWorkspace(files, async (workspace) => {
      await codesOf(workspace)
      for (const place of ['done/batch_output_1.jsonl', 'logs/batch_accounting_1.json']) {
        rmSync(join(workspace.root, place))
        put(join(workspace.root, place))
        const [proof] = await verifyWorkspace(workspace)
        expect(proof?.isProven).toBe(false)
      }
      expect((await verifyWorkspace(workspace))[0]?.problems.map(({ code }) => code)).toContain(
        'NotARegularFile',
      )
    }))

  test('the journal: stops nothing and draws a warning', () =>
    withWorkspace(files, async (workspace) => {
      put(workspace.layout.journalFile('1'))
      const warnings: string[] = []
      const report = await reconcileWorkspace(workspace, {
        onEvent: (event) => {
          if (event.type === 'warning') warnings.push(event.message)
        },
      })
      expect(report.triples[0]?.outcome.type).toBe('done')
      expect(warnings.join()).toContain('journal')
    }))

  test('the lock: the workspace counts as held', () =>
    withWorkspace(files, async (workspace) => {
      put(workspace.layout.lockFile)
      const error: unknown = await reconcileWorkspace(workspace).catch((reason: unknown) => reason)
      expect(isBatchReconciliationError(error) && error.code).toBe('WorkspaceLocked')
    }))
})

test.skipIf(!canMakePipes)('a pipe that holds the lock is removed by unlock', () =>
  withWorkspace(files, async (workspace) => {
    execFileSync('mkfifo', [workspace.layout.lockFile])
    await removeWorkspaceLock(workspace)
    expect(await codesOf(workspace)).toEqual([undefined])
  }),
)

test.skipIf(!canMakePipes)('a pipe is never opened, for whatever purpose, and a device neither', () =>
  withDirectory(async (directory) => {
    const path = join(directory, 'pipe')
    execFileSync('mkfifo', [path])
    for (const mode of ['read', 'append', 'extend'] as const)
      await expect(nodeFileSystem.open(path, mode)).rejects.toMatchObject({ code: 'ENXIO' })
    await expect(nodeFileSystem.open('/dev/null', 'read')).rejects.toMatchObject({ code: 'ENXIO' })
    await expect(nodeFileSystem.syncDirectory(path)).rejects.toMatchObject({ code: 'ENOTDIR' })
  }),
)

describe('what stands where a worker writes', () => {
  const folder = '.batch-reconciler.workers'
  const staging = `${folder}/staging.1.1.${'0'.repeat(32)}`

  test('a symbolic link there is taken away, and nothing of what it leads to', () =>
    withWorkspace({ ...files, 'theirs/a.txt': 'a' }, async (workspace) => {
      mkdirSync(join(workspace.root, folder))
      symlinkSync(join(workspace.root, 'theirs'), join(workspace.root, staging))
      expect(await codesOf(workspace)).toEqual([undefined])
      expect(readdirSync(join(workspace.root, 'theirs'))).toEqual(['a.txt'])
      expect(existsSync(join(workspace.root, folder))).toBe(false)
    }))

  test.skipIf(!canMakePipes)('a pipe is taken away', () =>
    withWorkspace(files, async (workspace) => {
      mkdirSync(join(workspace.root, folder))
      execFileSync('mkfifo', [join(workspace.root, staging)])
      expect(await codesOf(workspace)).toEqual([undefined])
      expect(existsSync(join(workspace.root, folder))).toBe(false)
    }),
  )

  test('unlock leaves alone what is not ours where the whole folder is a link', () =>
    withWorkspace({ ...files, 'theirs/a.json': 'a', 'theirs/claims': '' }, async (workspace) => {
      const worker = `worker.${'0'.repeat(32)}.json.new`
      writeFileSync(join(workspace.root, 'theirs', worker), '{')
      symlinkSync(join(workspace.root, 'theirs'), join(workspace.root, folder))
      await freeWorkspace(workspace)
      expect(readdirSync(join(workspace.root, 'theirs'))).toEqual(['a.json'])
    }))

  test('a directory in place of the claims is named by its path', () =>
    withWorkspace(files, async (workspace) => {
      mkdirSync(join(workspace.root, folder, 'claims'), { recursive: true })
      const error: unknown = await codesOf(workspace).catch((reason: unknown) => reason)
      expect(isBatchReconciliationError(error) && error.message).toContain(join(folder, 'claims'))
    }))
})
