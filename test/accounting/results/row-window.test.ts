import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RowWindow } from '../../../src/accounting/results/row-window.js'
import type { OpenFile } from '../../../src/workspace/file-system.js'
import { nodeFileSystem as fs } from '../../../src/workspace/node-file-system.js'
import { pick, randomOf } from '../scan/random-rows.js'
import { temporaryDirectory } from './rows-on-disk.js'

/** Bytes that tell where they stand. */
function bytesOf(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(Math.imul(at + 1, 0x9e3779b1) >>> 0, at)
  return bytes
}

interface Opened {
  readonly file: OpenFile
  readonly reads: () => number
}

async function opened(bytes: Uint8Array, most = Infinity): Promise<Opened> {
  const path = join(await temporaryDirectory(), 'rows')
  await writeFile(path, bytes)
  const file = await fs.open(path, 'read')
  let reads = 0
  return {
    reads: () => reads,
    file: {
      ...file,
      read: (buffer, position) => {
        reads += 1
        return file.read(buffer.subarray(0, Math.min(buffer.length, most)), position)
      },
    },
  }
}

test.each([
  ['as much as it is asked for', Infinity],
  ['a little at a time', 70_001],
])('gives the bytes of any place, from a disk that gives %s', async (_, most) => {
  const random = randomOf(11)
  const bytes = bytesOf(3_000_000)
  const { file } = await opened(bytes, most)
  const window = new RowWindow(file)
  let near = 0
  for (let left = 3_000; left > 0; left -= 1) {
    const length = pick(random, [1, 50, 3_000, 60_000, 256 * 1024, 256 * 1024 + 1, 700_000])
    near = Math.max(0, Math.min(bytes.length - length, near + random(300_000) - 130_000))
    const offset = pick(random, [
      near,
      near,
      near,
      random(bytes.length - length + 1),
      bytes.length - length,
      0,
    ])
    const held = window.held(offset, length)
    const wanted = bytes.subarray(offset, offset + length)
    if (held !== null && !held.equals(wanted))
      throw new Error(`Held other bytes at ${offset}, ${length} long.`)
    if (random(3) === 0) continue
    const found = await window.read(offset, length)
    if (!found.equals(wanted)) throw new Error(`Read other bytes at ${offset}, ${length} long.`)
    if (window.held(offset, length)?.equals(wanted) === false)
      throw new Error(`Then held others at ${offset}.`)
  }
  expect(window.held(bytes.length, 1)).toBeNull()
  await file.close()
})

test('reads rows that stand one behind the other by the window, also in a file smaller than one', async () => {
  for (const size of [0, 1, 500, 100_000, 3_000_000]) {
    const bytes = bytesOf(size)
    const { file, reads } = await opened(bytes)
    const window = new RowWindow(file)
    for (let offset = 0; offset < size; offset += 500) {
      const length = Math.min(500, size - offset)
      const row = window.held(offset, length) ?? (await window.read(offset, length))
      expect(row.equals(bytes.subarray(offset, offset + length))).toBe(true)
    }
    expect(reads()).toBeLessThanOrEqual(Math.ceil(size / 400_000) + 1)
    await file.close()
  }
})

test('goes on by the window behind a row that is longer than one', async () => {
  const bytes = bytesOf(4_000_000)
  const { file, reads } = await opened(bytes)
  const window = new RowWindow(file)
  await window.read(0, 500)
  await window.read(500, 1_500_000)
  for (let offset = 1_500_500; offset < bytes.length; offset += 500) {
    const length = Math.min(500, bytes.length - offset)
    const row = window.held(offset, length) ?? (await window.read(offset, length))
    expect(row.equals(bytes.subarray(offset, offset + length))).toBe(true)
  }
  expect(reads()).toBeLessThan(20)
  await file.close()
})

test('says that a file has become shorter', async () => {
  const { file } = await opened(bytesOf(1_000))
  const window = new RowWindow(file)
  await expect(window.read(900, 200)).rejects.toMatchObject({ code: 'FileChangedDuringRun' })
  expect(window.held(900, 200)).toBeNull()
  await file.close()
})
