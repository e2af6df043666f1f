import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readLineAt, readLines, type ReadLinesOptions } from '../../src/accounting/line-reader.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import { temporaryDirectory } from './triple-files.js'

interface SeenLine {
  readonly number: number
  readonly offset: number
  readonly length: number
  readonly text: string
  readonly isLast: boolean
  readonly hasNewline: boolean
  readonly isTooLong: boolean
}

async function linesOf(content: string | Uint8Array, options: ReadLinesOptions = {}): Promise<SeenLine[]> {
  const path = join(await temporaryDirectory(), 'lines')
  await writeFile(path, content)
  return linesAt(path, options)
}

async function linesAt(path: string, options: ReadLinesOptions): Promise<SeenLine[]> {
  const seen: SeenLine[] = []
  for await (const batch of readLines(nodeFileSystem, path, options)) {
    for (const { bytes, ...line } of batch) seen.push({ ...line, text: bytes.toString('latin1') })
  }
  return seen
}

const texts = (lines: readonly SeenLine[]): string[] => lines.map((line) => line.text)

describe('reading lines', () => {
  test('an empty file has no lines', async () => {
    expect(await linesOf('')).toEqual([])
  })

  test('each line is known by number, offset and length, and the last one as such', async () => {
    expect(await linesOf('one\ntwo')).toEqual([
      { number: 1, offset: 0, length: 3, text: 'one', isLast: false, hasNewline: true, isTooLong: false },
      { number: 2, offset: 4, length: 3, text: 'two', isLast: true, hasNewline: false, isTooLong: false },
    ])
  })

  test('a file that ends with a newline has no empty last line', async () => {
    const lines = await linesOf('one\n')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ isLast: true, hasNewline: true })
  })

  test('blank lines are left out and counted in the numbers', async () => {
    const lines = await linesOf('\n\r\n \t\none\n\n\ntwo\n\n')
    expect(lines.map(({ number, text }) => [number, text])).toEqual([
      [4, 'one'],
      [7, 'two'],
    ])
  })

  test('CRLF ends a line, and only one CR is taken off', async () => {
    expect(texts(await linesOf('one\r\ntwo\r\r\n'))).toEqual(['one', 'two\r'])
  })

  test('a lone CR, NUL and U+2028 do not end a line', async () => {
    expect(await linesOf('a\rb\0c\u2028d\n')).toHaveLength(1)
  })

  test('a byte order mark is dropped from the first line only, and offsets still point into the file', async () => {
    const lines = await linesOf('\ufeffone\n\ufefftwo\n')
    expect(lines[0]).toMatchObject({ offset: 3, length: 3, text: 'one' })
    expect(lines[1]).toMatchObject({ offset: 7, length: 6 })
  })

  test('a line that spans many chunks comes whole', async () => {
    const long = 'x'.repeat(1000)
    expect(texts(await linesOf(`${long}\nshort\n${long}`, { chunkBytes: 16 }))).toEqual([long, 'short', long])
  })

  test('a line above the limit is skipped with its beginning, and the next line is read', async () => {
    const lines = await linesOf(`${'x'.repeat(300_000)}\nnext\n`, { maxLineBytes: 100_000, chunkBytes: 4096 })
    expect(lines[0]).toMatchObject({ number: 1, offset: 0, length: 300_000, isTooLong: true })
    expect(lines[0]?.text).toBe('x'.repeat(64 * 1024))
    expect(lines[1]).toMatchObject({ number: 2, offset: 300_001, text: 'next', isTooLong: false })
  })

  test('a last line above the limit without a newline is reported too', async () => {
    const lines = await linesOf(`a\n${'x'.repeat(300_000)}`, { maxLineBytes: 1000 })
    expect(lines[1]).toMatchObject({ length: 300_000, isTooLong: true, isLast: true, hasNewline: false })
  })

  test('a line of exactly the limit is read, with either line ending', async () => {
    for (const ending of ['\n', '\r\n', '']) {
      const lines = await linesOf(`${'x'.repeat(5000)}${ending}`, { maxLineBytes: 5000, chunkBytes: 100 })
      expect(lines[0]).toMatchObject({ length: 5000, isTooLong: false })
    }
  })

  test('every byte goes through onChunk once and in order', async () => {
    const content = 'one\n\ntwo\r\n\ufeffthree'
    const chunks: Buffer[] = []
    await linesOf(content, { chunkBytes: 4, onChunk: (bytes) => chunks.push(Buffer.from(bytes)) })
    expect(Buffer.concat(chunks).toString()).toBe(content)
  })

  test('whatever the bytes and the size of a chunk, the lines are those of a plain split', async () => {
    const directory = await temporaryDirectory()
    const piece = fc.constantFrom('a', 'é', '\r', '\n', '\n', '\r\n', ' ', '\u2028', '\0', 'abcdefghij')
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        async (pieces, size) => {
          const content = Buffer.from(pieces.join(''))
          const path = join(await mkdtemp(join(directory, 'lines-')), 'lines')
          await writeFile(path, content)
          const found = await linesAt(path, { chunkBytes: size })
          expect(found.map(({ number, offset, text }) => ({ number, offset, text }))).toEqual(
            plainSplit(content),
          )
          for (const line of found) {
            expect(content.subarray(line.offset, line.offset + line.length).toString('latin1')).toBe(
              line.text,
            )
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  test('a file that grows while it is read is refused', async () => {
    const path = join(await temporaryDirectory(), 'lines')
    await writeFile(path, 'one\ntwo\n'.repeat(1000))
    const reading = async (): Promise<void> => {
      for await (const lines of readLines(nodeFileSystem, path, { chunkBytes: 512 })) {
        expect([...lines].length).toBeGreaterThan(0)
        await writeFile(path, 'more\n', { flag: 'a' })
      }
    }
    await expect(reading()).rejects.toMatchObject({ code: 'FileChangedDuringRun' })
  })

  test('an aborted signal stops the read between two chunks', async () => {
    const path = join(await temporaryDirectory(), 'lines')
    await writeFile(path, 'one\n'.repeat(10_000))
    const controller = new AbortController()
    let batches = 0
    const reading = async (): Promise<void> => {
      for await (const lines of readLines(nodeFileSystem, path, {
        chunkBytes: 512,
        signal: controller.signal,
      })) {
        batches += [...lines].length > 0 ? 1 : 0
        controller.abort()
      }
    }
    await expect(reading()).rejects.toMatchObject({ code: 'Interrupted' })
    expect(batches).toBe(1)
  })
})

describe('reading one line again', () => {
  test('gives the bytes at the place', async () => {
    const path = join(await temporaryDirectory(), 'lines')
    await writeFile(path, 'one\ntwo\n')
    const file = await nodeFileSystem.open(path, 'read')
    expect((await readLineAt(file, 4, 3)).toString()).toBe('two')
    await file.close()
  })

  test('refuses when the file has become shorter', async () => {
    const path = join(await temporaryDirectory(), 'lines')
    await writeFile(path, 'one\n')
    const file = await nodeFileSystem.open(path, 'read')
    await expect(readLineAt(file, 4, 3)).rejects.toMatchObject({ code: 'FileChangedDuringRun' })
    await file.close()
  })
})

function plainSplit(content: Buffer): { number: number; offset: number; text: string }[] {
  let offset = 0
  return content
    .toString('latin1')
    .split('\n')
    .flatMap((part, position) => {
      const start = offset
      offset += part.length + 1
      const text = part.endsWith('\r') ? part.slice(0, -1) : part
      return /^[ \t\r]*$/.test(text) ? [] : [{ number: position + 1, offset: start, text }]
    })
}
