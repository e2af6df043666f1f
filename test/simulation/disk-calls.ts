import type { FileSystem, OpenFile } from '../../src/workspace/file-system.js'
import { systemError } from '../fakes/fault-file-system.js'
import { home } from './places.js'
import type { SimulatedFile } from './simulated-disk.js'
import type { World, WorldProcess } from './world.js'

/**
 * The disk of the world as one process sees it: each call is an operation of that process. Each process has it mounted under
 * a path of its own: what waits for its turn within one process goes by the path, and here all share one memory.
 */
export function fileSystemOn(world: World, process: () => WorldProcess): FileSystem {
  const { disk } = world
  const ask = asker(world, process)
  const at = (path: string): string => {
    const { mount } = process()
    return path === mount || path.startsWith(`${mount}/`) ? home + path.slice(mount.length) : path
  }
  return {
    list: (path) => ask(`list ${at(path)}`, path, () => disk.list(at(path))),
    stat: (path) => ask(`stat ${at(path)}`, path, () => disk.stat(at(path))),
    makeDirectory: (path) => ask(`makeDirectory ${at(path)}`, path, () => disk.makeDirectory(at(path))),
    open: (path, mode) =>
      ask(`open ${at(path)} ${mode}`, path, () => openFile(world, process, disk.open(at(path), mode))),
    openAsBlob: (path) => ask(`openAsBlob ${at(path)}`, path, () => disk.openAsBlob(at(path))),
    rename: (from, to) => ask(`rename ${at(from)} ${at(to)}`, from, () => disk.rename(at(from), at(to))),
    link: (from, to) => ask(`link ${at(from)} ${at(to)}`, from, () => disk.link(at(from), at(to))),
    remove: (path) => ask(`remove ${at(path)}`, path, () => disk.remove(at(path))),
    removeDirectory: (path) => ask(`removeDirectory ${at(path)}`, path, () => disk.removeDirectory(at(path))),
    async syncDirectory(path) {
      // It covers what stands now, not what stands when it ends.
      const sync = disk.beginSyncDirectory(at(path))
      const [end, fail] = [() => sync.end(), () => sync.fail()]
      await ask(`syncDirectory ${at(path)}`, path, end, fail)
    },
  }
}

function openFile(world: World, process: () => WorldProcess, handle: SimulatedFile): OpenFile {
  const { disk } = world
  const { path } = handle
  const ask = asker(world, process)
  return {
    read: (buffer, position) =>
      ask(`read ${path} ${position}`, path, () => disk.read(handle, buffer, position)),
    write(bytes) {
      // What is written is what stands in the buffer at the call.
      const copy = Uint8Array.from(bytes)
      const write = (): void => disk.write(handle, copy)
      const writePart = (): void => disk.write(handle, copy.subarray(0, copy.length >> 1))
      return ask(`write ${path} ${copy.length}`, path, write, writePart)
    },
    truncate: (bytes) => ask(`truncate ${path} ${bytes}`, path, () => disk.truncate(handle, bytes)),
    async sync() {
      const sync = disk.beginSync(handle)
      await ask(
        `sync ${path}`,
        path,
        () => sync.end(),
        () => sync.fail(),
      )
    },
    stat: () => ask(`fileStat ${path}`, path, () => disk.statFile(handle)),
    close: () =>
      ask(
        `close ${path}`,
        path,
        () => disk.close(handle),
        () => disk.close(handle),
      ),
  }
}

const nothing = (): void => {}

function asker(world: World, process: () => WorldProcess) {
  return <Result>(what: string, path: string, run: () => Result, partly = nothing): Promise<Result> =>
    world.ask(process(), what, (fault) => {
      if (fault === null) return run()
      partly()
      throw systemError(fault, path)
    })
}

/** What each operation may fail with. */
export const diskFaults: Readonly<Record<string, readonly string[]>> = {
  list: ['EIO', 'EACCES', 'EMFILE'],
  stat: ['EIO', 'EACCES'],
  makeDirectory: ['EIO', 'ENOSPC', 'EACCES'],
  open: ['EIO', 'EMFILE', 'EACCES', 'EBUSY', 'ENOSPC'],
  openAsBlob: ['EIO', 'EACCES'],
  rename: ['EIO', 'EBUSY', 'EACCES', 'ENOSPC'],
  link: ['EIO', 'EBUSY', 'EACCES', 'ENOSPC'],
  remove: ['EIO', 'EBUSY', 'EACCES'],
  removeDirectory: ['EIO', 'EBUSY'],
  syncDirectory: ['EIO'],
  read: ['EIO'],
  write: ['ENOSPC', 'EIO'],
  truncate: ['EIO'],
  sync: ['EIO', 'ENOSPC'],
  fileStat: ['EIO'],
  close: ['EIO'],
}
