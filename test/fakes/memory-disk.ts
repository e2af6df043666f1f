import { setImmediate } from 'node:timers/promises'
import type { FileSystem, OpenFile } from '../../src/workspace/file-system.js'
import type { Fate as FateOfAll } from '../simulation/fate.js'
import { SimulatedDisk, type SimulatedFile, type Sync } from '../simulation/simulated-disk.js'
import { CrashError } from './fault-file-system.js'

/** What becomes of a change that nobody synced, when the power goes. */
export type Fate = 'lost' | 'kept'

/** A simulated disk for tests that are no simulation: it answers at once, and loses its power where it is told to. */
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

/**
 * A sync makes durable what stood when it was asked for, and ends some turns of the event loop later: whoever counts on
 * one that had begun before loses what came in between.
 */
export function memoryDisk(): MemoryDisk {
  return diskOver(new SimulatedDisk(passingTime()))
}

/** No two changes come so close that they could not be told apart. */
function passingTime(): () => number {
  let nowMs = 0
  return () => (nowMs += 1_000)
}

function diskOver(disk: SimulatedDisk): MemoryDisk {
  let count = 0
  let cut = Infinity
  const step = async <T>(act: () => T): Promise<T> => {
    count += 1
    if (count >= cut) throw new CrashError('the power is gone')
    return act()
  }
  const settle = async ({ end }: Sync): Promise<void> => {
    // Of different length, so that triples which began together get out of step.
    for (let turns = 1 + (count % 5); turns > 0; turns -= 1) await setImmediate()
    if (count >= cut) throw new CrashError('the power is gone')
    end()
  }
  const openFile = (handle: SimulatedFile): OpenFile => ({
    read: (buffer, position) => step(() => disk.read(handle, buffer, position)),
    write: (bytes) => step(() => disk.write(handle, bytes)),
    truncate: (bytes) => step(() => disk.truncate(handle, bytes)),
    sync: async () => settle(await step(() => disk.beginSync(handle))),
    stat: () => step(() => disk.statFile(handle)),
    close: async () => disk.close(handle),
  })
  return {
    list: (path) => step(() => disk.list(path)),
    stat: (path) => step(() => disk.stat(path)),
    makeDirectory: (path) => step(() => disk.makeDirectory(path)),
    open: (path, mode) => step(() => openFile(disk.open(path, mode))),
    openAsBlob: (path) => step(() => disk.openAsBlob(path)),
    rename: (from, to) => step(() => disk.rename(from, to)),
    link: (from, to) => step(() => disk.link(from, to)),
    remove: (path) => step(() => disk.remove(path)),
    removeDirectory: (path) => step(() => disk.removeDirectory(path)),
    syncDirectory: async (path) => settle(await step(() => disk.beginSyncDirectory(path))),
    operations: () => count,
    cutAt: (nth) => void (cut = nth),
    isCut: () => count >= cut,
    afterPowerCut: (fateOf) => diskOver(disk.afterCrash(fateByChange(fateOf), passingTime())),
    files: () => Object.fromEntries([...disk.files()].map(([path, bytes]) => [path, bytes.toString()])),
    put: (path, text) => disk.put(path, text),
  }
}

const fateByChange = (fateOf: (change: string) => Fate): FateOfAll => ({
  name: 'by change',
  ofName: (path, gone) => (fateOf(`name ${path}`) === 'lost' ? 0 : gone.length - 1),
  ofContent: (inode) => fateOf(`content ${inode}`),
})
