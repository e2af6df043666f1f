import { describe, expect, test } from 'vitest'
import { fateNamed, fates } from './fate.js'
import { SimulatedDisk } from './simulated-disk.js'

const now = (): number => 1_000

function diskWith(path: string, content: string): SimulatedDisk {
  const disk = new SimulatedDisk(now)
  disk.put(path, content)
  return disk
}

function write(disk: SimulatedDisk, path: string, ...pieces: readonly string[]): void {
  const file = disk.open(path, 'append')
  for (const piece of pieces) disk.write(file, Buffer.from(piece))
  disk.close(file)
}

const textsAfter = (disk: SimulatedDisk, fate: string): Record<string, string> =>
  Object.fromEntries(
    [...disk.afterCrash(fateNamed(fate), now).files()].map(([path, bytes]) => [path, bytes.toString()]),
  )

describe('the simulated disk, when the power goes', () => {
  test('keeps what was synced, whatever the fate', () => {
    const disk = diskWith('/a', 'old')
    const file = disk.open('/a', 'append')
    disk.write(file, Buffer.from(' new'))
    disk.beginSync(file).end()
    for (const { name } of fates) expect(textsAfter(disk, name)).toEqual({ '/a': 'old new' })
  })

  test('may lose the content and keep the name, and the other way round', () => {
    const disk = diskWith('/old', 'x')
    write(disk, '/new', 'ab')
    expect(textsAfter(disk, 'killed')).toEqual({ '/old': 'x', '/new': 'ab' })
    expect(textsAfter(disk, 'all-lost')).toEqual({ '/old': 'x' })
    expect(textsAfter(disk, 'names-kept')).toEqual({ '/old': 'x', '/new': '' })
    expect(textsAfter(disk, 'names-kept-zeros')).toEqual({ '/old': 'x', '/new': '\0\0' })
    expect(textsAfter(disk, 'contents-kept')).toEqual({ '/old': 'x' })
  })

  test('may keep both names of a rename, or none', () => {
    const disk = diskWith('/from', 'x')
    disk.rename('/from', '/to')
    expect(textsAfter(disk, 'killed')).toEqual({ '/to': 'x' })
    expect(textsAfter(disk, 'all-lost')).toEqual({ '/from': 'x' })
    expect(textsAfter(disk, 'additions-kept')).toEqual({ '/from': 'x', '/to': 'x' })
    expect(textsAfter(disk, 'removals-kept')).toEqual({})
    disk.beginSyncDirectory('/').end()
    for (const { name } of fates) expect(textsAfter(disk, name)).toEqual({ '/to': 'x' })
  })

  test('may keep a later write and lose an earlier one: a hole of zeros is left', () => {
    const disk = diskWith('/a', '')
    write(disk, '/a', 'one', 'two', 'three')
    const contents = new Set(
      Array.from({ length: 200 }, (_, number) => textsAfter(disk, `random-${number}`)['/a']),
    )
    expect(contents).toContain('\0\0\0two')
    expect(contents).toContain('onetwothree')
    expect(contents).toContain('onetwoth')
    expect(contents).toContain('')
  })

  test('loses a write that came after the sync was asked for', () => {
    const disk = diskWith('/a', '')
    const file = disk.open('/a', 'append')
    disk.write(file, Buffer.from('before'))
    const sync = disk.beginSync(file)
    disk.write(file, Buffer.from(' after'))
    sync.end()
    expect(textsAfter(disk, 'all-lost')).toEqual({ '/a': 'before' })
  })

  test('never gets back what a failed sync threw away', () => {
    const disk = diskWith('/a', 'x')
    const file = disk.open('/a', 'append')
    disk.write(file, Buffer.from('yz'))
    disk.beginSync(file).fail()
    disk.beginSync(file).end()
    expect(textsAfter(disk, 'killed')).toEqual({ '/a': 'xyz' })
    expect(textsAfter(disk, 'all-lost')).toEqual({ '/a': 'x\0\0' })
  })

  test('tears the write that was under way', () => {
    const disk = diskWith('/a', '')
    write(disk, '/a', 'whole ', 'half')
    expect(textsAfter(disk, 'killed-in-a-write')).toEqual({ '/a': 'whole ha' })
  })

  test('loses a directory that was not synced in its parent, with all that is in it', () => {
    const disk = diskWith('/a', 'x')
    disk.makeDirectory('/new/deep')
    write(disk, '/new/deep/b', 'y')
    disk.beginSyncDirectory('/new/deep').end()
    expect(textsAfter(disk, 'all-lost')).toEqual({ '/a': 'x' })
    disk.beginSyncDirectory('/').end()
    disk.beginSyncDirectory('/new').end()
    expect(textsAfter(disk, 'all-lost')).toEqual({ '/a': 'x', '/new/deep/b': '' })
  })

  test('gives the number of a removed file to the next one, and never two files one number', () => {
    const disk = diskWith('/a', 'x')
    const before = disk.stat('/a')?.inode
    disk.remove('/a')
    write(disk, '/b', 'y')
    expect(disk.stat('/b')?.inode).toBe(before)
    const after = disk.afterCrash(fateNamed('additions-kept'), now)
    expect(after.stat('/a')?.inode).not.toBe(after.stat('/b')?.inode)
  })
})

describe('the simulated disk refuses what POSIX refuses', () => {
  test.each([
    ['EEXIST', (disk: SimulatedDisk) => disk.open('/a', 'create')],
    ['ENOENT', (disk: SimulatedDisk) => disk.open('/b', 'read')],
    ['ENOENT', (disk: SimulatedDisk) => disk.open('/b', 'extend')],
    ['EISDIR', (disk: SimulatedDisk) => disk.open('/d', 'read')],
    ['EEXIST', (disk: SimulatedDisk) => disk.link('/a', '/d')],
    ['ENOENT', (disk: SimulatedDisk) => disk.rename('/b', '/c')],
    ['ENOENT', (disk: SimulatedDisk) => disk.remove('/b')],
    ['ENOTEMPTY', (disk: SimulatedDisk) => disk.removeDirectory('/d')],
    ['ENOENT', (disk: SimulatedDisk) => disk.list('/e')],
    ['ENOTDIR', (disk: SimulatedDisk) => disk.list('/a')],
  ])('%s', (code, act) => {
    const disk = diskWith('/a', 'x')
    disk.put('/d/in', 'y')
    expect(() => act(disk)).toThrow(expect.objectContaining({ code }))
  })

  test('nothing through a file that is closed, and everything through one that has lost its name', () => {
    const disk = diskWith('/a', 'x')
    const file = disk.open('/a', 'read')
    disk.remove('/a')
    const buffer = Buffer.alloc(4)
    expect(disk.read(file, buffer, 0)).toBe(1)
    disk.close(file)
    expect(() => disk.read(file, buffer, 0)).toThrow(expect.objectContaining({ code: 'EBADF' }))
  })
})
