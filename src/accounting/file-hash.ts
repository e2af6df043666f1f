import { createHash } from 'node:crypto'
import { HashThread, hashStates } from './hash-thread.js'
import type { ChunkSharing } from './line-cutter.js'

/** SHA-256 of a file whose bytes come in order. */
export interface FileHash {
  /** There when the bytes are looked at later, and so have to stand in shared memory. */
  readonly sharing: ChunkSharing | undefined
  update(bytes: Buffer): void
  /** Lower-case hex. */
  digest(): string
}

/** Below this a second thread takes more time to start, and memory, than it is worth. */
const smallestForThread = 256 * 1024 * 1024

/** @param fileBytes how large the file is, as far as it is known */
export function hashOfFile(fileBytes: number): FileHash {
  if (fileBytes < smallestForThread) return new OwnHash()
  try {
    thread ??= new HashThread()
  } catch {
    // No threads here (Node's permission model).
    return new OwnHash()
  }
  return thread.hasEnded ? new OwnHash() : new ThreadHash(thread)
}

let thread: HashThread | null = null

class OwnHash implements FileHash {
  readonly sharing = undefined
  readonly #hash = createHash('sha256')

  update(bytes: Buffer): void {
    this.#hash.update(bytes)
  }

  digest(): string {
    return this.#hash.digest('hex')
  }
}

class ThreadHash implements FileHash {
  readonly #thread: HashThread
  readonly #file: number
  readonly #state = new SharedArrayBuffer(hashStates.bytes)
  readonly #done = new Int32Array(this.#state, 0, 1)
  /** Bytes that stand one behind the other go in one message. */
  #pending: Buffer | null = null
  #sent = 0
  readonly sharing: ChunkSharing = {
    beforeReuse: () => {
      this.#sendPending()
      // What was sent before the last message stood in the buffer that is filled next.
      this.#waitFor(this.#sent - 1)
    },
  }

  constructor(hashThread: HashThread) {
    this.#thread = hashThread
    nextFile += 1
    this.#file = nextFile
  }

  update(bytes: Buffer): void {
    const joined = this.#pending === null ? bytes : joinedWith(this.#pending, bytes)
    if (joined === null) this.#sendPending()
    this.#pending = joined ?? bytes
  }

  digest(): string {
    this.#sendPending()
    this.#send(null)
    this.#waitFor(this.#sent)
    return Buffer.from(new Uint8Array(this.#state, hashStates.hashOffset)).toString('hex')
  }

  #sendPending(): void {
    if (this.#pending !== null) this.#send(this.#pending)
    this.#pending = null
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
        const error = new Error(
          `The thread that hashes files has said nothing for ${longestWaitMs / 1_000} s.`,
        )
        this.#thread.giveUp(error)
        throw error
      }
    }
  }
}

/** Both in one; `null` when they do not stand one behind the other. */
function joinedWith(first: Buffer, second: Buffer): Buffer | null {
  const isNext = first.buffer === second.buffer && first.byteOffset + first.length === second.byteOffset
  return isNext ? Buffer.from(first.buffer, first.byteOffset, first.length + second.length) : null
}

const longestWaitMs = 60_000
let nextFile = 0
