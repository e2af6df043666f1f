import type { Bench } from './bench.js'

/** What workers need of a file system that they share, with both halves of a trial of it. */
export interface StoragePromise {
  /** Words joined by hyphens. */
  readonly name: string
  /** The half of the process that tells what was found. Rejects with the system's error when the storage refuses. */
  lead(bench: Bench): Promise<StorageFinding>
  /** The other half, begun at the same moment. */
  follow(bench: Bench): Promise<void>
}

/** What a trial came to. */
export interface StorageFinding {
  readonly isKept: boolean
  /** In one sentence without its full stop. */
  readonly told: string
}
