import { basename, dirname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { FileStat, FileSystem, OpenFile } from '../../src/workspace/file-system.js'
import { CrashError, systemError } from './fault-file-system.js'

/** What becomes of a change that nobody synced, when the power goes. */
export type Fate = 'lost' | 'kept'

/** A disk in memory that knows what a power cut would leave of it. */
export interface MemoryDisk extends FileSystem {
  /** Operations asked for so far. */
  operations(): number
  /** Every operation from the `nth` on rejects: the power is gone. */
  cutAt(nth: number): void
  isCut(): boolean
  /**
   * A disk with what is left: all that was synced, and of each change that was not what `fateOf` says. A name that was
   * given, taken or given to another file is one change; so is the content of a file.
   */
  afterPowerCut(fateOf: (change: string) => Fate): MemoryDisk
  /** Every file by path, with its content. */
  files(): Record<string, string>
  /** Writes a file that survives anything. */
  put(path: string, content: string): void
}

interface Inode {
  readonly number: number
  content: Buffer
  /** `null`: never synced. */
  durable: Buffer | null
  /** Changes with the content and with the names, as `ctime` does. */
  version: number
}

interface Directory {
  readonly names: Map<string, Inode>
  durable: Map<string, Inode>
}

/**
 * A sync makes durable what stood when it was asked for, and ends some turns of the event loop later: whoever counts on
 * one that had begun before loses what came in between.
 */
export function memoryDisk(): MemoryDisk {
  return diskOf(new Map())
}

function diskOf(directories: Map<string, Directory>): MemoryDisk {
  let count = 0
  let cut = Infinity
  let nextInode = 1 + Math.max(0, ...inodesOf(directories).map(({ number }) => number))

  const step = <T>(act: () => T): Promise<T> => {
    count += 1
    if (count >= cut) return Promise.reject(new CrashError('the power is gone'))
    try {
      return Promise.resolve(act())
    } catch (error) {
      return Promise.reject(error as Error)
    }
  }
  const directoryOf = (path: string): Directory => {
    const found = directories.get(dirname(path))
    if (found === undefined) throw systemError('ENOENT', path)
    return found
  }
  const inodeAt = (path: string): Inode | undefined =>
    directories.get(dirname(path))?.names.get(basename(path))
  const required = (path: string): Inode => {
    const inode = inodeAt(path)
    if (inode !== undefined) return inode
    throw systemError(directories.has(path) ? 'EISDIR' : 'ENOENT', path)
  }
  const nameIt = (path: string, inode: Inode): void => {
    directoryOf(path).names.set(basename(path), inode)
    inode.version += 1
  }
  const make = (path: string): Inode => {
    const inode: Inode = { number: nextInode++, content: Buffer.alloc(0), durable: null, version: 0 }
    nameIt(path, inode)
    return inode
  }
  const settle = async (act: () => void): Promise<void> => {
    // Of different length, so that triples which began together get out of step.
    for (let turns = 1 + (count % 5); turns > 0; turns -= 1) await setImmediate()
    if (count >= cut) throw new CrashError('the power is gone')
    act()
  }
  const disk: MemoryDisk = {
    list: (path) =>
      step(() => {
        const found = directories.get(path)
        if (found === undefined) throw systemError('ENOENT', path)
        const below = [...directories.keys()].filter((each) => dirname(each) === path && each !== path)
        return [
          ...[...found.names.keys()].map((name) => ({ name, kind: 'file' as const })),
          ...below.map((each) => ({ name: basename(each), kind: 'directory' as const })),
        ]
      }),
    stat: (path) =>
      step(() => {
        if (directories.has(path)) return directoryStat
        const inode = inodeAt(path)
        return inode === undefined ? null : statOf(inode)
      }),
    makeDirectory: (path) =>
      step(() => {
        for (let at = path; !directories.has(at); at = dirname(at)) {
          directories.set(at, { names: new Map(), durable: new Map() })
        }
      }),
    open: (path, mode) =>
      step(() => {
        if (mode === 'create' && inodeAt(path) !== undefined) throw systemError('EEXIST', path)
        const isMade = mode === 'create' || (mode === 'append' && inodeAt(path) === undefined)
        return openInode(isMade ? make(path) : required(path), step, settle)
      }),
    rename: (from, to) =>
      step(() => {
        nameIt(to, required(from))
        directoryOf(from).names.delete(basename(from))
      }),
    link: (from, to) =>
      step(() => {
        if (inodeAt(to) !== undefined) throw systemError('EEXIST', to)
        nameIt(to, required(from))
      }),
    remove: (path) =>
      step(() => {
        required(path).version += 1
        directoryOf(path).names.delete(basename(path))
      }),
    removeDirectory: (path) =>
      step(() => {
        const found = directories.get(path)
        if (found === undefined) throw systemError('ENOENT', path)
        const isEmpty =
          found.names.size === 0 && ![...directories.keys()].some((each) => dirname(each) === path)
        if (!isEmpty) throw systemError('ENOTEMPTY', path)
        directories.delete(path)
      }),
    syncDirectory: async (path) => {
      const found = await step(() => directories.get(path))
      if (found === undefined) throw systemError('ENOENT', path)
      const names = new Map(found.names)
      await settle(() => (found.durable = names))
    },
    operations: () => count,
    cutAt: (nth) => void (cut = nth),
    isCut: () => count >= cut,
    afterPowerCut: (fateOf) => diskOf(remains(directories, fateOf)),
    files: () =>
      Object.fromEntries(
        [...directories].flatMap(([path, { names }]) =>
          [...names].map(([name, { content }]) => [`${path}/${name}`, content.toString()]),
        ),
      ),
    put: (path, text) => {
      const inode = make(path)
      inode.content = Buffer.from(text)
      inode.durable = inode.content
      directoryOf(path).durable.set(basename(path), inode)
    },
  }
  return disk
}

type TakeStep = <T>(act: () => T) => Promise<T>

function openInode(inode: Inode, step: TakeStep, settle: (act: () => void) => Promise<void>): OpenFile {
  const change = (content: Buffer): void => {
    inode.content = content
    inode.version += 1
  }
  return {
    read: (buffer, position) => step(() => inode.content.copy(buffer, 0, position)),
    write: (bytes) => step(() => change(Buffer.concat([inode.content, bytes]))),
    truncate: (bytes) => step(() => change(inode.content.subarray(0, bytes))),
    sync: async () => {
      const content = await step(() => inode.content)
      await settle(() => (inode.durable = content))
    },
    stat: () => step(() => statOf(inode)),
    close: async () => {},
  }
}

const directoryStat: FileStat = {
  kind: 'directory',
  bytes: 0,
  modifiedAtMs: 0,
  inode: null,
  identity: null,
}

function statOf({ number, content, version }: Inode): FileStat {
  const inode = `1:${number}`
  return {
    kind: 'file',
    bytes: content.length,
    modifiedAtMs: version,
    inode,
    identity: `${inode}:${version}`,
  }
}

function remains(
  directories: ReadonlyMap<string, Directory>,
  fateOf: (change: string) => Fate,
): Map<string, Directory> {
  const copies = new Map<Inode, Inode>()
  const survivor = (inode: Inode): Inode => {
    const known = copies.get(inode)
    if (known !== undefined) return known
    const content = contentLeft(inode, fateOf)
    const copy: Inode = { number: inode.number, content, durable: content, version: inode.version }
    copies.set(inode, copy)
    return copy
  }
  const left = new Map<string, Directory>()
  for (const [path, { names, durable }] of directories) {
    const kept = new Map<string, Inode>()
    for (const name of new Set([...durable.keys(), ...names.keys()])) {
      const isChanged = durable.get(name) !== names.get(name)
      const inode =
        isChanged && fateOf(`name ${path}/${name}`) === 'lost' ? durable.get(name) : names.get(name)
      if (inode !== undefined) kept.set(name, survivor(inode))
    }
    left.set(path, { names: kept, durable: new Map(kept) })
  }
  return left
}

/** Of content that was never synced, a beginning may be there. */
function contentLeft({ number, content, durable }: Inode, fateOf: (change: string) => Fate): Buffer {
  if (durable !== null && durable.equals(content)) return content
  if (fateOf(`content ${number}`) === 'kept') return content
  return durable ?? content.subarray(0, Math.floor(content.length / 2))
}

function inodesOf(directories: ReadonlyMap<string, Directory>): Inode[] {
  return [...directories.values()].flatMap(({ names }) => [...names.values()])
}
