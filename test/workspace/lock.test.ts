import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FileSystem } from '../../src/workspace/file-system.js'
import type { LockHolder } from '../../src/workspace/lock.js'
import { acquireWorkspaceLock } from '../../src/workspace/hold-workspace.js'
import { readWorkspaceLock, removeWorkspaceLock } from '../../src/workspace/lock.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import type { BatchWorkspace } from '../../src/workspace/open-workspace.js'
import type { ProcessTable } from '../../src/workspace/process-table.js'
import { systemProcessTable } from '../../src/workspace/process-table.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { onDisk, rejection, withWorkspace } from './support.js'

/** A process of the machine `here` on which the processes of `alive` run, each since its own start. */
function processTable(pid: number, alive: readonly number[] = [pid]): ProcessTable {
  return {
    host: 'here',
    pid,
    isAlive: (each) => alive.includes(each),
    startOf: (each) => `start of ${each}`,
    namespace: null,
  }
}

function lockFiles({ root }: BatchWorkspace): string[] {
  return readdirSync(root).filter((name) => name.startsWith('.batch-reconciler.lock'))
}

function putLock({ layout }: BatchWorkspace, holder: Partial<LockHolder>): void {
  const whole = {
    host: 'here',
    pid: 5,
    process_start: 'start of 5',
    token: 'a'.repeat(32),
    acquired_at_ms: 0,
    ...holder,
  }
  writeFileSync(layout.lockFile, JSON.stringify(whole))
}

describe('the lock of a workspace', () => {
  test('is held by one, says by whom and since when, and is free again after its release', () =>
    withWorkspace({}, async (workspace) => {
      const clock = { now: () => 0, setTimeout: () => 0, clearTimeout: () => {} }
      const lock = await acquireWorkspaceLock(workspace, { clock, processes: processTable(5) })
      const error = await rejection(acquireWorkspaceLock(workspace, { processes: processTable(6, [5, 6]) }))
      expect(error.code).toBe('WorkspaceLocked')
      expect(error.message).toContain('process 5 on here, since 1970-01-01T00:00:00.000Z')
      expect(error.hint).toContain('unlock')
      expect(await readWorkspaceLock(workspace)).toEqual({ type: 'held', holder: lock.holder })
      await lock.release()
      expect(await readWorkspaceLock(workspace)).toEqual({ type: 'free' })
      expect(lockFiles(workspace)).toEqual([])
      await acquireWorkspaceLock(workspace, { processes: processTable(6) })
    }))

  test('is not shared by two engines of one process', () =>
    withWorkspace({}, async (workspace) => {
      await acquireWorkspaceLock(workspace)
      expect((await rejection(acquireWorkspaceLock(workspace))).code).toBe('WorkspaceLocked')
    }))

  test('is taken over from a process that is gone', () =>
    withWorkspace({}, async (workspace) => {
      putLock(workspace, { pid: 5 })
      const { holder } = await acquireWorkspaceLock(workspace, { processes: processTable(6) })
      expect(await readWorkspaceLock(workspace)).toEqual({ type: 'held', holder })
      expect(lockFiles(workspace)).toHaveLength(1)
    }))

  test('is taken over when its number now belongs to another process', () =>
    withWorkspace({}, async (workspace) => {
      putLock(workspace, { pid: 5, process_start: 'before the restart' })
      const { holder } = await acquireWorkspaceLock(workspace, { processes: processTable(6, [5, 6]) })
      expect(holder.pid).toBe(6)
    }))

  test('is not taken over when the start of its process is unknown', () =>
    withWorkspace({}, async (workspace) => {
      putLock(workspace, { pid: 5, process_start: null })
      const acquiring = acquireWorkspaceLock(workspace, { processes: processTable(6, [5, 6]) })
      expect((await rejection(acquiring)).code).toBe('WorkspaceLocked')
    }))

  test('is never taken over from another machine', () =>
    withWorkspace({}, async (workspace) => {
      putLock(workspace, { host: 'elsewhere', pid: 5 })
      const error = await rejection(acquireWorkspaceLock(workspace, { processes: processTable(6) }))
      expect(error.message).toContain('on elsewhere')
    }))

  test.each(['', '{"host":', '{}', 'null'])(
    'that cannot be read (%j) counts as held, until somebody unlocks',
    (text) =>
      withWorkspace({}, async (workspace) => {
        writeFileSync(workspace.layout.lockFile, text)
        expect((await rejection(acquireWorkspaceLock(workspace))).message).toContain('lock cannot be read')
        expect(await removeWorkspaceLock(workspace)).toEqual({ type: 'unreadable' })
        await acquireWorkspaceLock(workspace)
      }),
  )

  test('is removed by unlock, which says whose it was, and leaves strange files alone', () =>
    withWorkspace({ '.batch-reconciler.lock.notes': 'mine' }, async (workspace) => {
      const { holder } = await acquireWorkspaceLock(workspace)
      writeFileSync(`${workspace.layout.lockFile}.${'b'.repeat(32)}.stale`, '')
      expect(await removeWorkspaceLock(workspace)).toEqual({ type: 'held', holder })
      expect(lockFiles(workspace)).toEqual(['.batch-reconciler.lock.notes'])
      expect(await removeWorkspaceLock(workspace)).toEqual({ type: 'free' })
    }))

  test('that is no longer ours survives our release', () =>
    withWorkspace({}, async (workspace) => {
      const ours = await acquireWorkspaceLock(workspace)
      await removeWorkspaceLock(workspace)
      const theirs = await acquireWorkspaceLock(workspace, { processes: processTable(6) })
      await ours.release()
      expect(await readWorkspaceLock(workspace)).toEqual({ type: 'held', holder: theirs.holder })
    }))

  test('works on a disk without second names', () =>
    withWorkspace({}, async (workspace) => {
      const plain = onDisk(
        workspace,
        faultFileSystem(nodeFileSystem, [{ operation: 'link', error: 'EPERM' }]),
      )
      const lock = await acquireWorkspaceLock(plain, { processes: processTable(5) })
      expect(
        (await rejection(acquireWorkspaceLock(plain, { processes: processTable(6, [5, 6]) }))).code,
      ).toBe('WorkspaceLocked')
      await lock.release()
      await acquireWorkspaceLock(plain, { processes: processTable(6) })
    }))

  test('says so where the disk does not let it lock', () =>
    withWorkspace({}, async (workspace) => {
      const full = onDisk(
        workspace,
        faultFileSystem(nodeFileSystem, [{ operation: 'write', error: 'ENOSPC' }]),
      )
      expect((await rejection(acquireWorkspaceLock(full))).code).toBe('DiskFull')
      expect(lockFiles(workspace)).toEqual([])
      mkdirSync(workspace.layout.lockFile)
      expect((await rejection(acquireWorkspaceLock(workspace))).code).toBe('WorkspaceLocked')
    }))
})

describe('processes that come at the same moment', () => {
  const contenders = [11, 12, 13]

  test.each(['free', 'stale'])('get a %s lock one only, in whatever order their steps fall', (state) =>
    fc.assert(
      fc.asyncProperty(fc.scheduler(), (scheduler) =>
        withWorkspace({}, async (workspace) => {
          if (state === 'stale') putLock(workspace, { pid: 5 })
          const scheduled = onDisk(workspace, scheduledFileSystem(scheduler))
          const attempts = contenders.map((pid) =>
            acquireWorkspaceLock(scheduled, { processes: processTable(pid, contenders) }),
          )
          const results = await scheduler.waitFor(Promise.allSettled(attempts))
          const winners = results.flatMap((result) =>
            result.status === 'fulfilled' ? [result.value.holder] : [],
          )
          const losers = results.flatMap((result) =>
            result.status === 'rejected' ? [result.reason as unknown] : [],
          )
          expect(winners).toHaveLength(1)
          expect(losers).toMatchObject([{ code: 'WorkspaceLocked' }, { code: 'WorkspaceLocked' }])
          expect(await readWorkspaceLock(workspace)).toEqual({ type: 'held', holder: winners[0] })
          expect(lockFiles(workspace)).toHaveLength(1)
        }),
      ),
      { numRuns: 60 },
    ),
  )

  test.each(['ENOSPC', 'EPERM for links'])(
    'get it after any number of crashes in the middle of a takeover (%s)',
    async (kind) => {
      const without = kind === 'ENOSPC' ? [] : [{ operation: 'link' as const, error: 'EPERM' }]
      const disk = (nth: number) => faultFileSystem(nodeFileSystem, [...without, { nth, error: 'crash' }])
      let hasCrashed = true
      for (let nth = 1; hasCrashed; nth++) {
        hasCrashed = await withWorkspace({}, async (workspace) => {
          putLock(workspace, { pid: 5 })
          const first = disk(nth)
          await acquireWorkspaceLock(onDisk(workspace, first), { processes: processTable(6) }).catch(() => {})
          const second = disk(nth)
          await acquireWorkspaceLock(onDisk(workspace, second), { processes: processTable(7) }).catch(
            () => {},
          )
          const lock = await acquireWorkspaceLock(workspace, { processes: processTable(8) })
          expect(JSON.parse(readFileSync(workspace.layout.lockFile, 'utf8'))).toEqual(lock.holder)
          expect(lockFiles(workspace)).toHaveLength(1)
          await lock.release()
          expect(lockFiles(workspace)).toEqual([])
          return first.isCrashed()
        })
      }
    },
  )
})

describe('the processes of this machine', () => {
  test('are alive until they end, and each has its own start', async () => {
    const processes = systemProcessTable
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    await once(child, 'spawn')
    const childPid = child.pid ?? 0
    expect(processes.host).not.toBe('')
    expect(processes.isAlive(processes.pid)).toBe(true)
    expect(processes.isAlive(childPid)).toBe(true)
    expect(processes.startOf(childPid)).toBe(processes.startOf(childPid))
    expect(
      processes.startOf(childPid) === null ||
        processes.startOf(childPid) !== processes.startOf(processes.pid),
    ).toBe(true)
    child.stdin.end()
    await once(child, 'exit')
    expect(processes.isAlive(childPid)).toBe(false)
    expect(processes.startOf(childPid)).toBeNull()
  })

  test.skipIf(process.platform !== 'linux')(
    'are gone once they ended, also while nobody asks for their end',
    async () => {
      // The shell becomes a program that never waits for the child it inherits.
      const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 30'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      const [announced] = await once(parent.stdout, 'data')
      const zombiePid = Number(String(announced))
      try {
        await expect.poll(() => systemProcessTable.isAlive(zombiePid)).toBe(false)
        expect(() => process.kill(zombiePid, 0)).not.toThrow()
      } finally {
        parent.kill('SIGKILL')
      }
    },
  )
})

/** Every operation waits until the scheduler lets it happen. */
function scheduledFileSystem(scheduler: fc.Scheduler): FileSystem {
  const turn = async <T>(label: string, run: () => Promise<T>): Promise<T> => {
    await scheduler.schedule(Promise.resolve(), label)
    return run()
  }
  return {
    ...nodeFileSystem,
    open: (path, mode) => turn(`open ${path}`, () => nodeFileSystem.open(path, mode)),
    link: (from, to) => turn(`link ${to}`, () => nodeFileSystem.link(from, to)),
    rename: (from, to) => turn(`rename ${to}`, () => nodeFileSystem.rename(from, to)),
    remove: (path) => turn(`remove ${path}`, () => nodeFileSystem.remove(path)),
  }
}
