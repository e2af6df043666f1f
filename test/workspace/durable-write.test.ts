import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { beginDurableFile, isTemporaryName, writeFileDurably } from '../../src/workspace/durable-write.js'
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
