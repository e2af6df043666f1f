import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  attemptSourceKey,
  flushRows,
  openAttemptRows,
  type AttemptRows,
} from '../../../src/accounting/results/attempt-rows.js'
import { readAttemptRows } from '../../../src/accounting/results/stored-rows.js'
import type { FileSystem } from '../../../src/workspace/file-system.js'
import { nodeFileSystem as fs } from '../../../src/workspace/node-file-system.js'
import { failedRow, rowOf, temporaryDirectory, writeRows } from './rows-on-disk.js'

const newPath = async (): Promise<string> => join(await temporaryDirectory(), 'batch_rows_1.part.jsonl')
const open = (path: string, key = 'key'): Promise<AttemptRows> => openAttemptRows(fs, path, key)

async function idsIn(path: string): Promise<string[]> {
  const ids: string[] = []
  for await (const row of readAttemptRows(fs, path)) ids.push(row.custom_id)
  return ids
}

describe('openAttemptRows', () => {
  test('knows after a restart what was made before it', async () => {
    const path = await newPath()
    await writeRows(path, [rowOf('a'), failedRow('b')])
    const rows = await open(path)
    expect([rows.size, rows.has('a'), rows.has('b'), rows.has('c')]).toEqual([2, true, true, false])
    expect([...rows.counts()]).toEqual([
      ['success', 1],
      ['transient', 1],
    ])
    await rows.append(rowOf('c'))
    await rows.close()
    expect(await idsIn(path)).toEqual(['a', 'b', 'c'])
  })

  test('changes no byte of a file that is whole', async () => {
    const path = await newPath()
    await writeRows(path, [rowOf('a'), rowOf('b')])
    const before = await readFile(path)
    await (await open(path)).close()
    expect(await readFile(path)).toEqual(before)
  })

  test('begins anew when the rows were made from other files', async () => {
    const path = await newPath()
    await writeRows(path, [rowOf('a')])
    const rows = await open(path, 'another key')
    expect(rows.size).toBe(0)
    await rows.append(rowOf('b'))
    await rows.close()
    expect(await idsIn(path)).toEqual(['b'])
    const again = await open(path, 'another key')
    expect(again.has('b')).toBe(true)
    await again.close()
  })

  test('goes on from a file cut at any byte, keeping exactly the rows that are whole', async () => {
    const path = await newPath()
    await writeRows(path, [rowOf('a'), rowOf('ä'), failedRow('c')])
    const whole = await readFile(path)
    for (let cut = 0; cut < whole.length; cut += 1) {
      await writeFile(path, whole)
      await truncate(path, cut)
      const wholeLines = whole.subarray(0, cut).toString('latin1').split('\n').length - 1
      const rows = await open(path)
      expect(rows.size, `cut at ${cut}`).toBe(Math.max(0, wholeLines - 1))
      for (const row of [rowOf('a'), rowOf('ä'), failedRow('c')]) {
        if (!rows.has(row.custom_id)) await rows.append(row)
      }
      await rows.close()
      expect(await readFile(path)).toEqual(whole)
    }
  })

  test.each([
    ['NUL bytes', Buffer.alloc(300)],
    [
      'NUL bytes and a row behind them',
      Buffer.concat([Buffer.alloc(300), Buffer.from(`\n${JSON.stringify(rowOf('late'))}\n`)]),
    ],
    ['a blank line and a row behind it', Buffer.from(`\n${JSON.stringify(rowOf('late'))}\n`)],
    ['half of another write', Buffer.from('{"custom_id":"b"}\n')],
  ])('cuts off %s', async (_, tail) => {
    const path = await newPath()
    await writeRows(path, [rowOf('a')])
    const whole = await readFile(path)
    await appendFile(path, tail)
    const rows = await open(path)
    expect([rows.size, rows.has('a')]).toEqual([1, true])
    await rows.close()
    expect(await readFile(path)).toEqual(whole)
  })

  test('does not take rows without a header for its own', async () => {
    const path = await newPath()
    await writeFile(path, `${JSON.stringify(rowOf('a'))}\n`)
    const rows = await open(path)
    expect(rows.size).toBe(0)
    await rows.close()
  })

  test('rejects with the error of the system when a directory stands at the path', async () => {
    await expect(open(await temporaryDirectory())).rejects.toMatchObject({ code: 'EISDIR' })
  })
})

describe('AttemptRows', () => {
  test('keeps rows in memory only up to a bound', async () => {
    const path = await newPath()
    const rows = await open(path)
    for (let at = 0; at < flushRows - 1; at += 1) await rows.append(rowOf(`id-${at}`))
    expect(await idsIn(path)).toHaveLength(0)
    await rows.append(rowOf('last'))
    expect(await idsIn(path)).toHaveLength(flushRows)
    await rows.append(rowOf('large', { content: 'x'.repeat(8 * 1024 * 1024) }))
    expect(await idsIn(path)).toHaveLength(flushRows + 1)
    await rows.close()
  })

  test('keeps the order of rows that are appended without waiting', async () => {
    const path = await newPath()
    const rows = await open(path)
    const ids = Array.from({ length: 3_500 }, (_, at) => `id-${at}`)
    await Promise.all(ids.map((id) => rows.append(rowOf(id))))
    await rows.close()
    expect(await idsIn(path)).toEqual(ids)
  })

  test('refuses a second row for one id', async () => {
    const rows = await open(await newPath())
    await rows.append(rowOf('a'))
    await expect(rows.append(rowOf('a'))).rejects.toThrow('second row for "a"')
    await rows.close()
  })

  test('keeps the line of the server for rows that failed for good, when it is small', async () => {
    const path = await newPath()
    const rows = [rowOf('fine'), failedRow('again', { retry: '2' }), failedRow('small'), failedRow('large')]
    await writeRows(path, rows, ['{}', '{}', '{"id":"x"}', `{"text":"${'x'.repeat(70_000)}"}`])
    const originals: unknown[] = []
    for await (const row of readAttemptRows(fs, path)) originals.push(row['original_row'])
    expect(originals).toEqual([undefined, undefined, { id: 'x' }, undefined])
  })

  test('writes nothing behind a write that failed, and goes on after the next opening', async () => {
    const path = await newPath()
    const rows = await openAttemptRows(withFullDisk(fs, 2), path, 'key')
    await rows.append(rowOf('a'))
    await expect(rows.flush()).rejects.toMatchObject({ code: 'ENOSPC' })
    await rows.append(rowOf('b'))
    await expect(rows.close()).rejects.toMatchObject({ code: 'ENOSPC' })
    const again = await open(path)
    expect(again.size).toBe(0)
    await again.append(rowOf('a'))
    await again.close()
    expect(await idsIn(path)).toEqual(['a'])
  })
})

test('attemptSourceKey differs whenever a part does', () => {
  const keys = [['a', null], ['a', ''], [null, 'a'], ['a'], ['a,null']].map((parts) =>
    attemptSourceKey(parts),
  )
  expect(new Set(keys).size).toBe(keys.length)
  expect(attemptSourceKey(['a', null])).toBe(keys[0])
})

/** The n-th write puts down half of its bytes and fails; later ones would work. */
function withFullDisk(inner: FileSystem, failingWrite: number): FileSystem {
  let writes = 0
  return {
    ...inner,
    async open(path, mode) {
      const file = await inner.open(path, mode)
      return {
        ...file,
        async write(bytes) {
          writes += 1
          if (writes !== failingWrite) return file.write(bytes)
          await file.write(bytes.subarray(0, bytes.byteLength / 2))
          throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
        },
      }
    },
  }
}
