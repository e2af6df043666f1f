import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { hashOfFile, type FileHash } from '../../src/accounting/file-hash.js'
import { HashThread, hashStates } from '../../src/accounting/hash-thread.js'
import { LineCutter } from '../../src/accounting/line-cutter.js'
import { pick, randomOf, type Random } from './scan/random-rows.js'

/** What a file says of its size decides who hashes it. */
const large = 256 * 1024 * 1024

afterEach(() => {
  vi.doUnmock('../../src/accounting/hash-thread.js')
  vi.resetModules()
})

/** Lines of all lengths, some longer than any buffer. */
function contentOf(random: Random, bytes: number): Buffer {
  const content = Buffer.alloc(bytes)
  for (let at = 0; at + 4 <= bytes; at += 4) content.writeUInt32LE(random(2 ** 32), at)
  for (let at = 0; at < bytes; at += 1) if (content[at] === 0x0a) content[at] = 0x0b
  for (let at = 0; at < bytes; at += 1 + random(pick(random, [10, 1_000, 300_000, 4_000_000])))
    content[at] = 0x0a
  return content
}

/** Reads as `readChunks` does, one chunk at a time, so that several files can take turns. */
class Reading {
  readonly hash: FileHash
  readonly #content: Buffer
  readonly #cutter: LineCutter

  constructor(content: Buffer, fileBytes = large, chunkBytes = 256 * 1024) {
    this.#content = content
    this.hash = hashOfFile(fileBytes)
    const { sharing } = this.hash
    this.#cutter = new LineCutter({ fileBytes: content.length, chunkBytes, maxLineBytes: 2 ** 28, sharing })
  }

  /** False at the end of the file. */
  step(): boolean {
    const free = this.#cutter.freeSpace()
    const count = this.#content.copy(free, 0, this.#cutter.position)
    if (count === 0) return false
    this.hash.update(free.subarray(0, count))
    this.#cutter.take(count)
    this.#cutter.skipLines()
    return true
  }

  digest(): string {
    const digest = this.hash.digest()
    this.#cutter.release()
    return digest
  }
}

function digestOf(reading: Reading): string {
  while (reading.step());
  return reading.digest()
}

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex')

describe('the hash of a file', () => {
  test('is taken in a second thread from 256 MiB on, and is the same as here', () => {
    const content = contentOf(randomOf(1), 3_000_000)
    for (const fileBytes of [0, large - 1, large, 2 ** 40]) {
      const reading = new Reading(content, fileBytes)
      expect(reading.hash.sharing === undefined).toBe(fileBytes < large)
      expect(digestOf(reading)).toBe(sha256(content))
    }
  })

  test('is right of no bytes, of one, and of lines longer than the buffers', () => {
    const random = randomOf(2)
    for (const bytes of [0, 1, 2 ** 21 - 1, 2 ** 21, 2 ** 21 + 1, 9_000_000]) {
      const content = contentOf(random, bytes)
      expect(digestOf(new Reading(content)), String(bytes)).toBe(sha256(content))
    }
    const oneLine = Buffer.alloc(20_000_000, 'x')
    expect(digestOf(new Reading(oneLine))).toBe(sha256(oneLine))
  })

  test('is right of many files that are read in turn, in chunks of any size', () => {
    const random = randomOf(3)
    for (let round = 0; round < 4; round += 1) {
      const contents = Array.from({ length: 6 }, () => contentOf(random, random(8_000_000)))
      const readings = contents.map(
        (content) => new Reading(content, large, pick(random, [1_000, 65_536, 262_144, 3_000_000])),
      )
      const left = new Set(readings)
      const found = new Map<Reading, string>()
      while (left.size > 0) {
        const reading = pick(random, [...left])
        if (reading.step()) continue
        found.set(reading, reading.digest())
        left.delete(reading)
      }
      for (const [at, reading] of readings.entries())
        expect(found.get(reading)).toBe(sha256(contents[at] ?? Buffer.alloc(0)))
    }
  })

  test('is right of files that are read after others were left in the middle', () => {
    const random = randomOf(4)
    for (let round = 0; round < 10; round += 1) {
      const abandoned = new Reading(contentOf(random, 6_000_000))
      for (let steps = random(24); steps > 0; steps -= 1) abandoned.step()
      const content = contentOf(random, 5_000_000)
      expect(digestOf(new Reading(content))).toBe(sha256(content))
    }
  })

  test('is right while the thread is busy with another file', () => {
    const blocks = [0, 1].map(() => Buffer.from(new SharedArrayBuffer(2 ** 25)))
    const other = hashOfFile(large)
    for (let round = 0; round < 8; round += 1) other.update(blocks[round % 2] ?? Buffer.alloc(0))
    const content = contentOf(randomOf(5), 9_000_000)
    expect(digestOf(new Reading(content))).toBe(sha256(content))
    expect(other.digest()).toBe(sha256(Buffer.alloc(2 ** 28)))
  })

  test('is taken here where no thread can be started', async () => {
    vi.resetModules()
    vi.doMock('../../src/accounting/hash-thread.js', () => ({
      HashThread: vi.fn<() => never>(function refuse() {
        throw new Error('no threads')
      }),
      hashStates,
    }))
    const { hashOfFile: ofFile } = await import('../../src/accounting/file-hash.js')
    const hash = ofFile(large)
    expect(hash.sharing).toBeUndefined()
    hash.update(Buffer.from('abc'))
    expect(hash.digest()).toBe(sha256(Buffer.from('abc')))
  })

  test('is taken here after the thread has ended', async () => {
    vi.resetModules()
    let ended = false
    vi.doMock('../../src/accounting/hash-thread.js', () => ({
      HashThread: class {
        get hasEnded(): boolean {
          return ended
        }
      },
      hashStates,
    }))
    const { hashOfFile: ofFile } = await import('../../src/accounting/file-hash.js')
    expect(ofFile(large).sharing).toBeDefined()
    ended = true
    expect(ofFile(large).sharing).toBeUndefined()
  })
})

test('a thread that fails says so to whoever comes next', async () => {
  const thread = new HashThread()
  expect(thread.hasEnded).toBe(false)
  const state = new SharedArrayBuffer(hashStates.bytes)
  thread.send({ state, file: 1, bytes: 'no bytes' as unknown as Uint8Array })
  thread.send({ state, file: 1, bytes: 7 as unknown as Uint8Array })
  const deadline = Date.now() + 20_000
  while (!thread.hasEnded && Date.now() < deadline) await once(AbortSignal.timeout(20), 'abort')
  expect(thread.hasEnded).toBe(true)
  expect(() => thread.send({ state, file: 2, bytes: null })).toThrow('has ended')
})
