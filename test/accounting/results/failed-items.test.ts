import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeFailedItems } from '../../../src/accounting/results/failed-items.js'
import { nodeFileSystem as fs } from '../../../src/workspace/node-file-system.js'
import { failedRow, rowOf, temporaryDirectory, writeRows } from './rows-on-disk.js'

describe('writeFailedItems', () => {
  test('writes what failed for good, with the line of the server', async () => {
    const directory = await temporaryDirectory()
    const [attemptRowsPath, targetPath] = [join(directory, 'rows'), join(directory, 'failed')]
    const rows = [
      rowOf('a'),
      failedRow('b', { retry: '2' }),
      failedRow('c', { outcome: 'permanent' }),
      failedRow('d', { outcome: 'rejected' }),
    ]
    await writeRows(attemptRowsPath, rows, [null, null, '{ "id": "batch_req_c", "n": 1.0 }'])
    expect(await writeFailedItems({ fs, attemptRowsPath, targetPath })).toBe(2)
    const first = await readFile(targetPath, 'utf8')
    const error = { code: 'server_error', message: 'm' }
    const source = { index: '1', file: 'output', line: 1 }
    expect(
      first
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { custom_id: 'c', outcome: 'permanent', error, attempt: 1, source, row: { id: 'batch_req_c', n: 1 } },
      { custom_id: 'd', outcome: 'rejected', error, attempt: 1, source },
    ])
    expect(first).toContain('"row":{ "id": "batch_req_c", "n": 1.0 }}\n')
    expect(await writeFailedItems({ fs, attemptRowsPath, targetPath })).toBe(2)
    expect(await readFile(targetPath, 'utf8')).toBe(first)
  })

  test('writes no file when nothing failed for good', async () => {
    const directory = await temporaryDirectory()
    const attemptRowsPath = join(directory, 'rows')
    await writeRows(attemptRowsPath, [rowOf('a'), failedRow('b', { retry: '2' })])
    expect(await writeFailedItems({ fs, attemptRowsPath, targetPath: join(directory, 'failed') })).toBe(0)
    expect(await readdir(directory)).toEqual(['rows'])
  })
})
