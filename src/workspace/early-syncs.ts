import type { OpenFile } from './file-system.js'

/** So many bytes may wait for the disk until it is told to begin. */
export const earlySyncBytes = 32 * 1024 * 1024

/**
 * Has a large file synced while it grows, so that the sync at its end has little left to wait for. One sync at a time, beside
 * the writes. It promises nothing: the last sync still comes at the end, by whoever closes the file.
 */
export class EarlySyncs {
  readonly #file: Pick<OpenFile, 'sync'>
  #unsyncedBytes = 0
  #underWay: Promise<void> | null = null
  /** A system tells of content that it could not write once, and may say of the next sync that all is well (fsync(2)). */
  #failure: { readonly error: unknown } | null = null

  constructor(file: Pick<OpenFile, 'sync'>) {
    this.#file = file
  }

  /** So many bytes were written. */
  add(bytes: number): void {
    this.#unsyncedBytes += bytes
    if (this.#unsyncedBytes < earlySyncBytes || this.#underWay !== null) return
    this.#unsyncedBytes = 0
    this.#underWay = this.#sync()
  }

  /** Waits for the one under way: the file must not be closed before. Rejects when any of them failed. */
  async end(): Promise<void> {
    await this.#underWay
    if (this.#failure !== null) throw this.#failure.error
  }

  async #sync(): Promise<void> {
    try {
      await this.#file.sync()
    } catch (error) {
      this.#failure ??= { error }
    }
    this.#underWay = null
  }
}
