import { Worker } from 'node:worker_threads'

/**
 * The thread that hashes large files, so that hashing takes no time of the thread that reads them. It is started for the
 * first large file, serves all files of the process, and keeps no process alive.
 */
export class HashThread {
  readonly #worker: Worker
  /** Why it ended; it is not started again. */
  #failure: unknown = null

  constructor() {
    // The text of the function: whatever bundles or transforms this file, the thread needs no file of its own.
    this.#worker = new Worker(`(${hashInThread.toString()})()`, { eval: true })
    this.#worker.unref()
    this.#worker.on('error', (error) => {
      this.#failure = error
    })
  }

  /** No file can be hashed there any more. */
  get hasEnded(): boolean {
    return this.#failure !== null
  }

  /** Counts on it no longer. */
  giveUp(cause: Error): void {
    this.#failure ??= cause
  }

  /** @throws Error when the thread has ended */
  send(message: HashMessage): void {
    if (this.#failure !== null)
      throw new Error('The thread that hashes files has ended.', { cause: this.#failure })
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows; a thread has no origin
    this.#worker.postMessage(message)
  }
}

/** Bytes of a file, in shared memory; or its end. */
export interface HashMessage {
  /** Of one file: see `hashStates`. */
  readonly state: SharedArrayBuffer
  readonly file: number
  /** `null`: the file has ended. */
  readonly bytes: Uint8Array | null
}

/** In the shared memory of a file: how many messages are done with, and then the hash. */
export const hashStates = { doneIndex: 0, hashOffset: 4, bytes: 36 } as const

/** Runs in the thread, and so uses nothing of this file. */
function hashInThread(): void {
  const { createHash } = process.getBuiltinModule('node:crypto')
  const { parentPort } = process.getBuiltinModule('node:worker_threads')
  const hashes = new Map<number, ReturnType<typeof createHash>>()
  parentPort?.on('message', ({ state, file, bytes }: HashMessage) => {
    const hash = hashes.get(file) ?? createHash('sha256')
    if (bytes === null) {
      new Uint8Array(state, 4).set(hash.digest())
      hashes.delete(file)
    } else hashes.set(file, hash.update(bytes))
    const done = new Int32Array(state, 0, 1)
    Atomics.add(done, 0, 1)
    Atomics.notify(done, 0)
  })
}
