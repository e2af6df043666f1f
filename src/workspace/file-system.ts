/**
 * The disk as this project uses it: a dozen operations, so that a fault disk, or shared storage later,
 * can stand in for Node's. Every path is absolute. Every operation rejects with the system's error
 * (`code` is `ENOENT`, `ENOSPC`, …); `file-problem.ts` turns those into problems.
 */
export interface FileSystem {
  /** Names in a directory with their kind, unsorted. Names that are not valid UTF-8 are left out. */
  list(directory: string): Promise<readonly DirectoryEntry[]>
  /** `null` when nothing stands at the path. Follows symbolic links; one that leads nowhere is of the kind `other`. */
  stat(path: string): Promise<FileStat | null>
  /** Makes the directory and its parents; an existing one is fine. */
  makeDirectory(path: string): Promise<void>
  /**
   * `read`: must exist. `create`: must not exist (O_EXCL). `append`: created when absent, writes go to the end; `extend`: the
   * same of a file that must exist. All but the first can be read through as well. Never waits: a pipe, a device or a socket rejects with `ENXIO`, a
   * directory with `EISDIR`, a link that leads nowhere, or to what would be written, with `ELOOP`.
   */
  open(path: string, mode: OpenMode): Promise<OpenFile>
  /**
   * The content of a file as an upload takes it: of known size, and read piece by piece when it is sent. Reading it
   * fails when the file was changed meanwhile.
   */
  openAsBlob(path: string): Promise<Blob>
  /** Replaces `to` when it exists: callers look first. */
  rename(from: string, to: string): Promise<void>
  /** Gives the file a second name; rejects with `EEXIST` when `to` stands. The one safe "move, never overwrite". */
  link(from: string, to: string): Promise<void>
  /** Removes a file we wrote ourselves; rejects with `ENOENT` when nothing stands there. */
  remove(path: string): Promise<void>
  /** Removes an empty directory of ours; rejects with `ENOENT` when there is none and `ENOTEMPTY` when it holds something. */
  removeDirectory(path: string): Promise<void>
  /** How many bytes this user may yet write where the directory is; `null` where nobody can say. Never rejects. */
  freeBytes?(directory: string): Promise<number | null>
  /** Makes names created, renamed or removed in the directory survive a power cut. */
  syncDirectory(path: string): Promise<void>
}

export type OpenMode = 'read' | 'create' | 'append' | 'extend'

export interface DirectoryEntry {
  readonly name: string
  readonly kind: 'file' | 'directory' | 'other'
}

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'other'
  readonly bytes: number
  readonly modifiedAtMs: number
  /** When its content, name, owner or permissions last changed; `null` where the disk does not say. */
  readonly changedAtMs: number | null
  /** Which file it is, whatever its name (device and inode); `null` where the disk does not say. */
  readonly inode: string | null
  /**
   * Which file it is and since when it is as it is: the same text means that nothing was written to it and no other
   * file took its place, also where sizes and times were put back. `null` where the disk does not tell, and for a
   * file that changed so recently that one more change might not show.
   */
  readonly identity: string | null
}

export interface OpenFile {
  /** Fills `buffer` from `position` of the file; gives the number of bytes read, 0 at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>
  /** Writes all of `bytes` after what was written through this handle (`create`) or at the end (`append`). */
  write(bytes: Uint8Array): Promise<void>
  /** Cuts the file to `bytes`; used for torn tails of files we wrote. */
  truncate(bytes: number): Promise<void>
  /** Makes the content survive a power cut. */
  sync(): Promise<void>
  stat(): Promise<FileStat>
  /** Lets go of the file, once: a further call does nothing, and every other one after it rejects with `EBADF`. */
  close(): Promise<void>
}
