import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nodeFileSystem as fs } from '../../src/workspace/node-file-system.js'
import { withDirectory } from './support.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('the disk', () => {
  test('lists names with what they are, following links and leaving out what is no UTF-8', () =>
    withDirectory(async (directory) => {
      mkdirSync(join(directory, 'folder'))
      writeFileSync(join(directory, 'file'), '')
      symlinkSync('file', join(directory, 'link'))
      symlinkSync('nowhere', join(directory, 'dangling'))
      symlinkSync('loop', join(directory, 'loop'))
      writeFileSync(Buffer.concat([Buffer.from(`${directory}/bad-`), Buffer.from([0xff, 0xfe])]), '')
      const entries = await fs.list(directory)
      expect(entries.toSorted((left, right) => (left.name < right.name ? -1 : 1))).toEqual([
        { name: 'dangling', kind: 'other' },
        { name: 'file', kind: 'file' },
        { name: 'folder', kind: 'directory' },
        { name: 'link', kind: 'file' },
        { name: 'loop', kind: 'other' },
      ])
    }))

  test('says null of what does not stand, also below a file', () =>
    withDirectory(async (directory) => {
      writeFileSync(join(directory, 'file'), 'four')
      expect(await fs.stat(join(directory, 'file'))).toMatchObject({ kind: 'file', bytes: 4 })
      expect(await fs.stat(directory)).toMatchObject({ kind: 'directory' })
      expect(await fs.stat(join(directory, 'nothing'))).toBeNull()
      expect(await fs.stat(join(directory, 'file', 'below'))).toBeNull()
      symlinkSync('file', join(directory, 'link'))
      expect(await fs.stat(join(directory, 'link'))).toMatchObject({ kind: 'file', bytes: 4 })
      symlinkSync('nowhere', join(directory, 'dangling'))
      expect(await fs.stat(join(directory, 'dangling'))).toMatchObject({ kind: 'other' })
    }))

  test('creates only what does not stand', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'file')
      const file = await fs.open(path, 'create')
      await file.write(bytes('one '))
      await file.write(bytes('two'))
      await file.sync()
      await file.close()
      expect(readFileSync(path, 'utf8')).toBe('one two')
      await expect(fs.open(path, 'create')).rejects.toMatchObject({ code: 'EEXIST' })
    }))

  test('appends at the end, also after a torn tail was cut off', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'file')
      writeFileSync(path, 'whole\nto')
      const file = await fs.open(path, 'append')
      await file.truncate(6)
      await file.write(bytes('next\n'))
      expect((await file.stat()).bytes).toBe(11)
      await file.close()
      expect(readFileSync(path, 'utf8')).toBe('whole\nnext\n')
    }))

  test('extends what is there, and makes nothing', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'file')
      await expect(fs.open(path, 'extend')).rejects.toMatchObject({ code: 'ENOENT' })
      writeFileSync(path, 'one ')
      const file = await fs.open(path, 'extend')
      await file.write(bytes('two'))
      await file.close()
      expect(readFileSync(path, 'utf8')).toBe('one two')
    }))

  test('leaves no hole when a file is cut while it is created', () =>
    withDirectory(async (directory) => {
      const file = await fs.open(join(directory, 'file'), 'create')
      await file.write(bytes('abcdef'))
      await file.truncate(2)
      await file.write(bytes('gh'))
      await file.close()
      expect(readFileSync(join(directory, 'file'), 'utf8')).toBe('abgh')
    }))

  test('fills the buffer from a position and gives 0 at the end', () =>
    withDirectory(async (directory) => {
      writeFileSync(join(directory, 'file'), '0123456789')
      const file = await fs.open(join(directory, 'file'), 'read')
      const buffer = new Uint8Array(4)
      expect(await file.read(buffer, 2)).toBe(4)
      expect(new TextDecoder().decode(buffer)).toBe('2345')
      expect(await file.read(buffer, 8)).toBe(2)
      expect(await file.read(buffer, 10)).toBe(0)
      await file.close()
    }))

  test('lets go of a file once, and never of the one that got its number', () =>
    withDirectory(async (directory) => {
      const [one, two] = [join(directory, 'one'), join(directory, 'two')]
      writeFileSync(two, 'two')
      const first = await fs.open(one, 'create')
      await first.close()
      // The system gives the lowest free number, which is that of the file just closed.
      const second = await fs.open(two, 'read')
      await first.close()
      for (const use of [
        () => first.write(bytes('x')),
        () => first.read(new Uint8Array(3), 0),
        () => first.truncate(0),
        () => first.sync(),
        () => first.stat(),
      ]) {
        await expect(use()).rejects.toMatchObject({ code: 'EBADF' })
      }
      expect(await second.read(new Uint8Array(3), 0)).toBe(3)
      await second.close()
      expect(readFileSync(two, 'utf8')).toBe('two')
    }))

  test('gives a second name without ever overwriting', () =>
    withDirectory(async (directory) => {
      const [one, two] = [join(directory, 'one'), join(directory, 'two')]
      writeFileSync(one, '1')
      writeFileSync(two, '2')
      await expect(fs.link(one, two)).rejects.toMatchObject({ code: 'EEXIST' })
      await fs.remove(two)
      await fs.link(one, two)
      expect(readFileSync(two, 'utf8')).toBe('1')
      await expect(fs.remove(join(directory, 'three'))).rejects.toMatchObject({ code: 'ENOENT' })
    }))

  test('syncs directories, and says so when there is none', () =>
    withDirectory(async (directory) => {
      await fs.syncDirectory(directory)
      await expect(fs.syncDirectory(join(directory, 'nothing'))).rejects.toMatchObject({ code: 'ENOENT' })
    }))

  test('knows what is neither file nor directory', () =>
    withDirectory(async (directory) => {
      const fifo = join(directory, 'fifo')
      execFileSync('mkfifo', [fifo])
      expect(await fs.stat(fifo)).toMatchObject({ kind: 'other' })
    }))

  test('gives the event loop its turn while much is read', () =>
    withDirectory(async (directory) => {
      writeFileSync(join(directory, 'file'), new Uint8Array(1024 * 1024))
      let turns = 0
      const timer = setInterval(() => (turns += 1), 0)
      const file = await fs.open(join(directory, 'file'), 'read')
      const buffer = new Uint8Array(1024 * 1024)
      for (let round = 0; round < 200; round++) await file.read(buffer, 0)
      await file.close()
      clearInterval(timer)
      expect(turns).toBeGreaterThan(0)
    }))
})
