import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { beginDurableFile, isTemporaryName, writeFileDurably } from '../../src/workspace/durable-write.js'
import { earlySyncBytes } from '../../src/workspace/early-syncs.js'
import type { FileSystem, OpenFile } from '../../src/workspace/file-system.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import { faultFileSystem, systemError } from '../fakes/fault-file-system.js'
import { filesBelow, withDirectory } from './support.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function* pieces(): AsyncIterable<Uint8Array> {
  yield bytes('new ')
  yield bytes('content')
}

async function* cutShort(): AsyncIterable<Uint8Array> {
  yield* pieces()
  throw new Error('the connection was cut')
}

/** Enough for two syncs on the way. */
async function* largePieces(): AsyncIterable<Uint8Array> {
  for (let piece = 0; piece < 5; piece += 1) {
    yield new Uint8Array(earlySyncBytes / 2)
    await setTimeout(5)
  }
}

describe('a durable write', () => {
  test.each([
    ['text', 'new content'],
    ['bytes', bytes('new content')],
    ['pieces', pieces()],
  ])('creates and replaces a file from %s', (_, content) =>
    withDirectory(async (directory) => {
      writeFileSync(join(directory, 'file'), 'old')
      await writeFileDurably(nodeFileSystem, join(directory, 'file'), content)
      expect(filesBelow(directory)).toEqual({ file: 'new content' })
    }),
  )

  test('syncs the content before the name changes and the directory after it', () =>
    withDirectory(async (directory) => {
      const fs = faultFileSystem(nodeFileSystem)
      await writeFileDurably(fs, join(directory, 'file'), 'content')
      const steps = fs.log.map(({ operation }) => operation)
      expect(steps).toEqual(['stat', 'open', 'write', 'sync', 'close', 'rename', 'syncDirectory'])
      const [, opened] = fs.log
      expect(isTemporaryName((opened?.path ?? '').replace(`${directory}/`, ''))).toBe(true)
    }))

  test('of a large file is synced while it grows, and once more at its end', () =>
    withDirectory(async (directory) => {
      const fs = faultFileSystem(nodeFileSystem)
      await writeFileDurably(fs, join(directory, 'file'), largePieces())
      const steps = fs.log.map(({ operation }) => operation)
      // Three where the disk keeps up.
      expect(steps.filter((step) => step === 'sync').length).toBeGreaterThanOrEqual(2)
      expect(steps.slice(-4)).toEqual(['sync', 'close', 'rename', 'syncDirectory'])
      expect(steps.indexOf('sync')).toBeLessThan(steps.lastIndexOf('write'))
    }))

  test('fails when a sync on the way failed, also where the last one says that all is well', () =>
    withDirectory(async (directory) => {
      writeFileSync(join(directory, 'file'), 'old')
      const fs = faultFileSystem(nodeFileSystem, [{ operation: 'sync', error: 'EIO', nth: 1 }])
      const written = writeFileDurably(fs, join(directory, 'file'), largePieces())
      await expect(written).rejects.toMatchObject({ code: 'EIO' })
      expect(filesBelow(directory)).toEqual({ file: 'old' })
    }))

  test('closes no file that is still being synced', () =>
    withDirectory(async (directory) => {
      let isSyncing = false
      let closedWhileSyncing = 0
      const fs: FileSystem = {
        ...nodeFileSystem,
        open: async (path, mode) => {
          const file = await nodeFileSystem.open(path, mode)
          return {
            ...file,
            sync: async () => {
              isSyncing = true
              await setTimeout(20)
              isSyncing = false
            },
            close: () => {
              if (isSyncing) closedWhileSyncing += 1
              return file.close()
            },
          }
        },
      }
      await writeFileDurably(fs, join(directory, 'file'), largePieces())
      const file = await beginDurableFile(fs, join(directory, 'other'))
      await file.write(new Uint8Array(earlySyncBytes))
      expect(isSyncing).toBe(true)
      await file.abort()
      expect(closedWhileSyncing).toBe(0)
    }))

  test('that fails at any step leaves the old content and nothing beside it', () =>
    withDirectory(async (directory) => {
      writeFileSync(join(directory, 'file'), 'old')
      for (const operation of ['open', 'write', 'sync', 'close', 'rename'] as const) {
        for (const error of ['ENOSPC', 'EACCES', 'EIO', 'EBUSY']) {
          const fs = faultFileSystem(nodeFileSystem, [{ operation, error, partialBytes: 2 }])
          await expect(writeFileDurably(fs, join(directory, 'file'), pieces())).rejects.toMatchObject({
            code: error,
          })
          expect(filesBelow(directory)).toEqual({ file: 'old' })
        }
      }
    }))

  test('of a new file keeps what stands there by then, on a disk without second names too', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'file')
      for (const faults of [[], [{ operation: 'link', error: 'EPERM' }] as const]) {
        const file = await beginDurableFile(faultFileSystem(nodeFileSystem, faults), path)
        await file.write(bytes('new'))
        writeFileSync(path, 'theirs')
        await expect(file.commitNew()).rejects.toMatchObject({ code: 'EEXIST' })
        expect(filesBelow(directory)).toEqual({ file: 'theirs' })
      }
    }))

  test('of a new file syncs it, names it, and leaves nothing beside it', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'file')
      const fs = faultFileSystem(nodeFileSystem)
      const file = await beginDurableFile(fs, path)
      await file.write(bytes('new'))
      await file.commitNew()
      expect(fs.log.map(({ operation }) => operation).slice(2)).toEqual([
        'write',
        'sync',
        'close',
        'link',
        'remove',
        'syncDirectory',
      ])
      expect(filesBelow(directory)).toEqual({ file: 'new' })
    }))

  test('whose content fails leaves the old content and nothing beside it', () =>
    withDirectory(async (directory) => {
      writeFileSync(join(directory, 'file'), 'old')
      const writing = writeFileDurably(nodeFileSystem, join(directory, 'file'), cutShort())
      await expect(writing).rejects.toThrow('the connection was cut')
      expect(filesBelow(directory)).toEqual({ file: 'old' })
    }))

  test('that a crash cuts short anywhere leaves the old content or the whole new one', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'file')
      let hasCrashed = true
      for (let nth = 1; hasCrashed; nth++) {
        writeFileSync(path, 'old')
        const fs = faultFileSystem(nodeFileSystem, [{ nth, error: 'crash', partialBytes: 3 }])
        await writeFileDurably(fs, path, pieces()).catch(() => {})
        hasCrashed = fs.isCrashed()
        const left = filesBelow(directory)
        expect(['old', 'new content']).toContain(left['file'])
        expect(Object.keys(left).every((name) => name === 'file' || isTemporaryName(name))).toBe(true)
        await writeFileDurably(nodeFileSystem, path, 'second run')
        expect(filesBelow(directory)['file']).toBe('second run')
      }
    }))

  test('whose rename fails closes its own file only, on any disk', () =>
    withDirectory(async (directory) => {
      writeFileSync(join(directory, 'other'), 'other')
      let closes = 0
      let other: OpenFile | null = null
      const fs: FileSystem = {
        ...nodeFileSystem,
        open: async (path, mode) => {
          const file = await nodeFileSystem.open(path, mode)
          return { ...file, close: async () => ((closes += 1), file.close()) }
        },
        rename: async (path) => {
          // Somebody else opens a file at this moment, and gets the number that has just become free.
          other = await nodeFileSystem.open(join(directory, 'other'), 'read')
          throw systemError('EBUSY', path)
        },
      }
      const writing = writeFileDurably(fs, join(directory, 'file'), 'content')
      await expect(writing).rejects.toMatchObject({ code: 'EBUSY' })
      expect(closes).toBe(1)
      expect(await (other as OpenFile | null)?.read(new Uint8Array(5), 0)).toBe(5)
      await (other as OpenFile | null)?.close()
      expect(filesBelow(directory)).toEqual({ other: 'other' })
    }))

  test('can be dropped before it is committed, and not after', () =>
    withDirectory(async (directory) => {
      const dropped = await beginDurableFile(nodeFileSystem, join(directory, 'dropped'))
      await dropped.write(bytes('x'))
      await dropped.abort()
      const kept = await beginDurableFile(nodeFileSystem, join(directory, 'kept'))
      await kept.write(bytes('y'))
      await kept.commit()
      await kept.abort()
      expect(filesBelow(directory)).toEqual({ kept: 'y' })
    }))
})
