import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { largestInMemory, withFileInMemory } from '../../src/workspace/file-in-memory.js'
import type { FileSystem } from '../../src/workspace/file-system.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import { readWholeFile } from '../../src/workspace/read-whole-file.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { withDirectory } from './support.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const large = new Uint8Array(largestInMemory).fill(0x61)

async function appendTo(fs: FileSystem, path: string, ...pieces: readonly Uint8Array[]): Promise<void> {
  const file = await fs.open(path, 'append')
  for (const piece of pieces) await file.write(piece)
  await file.close()
}

const textOf = async (fs: FileSystem, path: string): Promise<string> =>
  Buffer.from(await readWholeFile(fs, path)).toString()

describe('a file that is kept in memory', () => {
  test('is written, read, cut, asked about and removed without the disk', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'rows')
      const disk = faultFileSystem(nodeFileSystem)
      const fs = withFileInMemory(disk, path)
      await appendTo(fs, path, bytes('one '), bytes('two'))
      expect(await textOf(fs, path)).toBe('one two')
      expect(await fs.stat(path)).toMatchObject({ kind: 'file', bytes: 7, identity: null })
      const file = await fs.open(path, 'append')
      await file.truncate(4)
      await file.write(bytes('three'))
      await file.close()
      await expect(file.write(bytes('late'))).rejects.toMatchObject({ code: 'EBADF' })
      expect(await textOf(fs, path)).toBe('one three')
      await expect(fs.open(path, 'create')).rejects.toMatchObject({ code: 'EEXIST' })
      await fs.remove(path)
      expect(await fs.stat(path)).toBeNull()
      await expect(fs.open(path, 'read')).rejects.toMatchObject({ code: 'ENOENT' })
      // The question whether it stands there, before it was begun and after it was removed.
      expect(disk.log.map(({ operation }) => operation)).toEqual(['stat', 'stat', 'open'])
    }))

  test('reads to the end and not beyond it, from anywhere', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'rows')
      const fs = withFileInMemory(nodeFileSystem, path)
      await appendTo(fs, path, bytes('0123456789'))
      const file = await fs.open(path, 'read')
      const target = new Uint8Array(4)
      expect(await file.read(target, 8)).toBe(2)
      expect(Buffer.from(target).toString('latin1', 0, 2)).toBe('89')
      expect(await file.read(target, 10)).toBe(0)
      expect(await file.read(target, 3)).toBe(4)
      expect(Buffer.from(target).toString()).toBe('3456')
      await file.close()
    }))

  test('goes to the disk when it grows, for those who have it open as well', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'rows')
      const fs = withFileInMemory(nodeFileSystem, path)
      await appendTo(fs, path, bytes('head '))
      const reader = await fs.open(path, 'read')
      await appendTo(fs, path, large, bytes(' tail'))
      expect(readFileSync(path, 'utf8')).toBe(`head ${Buffer.from(large).toString()} tail`)
      const target = new Uint8Array(5)
      expect(await reader.read(target, 5 + large.length)).toBe(5)
      expect(Buffer.from(target).toString()).toBe(' tail')
      await reader.close()
      await fs.remove(path)
      expect(existsSync(path)).toBe(false)
    }))

  test('goes to the disk when it is synced', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'rows')
      const fs = withFileInMemory(nodeFileSystem, path)
      const file = await fs.open(path, 'append')
      await file.write(bytes('kept'))
      await file.sync()
      expect(readFileSync(path, 'utf8')).toBe('kept')
      await file.write(bytes(' on'))
      await file.close()
      expect(readFileSync(path, 'utf8')).toBe('kept on')
    }))

  test('goes to the disk whole after a try that failed in the middle', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'rows')
      const rule = { operation: 'write', nth: 1, error: 'ENOSPC', partialBytes: 2 } as const
      const fs = withFileInMemory(faultFileSystem(nodeFileSystem, [rule]), path)
      await appendTo(fs, path, bytes('first '))
      await expect(appendTo(fs, path, large)).rejects.toMatchObject({ code: 'ENOSPC' })
      expect(await textOf(fs, path)).toBe('first ')
      await appendTo(fs, path, large)
      expect(readFileSync(path, 'utf8')).toBe(`first ${Buffer.from(large).toString()}`)
    }))

  test('goes to the disk before it gets another name, and is replaced by what gets its name', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'rows')
      const fs = withFileInMemory(nodeFileSystem, path)
      await appendTo(fs, path, bytes('moved'))
      await fs.link(path, join(directory, 'second'))
      await fs.rename(path, join(directory, 'other'))
      expect(readFileSync(join(directory, 'other'), 'utf8')).toBe('moved')
      expect(readFileSync(join(directory, 'second'), 'utf8')).toBe('moved')
      await appendTo(fs, path, bytes('new'))
      await fs.rename(join(directory, 'other'), path)
      expect(await textOf(fs, path)).toBe('moved')
    }))

  test('stays on the disk when it stands there already; others are none of its business', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'rows')
      writeFileSync(path, 'old ')
      const fs = withFileInMemory(nodeFileSystem, path)
      await appendTo(fs, path, bytes('and new'))
      await appendTo(fs, join(directory, 'other'), bytes('other'))
      expect(readFileSync(path, 'utf8')).toBe('old and new')
      expect(readFileSync(join(directory, 'other'), 'utf8')).toBe('other')
    }))
})
