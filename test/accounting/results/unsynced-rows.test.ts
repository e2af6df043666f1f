import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openAttemptRows, type OpenAttemptRowsOptions } from '../../../src/accounting/results/attempt-rows.js'
import { readRowsOf } from '../../../src/accounting/results/chosen-rows.js'
import type { RowFate } from '../../../src/accounting/results/row-fate.js'
import { type GrowingRowTable, readRowTable } from '../../../src/accounting/results/row-table.js'
import { publishResults } from '../../../src/accounting/results/publish-results.js'
import type { ResultRow } from '../../../src/accounting/rows/result-row.js'
import { nodeFileSystem } from '../../../src/workspace/node-file-system.js'
import { faultFileSystem, type FaultFileSystem } from '../../fakes/fault-file-system.js'
import { pick, randomOf } from '../scan/random-rows.js'
import { failedRow, rowOf, temporaryDirectory } from './rows-on-disk.js'

const newPath = async (name = 'batch_rows_1.part.jsonl'): Promise<string> =>
  join(await temporaryDirectory(), name)

const textOf = (path: string): Promise<string> => readFile(path, 'utf8')

/** Opens the rows, adds some, and closes them. */
async function write(
  path: string,
  rows: readonly ResultRow[],
  options: OpenAttemptRowsOptions,
  fs: FaultFileSystem = faultFileSystem(nodeFileSystem),
): Promise<{
  readonly table: GrowingRowTable
  readonly operations: readonly string[]
  readonly found: number
}> {
  const file = await openAttemptRows(fs, path, 'key', options)
  const found = file.size
  for (const row of rows) if (!file.has(row.custom_id)) await file.append(row, '{"the":"original"}')
  await file.close()
  return { table: file.table, found, operations: fs.log.map(({ operation }) => operation) }
}

const isSync = (operation: string): boolean => operation.startsWith('sync')
const many = Array.from({ length: 2_500 }, (_, at) =>
  at % 7 === 3 ? failedRow(`r${at}`) : rowOf(`r${at}`, { content: '€'.repeat(at % 400) }),
)

describe('rows that no code of the user has seen', () => {
  test('are written, and never synced; those of a checkpoint are, every 1,000 rows', async () => {
    const [path, checkpoint] = [await newPath(), await newPath()]
    const unsynced = await write(path, many, { isCheckpoint: false })
    expect(unsynced.operations.filter(isSync)).toEqual([])
    const synced = await write(checkpoint, many, { isCheckpoint: true })
    // Its header and its name, two groups of rows, and the rest.
    expect(synced.operations.filter(isSync)).toHaveLength(5)
    expect(await textOf(path)).toBe(await textOf(checkpoint))
  })

  test.each([
    ['half a row', Buffer.from('{"custom_id":"r99999","outcome":"succ')],
    ['NUL bytes', Buffer.alloc(5_000)],
    [
      'a hole, and whole rows behind it',
      Buffer.concat([Buffer.alloc(4_096), Buffer.from(`\n${JSON.stringify(rowOf('late'))}\n`)]),
    ],
    [
      'NUL bytes within a row',
      Buffer.from(`${JSON.stringify(rowOf('torn')).replace('answer', '\0\0\0\0\0\0')}\n`),
    ],
  ])('are cut where a power cut left %s', async (_, tail) => {
    const path = await newPath()
    await write(path, many, { isCheckpoint: false })
    const whole = await readFile(path)
    await truncate(path, whole.length - 1_000)
    await appendFile(path, tail)
    const { found, table } = await write(path, many, { isCheckpoint: false })
    expect(found).toBeLessThan(many.length)
    expect(found).toBeGreaterThan(many.length - 20)
    expect(await textOf(path)).toBe(whole.toString())
    expect(table.endOffset).toBe(whole.length)
  })

  test('are made again when only the size of the file is left', async () => {
    const path = await newPath()
    await write(path, many, { isCheckpoint: false })
    const whole = await readFile(path)
    await writeFile(path, Buffer.alloc(whole.length))
    expect((await write(path, many, { isCheckpoint: false })).found).toBe(0)
    expect(await textOf(path)).toBe(whole.toString())
  })
})

test('rows that were made from something else are gone for good before the first new one', async () => {
  const path = await newPath()
  await write(path, many, { isCheckpoint: false })
  const fs = faultFileSystem(nodeFileSystem)
  const rows = await openAttemptRows(fs, path, 'another key', { isCheckpoint: false })
  expect(rows.size).toBe(0)
  await rows.close()
  const done = fs.log
    .map(({ operation }) => operation)
    .filter((one) => ['truncate', 'sync', 'write'].includes(one))
  expect(done).toEqual(['truncate', 'sync', 'write'])
})

describe('rows that are known from earlier in the run', () => {
  test('are not read again, and are gone on with', async () => {
    const path = await newPath()
    const { table } = await write(path, many.slice(0, 1_500), { isCheckpoint: false })
    const { operations, found } = await write(path, many, { isCheckpoint: false, known: table })
    expect(operations).not.toContain('read')
    expect(found).toBe(1_500)
    const whole = await newPath()
    await write(whole, many, { isCheckpoint: true })
    expect(await textOf(path)).toBe(await textOf(whole))
    const counted = await openAttemptRows(nodeFileSystem, path, 'key', { known: table })
    const read = await openAttemptRows(nodeFileSystem, path, 'key')
    expect([...counted.counts()].toSorted()).toEqual([...read.counts()].toSorted())
    expect([counted.size, counted.retryable]).toEqual([read.size, read.retryable])
    await counted.close()
    await read.close()
  })

  test.each([
    ['is shorter', async (path: string, bytes: number) => truncate(path, bytes - 700)],
    ['is longer', async (path: string) => appendFile(path, 'x')],
    ['is empty', async (path: string) => truncate(path, 0)],
  ])('are read again when the file %s', async (_, change) => {
    const path = await newPath()
    const { table } = await write(path, many, { isCheckpoint: false })
    const whole = await readFile(path)
    await change(path, whole.length)
    await write(path, many, { isCheckpoint: false, known: table })
    expect(await textOf(path)).toBe(whole.toString())
  })

  test('of a file with no row are read again: only its header stands there', async () => {
    const path = await newPath()
    const { table } = await write(path, [], { isCheckpoint: false })
    await write(path, [rowOf('a')], { isCheckpoint: false, known: table })
    expect((await write(path, [rowOf('a')], {})).found).toBe(1)
  })
})

/** Rows of all fates and lengths, some longer than any window. */
function randomRows(seed: number): ResultRow[] {
  const random = randomOf(seed)
  return Array.from({ length: 1 + random(400) }, (_, at) => {
    const id = `${pick(random, ['r', 'é', '漢', '😀', '\ud800', 'q"\\'])}${at}`
    const content = pick(random, ['x', '€', 'line\n']).repeat(random(random(30) === 0 ? 300_000 : 900))
    switch (random(5)) {
      case 0:
        return failedRow(id, { retry: 'r1', attempt: 1 + random(3) })
      case 1:
        return failedRow(id, { outcome: 'permanent', error: { code: 'c', message: content } })
      default:
        return rowOf(id, { content })
    }
  })
}

async function chosen(
  path: string,
  table: GrowingRowTable | null,
  isWanted: (fate: RowFate) => boolean,
): Promise<string[]> {
  const found: string[] = []
  for await (const { row, bytes } of readRowsOf(nodeFileSystem, path, table, isWanted))
    found.push(`${JSON.stringify(row)} ${bytes.toString().replace(/\n$/, '')}`)
  return found
}

describe('a table of rows', () => {
  test('says the same whether it grew with them or was read', async () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const path = await newPath()
      const rows = randomRows(seed)
      const { table } = await write(path, rows, { isCheckpoint: seed % 2 === 0 })
      const read = await readRowTable(nodeFileSystem, path)
      const said = (of: typeof read): unknown =>
        Array.from({ length: of.size }, (_, at) => [
          of.idAt(at),
          of.find(of.idAt(at)),
          of.offsetOf(at),
          of.lengthOf(at),
          of.attemptOf(at),
          of.fateOf(at),
        ])
      expect(said(table)).toEqual(said(read))
      expect([table.size, table.endOffset]).toEqual([rows.length, (await stat(path)).size])
      expect([...table.ids()]).toEqual(rows.map(({ custom_id: id }) => id))
      expect(table.find('nobody')).toBe(-1)
    }
  })

  test('finds the same rows and bytes as a look at all of them', async () => {
    const wishes: readonly ((fate: RowFate) => boolean)[] = [
      () => true,
      () => false,
      ({ isRetried }) => isRetried,
      ({ rowClass }) => rowClass !== 'success',
      ({ rowClass, isRetried }) => rowClass === 'permanent' && !isRetried,
    ]
    for (let seed = 20; seed < 30; seed += 1) {
      const path = await newPath()
      const { table } = await write(path, randomRows(seed), { isCheckpoint: false })
      for (const wish of wishes)
        expect(await chosen(path, table, wish)).toEqual(await chosen(path, null, wish))
    }
  })

  test('makes the same results as rows that are read once more', async () => {
    for (let seed = 40; seed < 50; seed += 1) {
      const path = await newPath()
      const rows = randomRows(seed)
      const { table } = await write(path, rows, { isCheckpoint: false })
      const random = randomOf(seed)
      const order = rows.map(({ custom_id: id }) => id).toSorted(() => random(3) - 1)
      const targets = [await newPath('results.jsonl'), await newPath('results.jsonl')]
      const published = await Promise.all(
        targets.map((targetPath, at) =>
          publishResults({
            fs: nodeFileSystem,
            attemptRowsPath: path,
            attemptRows: at === 0 ? table : null,
            baseOrder: order,
            targetPath,
          }),
        ),
      )
      expect(published[0]).toEqual(published[1])
      const [one, other] = await Promise.all(targets.map((target) => readFile(target, 'utf8')))
      expect(one).toBe(other)
      expect(one).not.toContain('original')
      expect(one?.split('\n')).toHaveLength(rows.length + 1)
    }
  })

  test('that does not fit the file is no excuse for wrong rows', async () => {
    const path = await newPath()
    const { table } = await write(path, [failedRow('a'), failedRow('b')], { isCheckpoint: false })
    await writeFile(path, (await readFile(path, 'utf8')).replace('"custom_id":"a"', '"custom_id" 7'))
    await expect(chosen(path, table, () => true)).rejects.toMatchObject({ code: 'ReconciliationFailed' })
  })
})
