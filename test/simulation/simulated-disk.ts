import { createHash } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import type { DirectoryEntry, FileStat, OpenMode } from '../../src/workspace/file-system.js'
import { systemError } from '../fakes/fault-file-system.js'
import { contentLeft, nameLeft, type Fate } from './fate.js'

/**
 * A disk in memory that keeps apart what stands in the system's cache and what a power cut cannot take. It promises no
 * more than POSIX and our own assumptions (docs/durability.md): a rename or link is one step for whoever looks, and that
 * is all. After a power cut each change of a name and each write since the last sync may be there or not, by itself, in
 * any order; of a write a part, or its length without its bytes. A sync covers what stood when it was asked for. One that
 * failed has thrown away what it should have written, and no later one brings that back (LWN, "PostgreSQL's fsync()
 * surprise"). Inode numbers of removed files are given again at once, as ext4 does.
 *
 * It does every operation at once; who may do one when is the scheduler's business (`world.ts`).
 */
export class SimulatedDisk {
  readonly #now: () => number
  readonly #root: DirectoryNode
  /** Numbers of inodes that nothing uses any more. */
  readonly #free: number[] = []
  #inodes = 1
  #changes = 0

  constructor(now: () => number, root: DirectoryNode = newDirectory()) {
    this.#now = now
    this.#root = root
    for (const { number } of filesIn(root)) this.#inodes = Math.max(this.#inodes, number)
  }

  /** Grows with every change: two equal numbers mean that nothing was changed between them. */
  get changes(): number {
    return this.#changes
  }

  list(path: string): readonly DirectoryEntry[] {
    const entries = [...this.#directory(path).names].map(([name, { kind }]) => ({ name, kind }))
    // In an order of no use to anybody, as real ones.
    return entries.toSorted((left, right) => orderOf(left.name) - orderOf(right.name))
  }

  stat(path: string): FileStat | null {
    const node = this.#find(path)
    return node === null ? null : this.#statOf(node)
  }

  makeDirectory(path: string): void {
    const found = this.#find(path)
    if (found?.kind === 'file') throw systemError('EEXIST', path)
    if (found !== null) return
    this.makeDirectory(dirname(path))
    this.#give(path, newDirectory())
  }

  open(path: string, mode: OpenMode): SimulatedFile {
    const found = this.#find(path)
    if (found?.kind === 'directory') throw systemError('EISDIR', path)
    if (found !== null && mode === 'create') throw systemError('EEXIST', path)
    if (found === null && (mode === 'read' || mode === 'extend')) throw systemError('ENOENT', path)
    const file = found ?? this.#newFile()
    if (found === null) this.#give(path, file)
    file.handles += 1
    return { path, file, isOpen: true }
  }

  read({ path, file, isOpen }: SimulatedFile, buffer: Uint8Array, position: number): number {
    if (!isOpen) throw systemError('EBADF', path)
    const bytes = file.content.subarray(position, position + buffer.byteLength)
    buffer.set(bytes)
    return bytes.byteLength
  }

  /** Writes to the end: of a file that was created through the handle as well, for nobody else knows it yet. */
  write({ path, file, isOpen }: SimulatedFile, bytes: Uint8Array): void {
    if (!isOpen) throw systemError('EBADF', path)
    this.#change(file, { type: 'write', at: file.content.length, bytes: Buffer.from(bytes) })
  }

  truncate({ path, file, isOpen }: SimulatedFile, bytes: number): void {
    if (!isOpen) throw systemError('EBADF', path)
    this.#change(file, { type: 'truncate', bytes })
  }

  statFile({ path, file, isOpen }: SimulatedFile): FileStat {
    if (!isOpen) throw systemError('EBADF', path)
    return this.#statOf(file)
  }

  close(handle: SimulatedFile): void {
    if (!handle.isOpen) return
    handle.isOpen = false
    handle.file.handles -= 1
    this.#letGo(handle.file)
  }

  /** Begins a sync of what stands now. Nothing is durable before `end`; `fail` throws that away for good. */
  beginSync({ path, file, isOpen }: SimulatedFile): Sync {
    if (!isOpen) throw systemError('EBADF', path)
    const { content } = file
    const steps = [...file.steps]
    return {
      end: () => {
        this.#changes += 1
        file.durable = content
        file.steps = file.steps.filter((step) => !steps.includes(step))
      },
      fail: () => {
        this.#changes += 1
        for (const step of steps)
          if (step.type === 'write') file.doubtful.push({ from: step.at, to: step.at + step.bytes.length })
      },
    }
  }

  beginSyncDirectory(path: string): Sync {
    const directory = this.#directory(path)
    const names = new Map(directory.names)
    const changes = [...directory.changes]
    return {
      end: () => {
        this.#changes += 1
        directory.durable = names
        directory.changes = directory.changes.filter((change) => !changes.includes(change))
      },
      fail: () => {},
    }
  }

  rename(from: string, to: string): void {
    const node = this.#existing(from)
    const replaced = this.#find(to)
    if (node.kind === 'directory' || replaced?.kind === 'directory') throw systemError('EISDIR', to)
    // Two names of one file: rename(2) does nothing then.
    if (replaced === node) return
    this.#give(to, node)
    this.#take(from)
  }

  link(from: string, to: string): void {
    const node = this.#existing(from)
    if (node.kind === 'directory') throw systemError('EPERM', from)
    if (this.#find(to) !== null) throw systemError('EEXIST', to)
    this.#give(to, node)
  }

  remove(path: string): void {
    if (this.#existing(path).kind === 'directory') throw systemError('EISDIR', path)
    this.#take(path)
  }

  removeDirectory(path: string): void {
    if (this.#directory(path).names.size > 0) throw systemError('ENOTEMPTY', path)
    this.#take(path)
  }

  /** The content as it stands; reading a blob of it fails once somebody changed the file, as Node's does. */
  openAsBlob(path: string): Blob {
    const node = this.#existing(path)
    if (node.kind === 'directory') throw systemError('EISDIR', path)
    return new Blob([new Uint8Array(node.content)])
  }

  /** Every file by path, with its bytes. */
  files(): Map<string, Buffer> {
    const files = new Map<string, Buffer>()
    walk(this.#root, '/', (path, node) => node.kind === 'file' && files.set(path, node.content))
    return files
  }

  /** Writes a file that survives anything, as one that has been there for long. */
  put(path: string, content: string | Uint8Array): void {
    this.makeDirectory(dirname(path))
    const handle = this.open(path, 'append')
    this.truncate(handle, 0)
    this.write(handle, Buffer.from(content))
    this.close(handle)
    this.settle()
  }

  /** Makes all that stands durable. */
  settle(): void {
    this.#changes += 1
    walk(this.#root, '/', (_path, node) => settleNode(node))
    settleNode(this.#root)
  }

  /** Another disk that is as this one is now, with all that is not durable. */
  copy(now: () => number): SimulatedDisk {
    const disk = new SimulatedDisk(now, copyOfTree(this.#root))
    disk.#changes = this.#changes
    return disk
  }

  /** What is left after a crash: what is durable, and of each other change what the fate says. */
  afterCrash(fate: Fate, now: () => number): SimulatedDisk {
    const disk = new SimulatedDisk(now, remains(this.#root, fate, this.#changes))
    disk.settle()
    return disk
  }

  /** The same text for disks with the same names and bytes; `ignore` leaves the bytes of a path out. */
  digest(ignore: (path: string) => boolean): string {
    const hash = createHash('sha256')
    const entries: string[] = []
    walk(this.#root, '/', (path, node) => {
      const content = node.kind === 'directory' ? '/' : ignore(path) ? '*' : digestOf(node.content)
      entries.push(`${path} ${content}`)
    })
    return hash.update(entries.toSorted().join('\n')).digest('hex')
  }

  #find(path: string): Node | null {
    if (path === '/') return this.#root
    let node: Node = this.#root
    for (const name of path.slice(1).split('/')) {
      const next: Node | undefined = node.kind === 'directory' ? node.names.get(name) : undefined
      if (next === undefined) return null
      node = next
    }
    return node
  }

  #existing(path: string): Node {
    const node = this.#find(path)
    if (node === null) throw systemError('ENOENT', path)
    return node
  }

  #directory(path: string): DirectoryNode {
    const node = this.#existing(path)
    if (node.kind !== 'directory') throw systemError('ENOTDIR', path)
    return node
  }

  #give(path: string, node: Node): void {
    this.#setName(path, node)
  }

  #take(path: string): void {
    this.#setName(path, null)
  }

  #setName(path: string, node: Node | null): void {
    const directory = this.#directory(dirname(path))
    const name = basename(path)
    const before = directory.names.get(name)
    this.#changes += 1
    directory.changes.push({ name, node })
    if (node === null) directory.names.delete(name)
    else directory.names.set(name, node)
    if (node?.kind === 'file') {
      node.links += 1
      this.#touch(node)
    }
    if (before?.kind === 'file') {
      before.links -= 1
      this.#touch(before)
      this.#letGo(before)
    }
  }

  #newFile(): FileNode {
    const number = this.#free.pop() ?? (this.#inodes += 1)
    return {
      kind: 'file',
      number,
      content: empty,
      durable: empty,
      steps: [],
      doubtful: [],
      modifiedAtMs: this.#now(),
      changedAtMs: this.#now(),
      version: 0,
      links: 0,
      handles: 0,
    }
  }

  #letGo(file: FileNode): void {
    if (file.links === 0 && file.handles === 0) this.#free.push(file.number)
  }

  #change(file: FileNode, step: ContentStep): void {
    file.content = applied(file.content, step)
    file.modifiedAtMs = this.#now()
    this.#touch(file)
    file.steps.push({ ...step, change: this.#changes })
  }

  #touch(file: FileNode): void {
    this.#changes += 1
    file.version = this.#changes
    file.changedAtMs = this.#now()
  }

  #statOf(node: Node): FileStat {
    if (node.kind === 'directory') return directoryStat
    const { number, content, modifiedAtMs, changedAtMs, version } = node
    const inode = `1:${number}`
    const isSettled = this.#now() - changedAtMs > racyMs
    return {
      kind: 'file',
      bytes: content.length,
      modifiedAtMs,
      changedAtMs,
      inode,
      identity: isSettled ? `${inode}:${changedAtMs}:${version}` : null,
    }
  }
}

/** Within so long two changes of a file cannot be told apart by its times, in milliseconds. */
const racyMs = 40

export interface SimulatedFile {
  readonly path: string
  readonly file: FileNode
  isOpen: boolean
}

export interface Sync {
  readonly end: () => void
  readonly fail: () => void
}

export type ContentStep =
  | { readonly type: 'write'; readonly at: number; readonly bytes: Buffer }
  | { readonly type: 'truncate'; readonly bytes: number }

type Node = FileNode | DirectoryNode

export interface FileNode {
  readonly kind: 'file'
  readonly number: number
  content: Buffer
  durable: Buffer
  /** What was done to the content since it was synced. */
  steps: (ContentStep & { readonly change: number })[]
  /** Bytes that a sync failed to write: nobody knows whether they are on the disk. */
  readonly doubtful: { readonly from: number; readonly to: number }[]
  modifiedAtMs: number
  changedAtMs: number
  version: number
  links: number
  handles: number
}

interface DirectoryNode {
  readonly kind: 'directory'
  readonly names: Map<string, Node>
  durable: Map<string, Node>
  /** What became of names since the directory was synced; `null`: it was taken away. */
  changes: { readonly name: string; readonly node: Node | null }[]
}

const empty = Buffer.alloc(0)

const directoryStat: FileStat = {
  kind: 'directory',
  bytes: 0,
  modifiedAtMs: 0,
  changedAtMs: 0,
  inode: null,
  identity: null,
}

const newDirectory = (): DirectoryNode => ({
  kind: 'directory',
  names: new Map(),
  durable: new Map(),
  changes: [],
})

export function applied(content: Buffer, step: ContentStep): Buffer {
  if (step.type === 'truncate') return resized(content, step.bytes)
  const { at, bytes } = step
  const result = Buffer.alloc(Math.max(content.length, at + bytes.length))
  content.copy(result)
  bytes.copy(result, at)
  return result
}

function resized(content: Buffer, bytes: number): Buffer {
  if (bytes <= content.length) return content.subarray(0, bytes)
  const result = Buffer.alloc(bytes)
  content.copy(result)
  return result
}

function walk(directory: DirectoryNode, path: string, visit: (path: string, node: Node) => void): void {
  for (const [name, node] of directory.names) {
    const below = join(path, name)
    visit(below, node)
    if (node.kind === 'directory') walk(node, below, visit)
  }
}

function filesIn(root: DirectoryNode): FileNode[] {
  const files: FileNode[] = []
  walk(root, '/', (_path, node) => node.kind === 'file' && files.push(node))
  return files
}

function settleNode(node: Node): void {
  if (node.kind === 'directory') {
    node.durable = new Map(node.names)
    node.changes = []
    return
  }
  node.durable = node.content
  node.steps = []
  node.doubtful.length = 0
}

/** Contents are never changed in place, so they are shared. */
function copyOfTree(root: DirectoryNode): DirectoryNode {
  const copies = new Map<Node, Node>()
  const copyOf = (node: Node): Node => {
    const known = copies.get(node)
    if (known !== undefined) return known
    if (node.kind === 'file') {
      const copy = { ...node, steps: [...node.steps], doubtful: [...node.doubtful] }
      copies.set(node, copy)
      return copy
    }
    const copy = newDirectory()
    copies.set(node, copy)
    for (const [name, each] of node.names) copy.names.set(name, copyOf(each))
    for (const [name, each] of node.durable) copy.durable.set(name, copyOf(each))
    copy.changes = node.changes.map(({ name, node: each }) => ({
      name,
      node: each === null ? null : copyOf(each),
    }))
    return copy
  }
  return copyOf(root) as DirectoryNode
}

function remains(root: DirectoryNode, fate: Fate, lastChange: number): DirectoryNode {
  const left = new Map<FileNode, FileNode>()
  const numbers = new Set<number>()
  let largest = Math.max(1, ...filesIn(root).map(({ number }) => number))
  const fileLeft = (file: FileNode): FileNode => {
    const known = left.get(file)
    if (known !== undefined) return known
    const content = contentLeft(file, fate, lastChange)
    // A file whose removal was lost may have lent its number to another one meanwhile.
    const number = numbers.has(file.number) ? (largest += 1) : file.number
    numbers.add(number)
    const copy = { ...file, number, content, durable: content, steps: [], doubtful: [], links: 0, handles: 0 }
    left.set(file, copy)
    return copy
  }
  const directoryLeft = (directory: DirectoryNode, path: string): DirectoryNode => {
    const result = newDirectory()
    for (const name of new Set([
      ...directory.durable.keys(),
      ...directory.changes.map((each) => each.name),
    ])) {
      const history = directory.changes.filter((change) => change.name === name).map(({ node }) => node)
      const node = nameLeft(join(path, name), [directory.durable.get(name) ?? null, ...history], fate)
      if (node === null) continue
      if (node.kind === 'directory') result.names.set(name, directoryLeft(node, join(path, name)))
      else {
        const file = fileLeft(node)
        file.links += 1
        result.names.set(name, file)
      }
    }
    return result
  }
  return directoryLeft(root, '/')
}

const digests = new WeakMap<Buffer, string>()

function digestOf(content: Buffer): string {
  const known = digests.get(content)
  if (known !== undefined) return known
  const digest = createHash('sha256').update(content).digest('base64url')
  digests.set(content, digest)
  return digest
}

function orderOf(name: string): number {
  let order = 7
  for (let at = 0; at < name.length; at += 1) order = (Math.imul(order, 31) + name.charCodeAt(at)) >>> 0
  return Math.imul(order, 2_654_435_761) >>> 0
}
