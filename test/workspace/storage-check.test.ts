import { mkdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { systemClock, type Clock } from '../../src/clock.js'
import type { FileSystem } from '../../src/workspace/file-system.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import type { BatchWorkspace } from '../../src/workspace/open-workspace.js'
import {
  checkStorage,
  type CheckStorageOptions,
  type StorageCheck,
} from '../../src/workspace/storage-check/check-storage.js'
import { systemError } from '../fakes/fault-file-system.js'
import { filesBelow, onDisk, withWorkspace } from './support.js'

const usual: CheckStorageOptions = { leaseMs: 60_000, waitMs: 5_000 }

interface Sides {
  readonly leader?: Partial<FileSystem>
  readonly follower?: Partial<FileSystem>
  readonly leaderClock?: Clock
  readonly followerClock?: Clock
  readonly leaseMs?: number
}

/** Both halves on one folder, each with a disk of its own that may be worse than the real one. */
async function checked(workspace: BatchWorkspace, sides: Sides = {}): Promise<StorageCheck> {
  const { leader, follower, leaderClock = systemClock, followerClock = systemClock, leaseMs = 60_000 } = sides
  const worse = (operations: Partial<FileSystem> = {}): BatchWorkspace =>
    onDisk(workspace, { ...nodeFileSystem, ...operations })
  const following: Promise<StorageCheck>[] = []
  const leading = await checkStorage(worse(leader), {
    ...usual,
    leaseMs,
    clock: leaderClock,
    onOpen() {
      following.push(checkStorage(worse(follower), { ...usual, leaseMs, clock: followerClock }))
    },
  })
  expect(await Promise.all(following)).toEqual([{ role: 'follower', otherHost: hostname(), findings: [] }])
  expect(filesBelow(workspace.root)).toEqual({})
  return leading
}

const broken = ({ findings }: StorageCheck): readonly (readonly [string, string])[] =>
  findings.filter(({ isKept }) => !isKept).map(({ promise, told }) => [promise, told])

const replacingLink: FileSystem['link'] = async (from, to) => {
  await nodeFileSystem.remove(to).catch(() => {})
  return nodeFileSystem.link(from, to)
}
const refusedLink: FileSystem['link'] = (from) => Promise.reject(systemError('EPERM', from))

// Disks that are worse than the real one.
const renameWithAGap: FileSystem['rename'] = async (from, to) => {
  await nodeFileSystem.remove(to).catch(() => {})
  await delay(1)
  return nodeFileSystem.rename(from, to)
}
const renameThatCuts: FileSystem['rename'] = async (from, to) => {
  if (basename(to).endsWith('.version')) writeFileSync(to, 'short')
  await delay(1)
  return nodeFileSystem.rename(from, to)
}
const renameOutOfNothing: FileSystem['rename'] = async (from, to) => {
  if (basename(to).endsWith('.escaped')) writeFileSync(to, 'late')
  else await nodeFileSystem.rename(from, to)
}
const lateStat: FileSystem['stat'] = async (path) => {
  if (basename(path).startsWith('seen-soon.')) await delay(300)
  return nodeFileSystem.stat(path)
}
const blindStat: FileSystem['stat'] = (path) =>
  path.endsWith('seen-soon.seen-0') ? Promise.resolve(null) : nodeFileSystem.stat(path)

describe('a storage check', () => {
  test('of a disk that keeps everything says so, and leaves nothing', () =>
    withWorkspace({}, async (workspace) => {
      const check = await checked(workspace)
      expect(check).toMatchObject({ role: 'leader', otherHost: hostname() })
      expect(check.findings.map(({ promise, isKept }) => [promise, isKept])).toEqual([
        ['one-file-system', true],
        ['exclusive-link', true],
        ['atomic-rename', true],
        ['removed-folder', true],
        ['seen-soon', true],
        ['durable-sync', true],
        ['clocks', true],
      ])
    }))

  test('finds a link that does not see the name of another one', () =>
    withWorkspace({}, async (workspace) => {
      const [found, ...others] = broken(await checked(workspace, { follower: { link: replacingLink } }))
      expect(others).toEqual([])
      expect(found).toEqual([
        'exclusive-link',
        expect.stringMatching(/^of 200 names that both wanted \d+ went/),
      ])
    }))

  test.each(['leader', 'follower'] as const)('finds that the disk of the %s knows no links', (side) =>
    withWorkspace({}, async (workspace) => {
      const found = broken(await checked(workspace, { [side]: { link: refusedLink } }))
      expect(found).toContainEqual(['exclusive-link', 'the system refused it (EPERM)'])
      expect(found.some(([promise]) => promise === 'one-file-system')).toBe(side === 'leader')
    }),
  )

  test('finds a rename that has a moment without the file', () =>
    withWorkspace({}, async (workspace) => {
      const [[promise, told] = []] = broken(await checked(workspace, { leader: { rename: renameWithAGap } }))
      expect(promise).toBe('atomic-rename')
      expect(told).toMatch(/reads while it was replaced 500 times: [\d,]+ × absent$/)
    }))

  test('finds that files are cut while they are replaced', () =>
    withWorkspace({}, async (workspace) => {
      expect(broken(await checked(workspace, { leader: { rename: renameThatCuts } }))).toEqual([
        ['atomic-rename', expect.stringContaining('× torn')],
      ])
    }))

  test('finds a file that comes out of a folder that was removed', () =>
    withWorkspace({}, async (workspace) => {
      expect(broken(await checked(workspace, { follower: { rename: renameOutOfNothing } }))).toEqual([
        ['removed-folder', 'a file was put in place out of a folder that was removed before'],
      ])
    }))

  test('says what follows where a folder with an open file cannot be removed', () =>
    withWorkspace({}, async (workspace) => {
      let refusals = 0
      const removeDirectory: FileSystem['removeDirectory'] = async (path) => {
        if (path.endsWith('.staging') && (refusals += 1) <= 2) throw systemError('EBUSY', path)
        return nodeFileSystem.removeDirectory(path)
      }
      const { findings } = await checked(workspace, { leader: { removeDirectory } })
      expect(findings.find(({ promise }) => promise === 'removed-folder')).toEqual({
        promise: 'removed-folder',
        isKept: true,
        told: expect.stringContaining('open (EBUSY): what a paused worker has is taken over when'),
      })
    }))

  test('finds that the other one sees changes too late for the signs of life', () =>
    withWorkspace({}, async (workspace) => {
      const [found, ...others] = broken(
        await checked(workspace, { follower: { stat: lateStat }, leaseMs: 800 }),
      )
      expect(others).toEqual([])
      expect(found).toEqual([
        'seen-soon',
        expect.stringMatching(/15 changes .* the slowest after \d{3,4} ms/),
      ])
    }))

  test('finds that a change is never seen', () =>
    withWorkspace({}, async (workspace) => {
      const followerClock = { ...systemClock, monotonicMs: () => performance.now() * 200 }
      expect(broken(await checked(workspace, { follower: { stat: blindStat }, followerClock }))).toEqual([
        ['seen-soon', 'a file was made, and not seen for a minute'],
      ])
    }))

  test('finds a directory that is on another file system', () =>
    withWorkspace({}, async (workspace) => {
      const link: FileSystem['link'] = (from, to) =>
        to.startsWith(workspace.layout.done)
          ? Promise.reject(systemError('EXDEV', to))
          : nodeFileSystem.link(from, to)
      expect(broken(await checked(workspace, { leader: { link } }))).toEqual([
        ['one-file-system', 'no file can be put into done/ (EXDEV)'],
      ])
    }))

  test('tells how far the clocks are apart, which breaks nothing', () =>
    withWorkspace({}, async (workspace) => {
      const followerClock = { ...systemClock, now: () => Date.now() + 7_200_000 }
      const check = await checked(workspace, { followerClock })
      expect(broken(check)).toEqual([])
      expect(check.findings.at(-1)?.told).toMatch(/^(?:120 min|2 h|3 h) apart; no worker goes by that/)
    }))
})

describe('the two of a storage check', () => {
  test('whoever is alone says so after a while, and leaves nothing', () =>
    withWorkspace({}, async (workspace) => {
      await expect(checkStorage(workspace, { ...usual, waitMs: 50 })).rejects.toMatchObject({
        code: 'StorageCheckFailed',
        message: 'No second process came within 1 s.',
      })
      expect(filesBelow(workspace.root)).toEqual({})
    }))

  test('one that ends in the middle is missed, and nothing is left', () =>
    withWorkspace({}, async (workspace) => {
      const stopping = new AbortController()
      const link: FileSystem['link'] = (from, to) => {
        if (to.endsWith('claim-100')) stopping.abort()
        stopping.signal.throwIfAborted()
        return nodeFileSystem.link(from, to)
      }
      const clock = { ...systemClock, monotonicMs: () => performance.now() * 200 }
      let following: Promise<unknown> = Promise.resolve()
      const leading = checkStorage(workspace, {
        ...usual,
        clock,
        waitMs: 1_000_000,
        onOpen() {
          const worse = onDisk(workspace, { ...nodeFileSystem, link })
          following = checkStorage(worse, { ...usual, signal: stopping.signal }).catch(
            (error: unknown) => error,
          )
        },
      })
      await expect(leading).rejects.toMatchObject({
        code: 'StorageCheckFailed',
        message: 'The other process gave no answer for 90 seconds (claimed).',
      })
      expect(await following).toBe(stopping.signal.reason)
      expect(filesBelow(workspace.root)).toEqual({})
    }))

  test.each([
    ['of a process that is gone is put away', hostname(), 0],
    ['of another host is put away by whoever waited for it in vain', 'elsewhere', 1],
  ])('what is left %s', (_, host, failures) =>
    withWorkspace({}, async (workspace) => {
      leave(workspace, { leader: host })
      const clock = { ...systemClock, monotonicMs: () => performance.now() * 200 }
      for (let failure = 0; failure < failures; failure += 1) {
        await expect(checkStorage(workspace, { ...usual, clock })).rejects.toMatchObject({
          code: 'StorageCheckFailed',
        })
      }
      expect(broken(await checked(workspace))).toEqual([])
    }),
  )

  test('a third one says how to go on when the two are gone', () =>
    withWorkspace({}, async (workspace) => {
      const folder = leave(workspace, { leader: 'here', follower: 'there' })
      await expect(checkStorage(workspace, usual)).rejects.toMatchObject({
        code: 'StorageCheckFailed',
        problem: { hint: expect.stringContaining(`rm -r ${folder}`) },
      })
    }))
})

/** What a check that was killed leaves; no process has that number. */
function leave({ root }: BatchWorkspace, parts: Readonly<Record<string, string>>): string {
  const folder = join(root, '.batch-reconciler.storage-check')
  mkdirSync(folder)
  for (const [part, host] of Object.entries(parts)) {
    const record = { host, pid: 4_000_000, process_start: null }
    writeFileSync(join(folder, `meeting.${part}`), JSON.stringify(record))
  }
  return folder
}
