import { expect, test } from 'vitest'
import { LineCutter, type ChunkSharing } from '../../src/accounting/line-cutter.js'
import { pick, randomOf, type Random } from './scan/random-rows.js'

interface Chunk {
  readonly view: Buffer
  readonly text: Buffer
}

/** Another thread that is as slow as it may be: it looks at a chunk in the last moment it has for it. */
class SlowReader implements ChunkSharing {
  #earlier: Chunk[] = []
  #latest: Chunk[] = []
  readonly seen: Buffer[] = []

  take(view: Buffer): void {
    if (!((view.buffer as ArrayBufferLike) instanceof SharedArrayBuffer))
      throw new Error('The chunk is not shared.')
    this.#latest.push({ view, text: Buffer.from(view) })
  }

  beforeReuse(): void {
    this.#lookAt(this.#earlier)
    this.#earlier = this.#latest
    this.#latest = []
  }

  end(): Buffer {
    this.#lookAt(this.#earlier)
    this.#lookAt(this.#latest)
    return Buffer.concat(this.seen)
  }

  #lookAt(chunks: readonly Chunk[]): void {
    for (const { view, text } of chunks) {
      if (!view.equals(text)) throw new Error('A chunk was written over before it was looked at.')
      this.seen.push(Buffer.from(view))
    }
  }
}

function contentOf(random: Random): Buffer {
  const pieces: string[] = []
  const kinds = pick(random, [
    [5, 50, 500],
    [50, 300_000],
    [3_000_000, 100],
    [700_000, 1, 5_000_000],
  ])
  for (let left = random(9_000_000); left > 0;) {
    const length = random(pick(random, kinds))
    pieces.push(
      'abcdefghij'.repeat(Math.ceil(length / 10)).slice(0, length),
      pick(random, ['\n', '\n', '\r\n', '\n\n', '\n \t\n']),
    )
    left -= length + 40
  }
  if (random(2) === 0) pieces.push('the last')
  return Buffer.from(pieces.join(''))
}

interface Found {
  readonly number: number
  readonly offset: number
  readonly text: string
}

function plainSplit(content: Buffer): Found[] {
  const found: Found[] = []
  let offset = 0
  for (const [at, line] of content.toString('latin1').split('\n').entries()) {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line
    if (!/^[ \t\r]*$/.test(text)) found.push({ number: at + 1, offset, text })
    offset += line.length + 1
  }
  return found
}

test('with another thread behind it, lines are those of a plain split, and no chunk changes before it was looked at', () => {
  const random = randomOf(Number(process.env['CUTTER_SEED'] ?? 9))
  for (let round = 0; round < 25; round += 1) {
    const content = contentOf(random)
    const reader = new SlowReader()
    const chunkBytes = pick(random, [4_096, 65_536, 262_144, 1_500_000, 3_000_000])
    const cutter = new LineCutter({
      fileBytes: content.length,
      chunkBytes,
      maxLineBytes: 2 ** 28,
      sharing: reader,
    })
    const lines: Found[] = []
    const cut = (): void => {
      for (let line = cutter.nextLine(); line !== null; line = cutter.nextLine())
        lines.push({ number: line.number, offset: line.offset, text: line.bytes.toString('latin1') })
    }
    const isShort = random(3) === 0
    for (;;) {
      const free = cutter.freeSpace()
      const most = isShort ? 1 + random(free.length) : free.length
      const count = content.copy(free.subarray(0, most), 0, cutter.position)
      if (count === 0) break
      reader.take(free.subarray(0, count))
      cutter.take(count)
      cut()
    }
    cutter.end()
    cut()
    expect(reader.end().equals(content)).toBe(true)
    cutter.release()
    const wanted = plainSplit(content)
    expect(lines.length).toBe(wanted.length)
    for (const [at, line] of wanted.entries()) {
      const found = lines[at]
      if (found?.text !== line.text || found.number !== line.number || found.offset !== line.offset)
        throw new Error(`Line ${line.number} of round ${round} is another one.`)
    }
  }
})
