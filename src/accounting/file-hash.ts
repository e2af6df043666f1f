import { createHash } from 'node:crypto'
import { HashThread, hashStates } from './hash-thread.js'

/** SHA-256 of a file whose bytes come in order. */
export interface FileHash {
  /** Whether its bytes have to stand in shared memory, in one of two buffers that are filled in turn. */
  readonly isShared: boolean
  /** The bytes may be looked at until the next call but one of `catchUp`. */
  update(bytes: Buffer): void
  /** Waits until nothing but the bytes that came last is still looked at. */
  catchUp(): void
  /** Lower-case hex. */
  digest(): string
}

/** Below this a second thread is not worth its start (some 20 ms of work), in bytes. */
const smallestForThread = 32 * 1024 * 1024

/** @param fileBytes how large the file is, as far as it is known */
export function hashOfFile(fileBytes: number): FileHash {
  if (fileBytes < smallestForThread) return new OwnHash()
  try {
    thread ??= new HashThread()
    return new ThreadHash(thread)
  } catch {
    // No threads here (Node's permission model), or theirs has ended.
    return new OwnHash()
  }
}

let thread: HashThread | null = null

class OwnHash implements FileHash {
  readonly isShared = false
  readonly #hash = createHash('sha256')

  update(bytes: Buffer): void {
    this.#hash.update(bytes)
  }

  catchUp(): void {
    // Nothing is looked at later.
  }

  digest(): string {
    return this.#hash.digest('hex')
  }
}

class ThreadHash implements FileHash {
  readonly isShared = true
  readonly #thread: HashThread
  readonly #file: number
  readonly #state = new SharedArrayBuffer(hashStates.bytes)
  readonly #done = new Int32Array(this.#state, 0, 1)
  #sent = 0

  constructor(hashThread: HashThread) {
    this.#thread = hashThread
    nextFile += 1
    this.#file = nextFile
  }

  update(bytes: Buffer): void {
    this.#send(bytes)
  }

  catchUp(): void {
    this.#waitFor(this.#sent - 1)
  }

  digest(): string {
    this.#send(null)
    this.#waitFor(this.#sent)
    return Buffer.from(new Uint8Array(this.#state, hashStates.hashOffset)).toString('hex')
  }

  #send(bytes: Uint8Array | null): void {
    this.#thread.send({ state: this.#state, file: this.#file, bytes })
    this.#sent += 1
  }

  /** Hashing is faster than reading and counting, so that there is hardly ever something to wait for. */
  #waitFor(messages: number): void {
    for (;;) {
      const done = Atomics.load(this.#done, hashStates.doneIndex)
      if (done >= messages) return
      if (Atomics.wait(this.#done, hashStates.doneIndex, done, longestWaitMs) === 'timed-out') {
        throw new Error(`The thread that hashes files has said nothing for ${longestWaitMs / 1_000} s.`)
      }
    }
  }
}

const longestWaitMs = 60_000
let nextFile = 0
