import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noRows } from '../../../machines/index.js'
import { RawJson } from '../../../src/accounting/json-text/raw-json.js'
import { readLineageRows } from '../../../src/accounting/results/lineage-rows.js'
import { publishResults, type Published } from '../../../src/accounting/results/publish-results.js'
import { resultRowText, type ResultRow } from '../../../src/accounting/rows/result-row.js'
import { nodeFileSystem as fs } from '../../../src/workspace/node-file-system.js'
import { failedRow, rowOf, temporaryDirectory, writeRows } from './rows-on-disk.js'

interface Place {
  readonly directory: string
  readonly targetPath: string
  rowsPath(attempt: number): string
}

async function newPlace(): Promise<Place> {
  const directory = await temporaryDirectory()
  return {
    directory,
    targetPath: join(directory, 'batch_results_1.jsonl'),
    rowsPath: (attempt) => join(directory, `batch_rows_${attempt}.part.jsonl`),
  }
}

const publishRoot = (place: Place, ids: readonly string[]): Promise<Published> =>
  publishResults({ fs, attemptRowsPath: place.rowsPath(1), baseOrder: ids, targetPath: place.targetPath })

const publishRetry = (place: Place, attempt: number): Promise<Published> =>
  publishResults({
    fs,
    attemptRowsPath: place.rowsPath(attempt),
    baseOrder: 'results',
    targetPath: place.targetPath,
  })

async function resultsOf({ targetPath }: Place): Promise<ResultRow[]> {
  const text = await readFile(targetPath, 'utf8')
  expect(text.endsWith('\n')).toBe(true)
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as ResultRow)
}

async function* streamed(ids: readonly string[]): AsyncGenerator<string> {
  yield* ids
}

describe('publishResults', () => {
  test('puts the rows of the root into the order of its input', async () => {
    const place = await newPlace()
    await writeRows(place.rowsPath(1), [rowOf('b'), rowOf('c'), rowOf('a')])
    expect(await publishRoot(place, ['a', 'b', 'c'])).toMatchObject({ rows: 3, rowsOfAttempt: 3 })
    expect(await resultsOf(place)).toEqual([rowOf('a'), rowOf('b'), rowOf('c')])
  })

  test('takes its order from a stream as well, and gives one row to an id the input repeats', async () => {
    const place = await newPlace()
    await writeRows(place.rowsPath(1), [rowOf('b'), rowOf('a')])
    await publishResults({
      fs,
      attemptRowsPath: place.rowsPath(1),
      baseOrder: streamed(['a', 'b', 'a']),
      targetPath: place.targetPath,
    })
    expect((await resultsOf(place)).map((row) => row.custom_id)).toEqual(['a', 'b'])
  })

  test('leaves the original lines of the server out, and nothing else', async () => {
    const place = await newPlace()
    const speaksOfIt = rowOf('b', { content: 'the key "original_row": is ours' })
    await writeRows(
      place.rowsPath(1),
      [failedRow('a', { outcome: 'permanent' }), speaksOfIt],
      ['{"id":"x","n":1.0}'],
    )
    await publishRoot(place, ['a', 'b'])
    expect(await resultsOf(place)).toEqual([failedRow('a', { outcome: 'permanent' }), speaksOfIt])
  })

  test('cuts the original line out of the bytes: what rows hold is not read and written anew', async () => {
    const place = await newPlace()
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const odd = `{"2":1.0,"1":12345678901234567890,"a":1,"a":-0,"original_row":"\u00e9","deep":${deep}}`
    const original = '{"n":1.0,"original_row":{}}'
    const rows = [
      { ...failedRow('a', { outcome: 'permanent' }), content: new RawJson(odd) },
      { ...rowOf('b'), content: new RawJson(odd) },
    ]
    await writeRows(place.rowsPath(1), rows, [original, original])
    expect(await readFile(place.rowsPath(1), 'utf8')).toContain(`,"original_row":${original}}\n`)
    await publishRoot(place, ['a', 'b'])
    expect(await readFile(place.targetPath, 'utf8')).toBe(
      rows.map((row) => `${resultRowText(row)}\n`).join(''),
    )
  })

  test('replaces in a retry exactly the rows that were tried again', async () => {
    const place = await newPlace()
    await writeRows(place.rowsPath(1), [rowOf('a'), failedRow('b', { retry: '2' }), rowOf('c')])
    await writeRows(place.rowsPath(2), [rowOf('b', { attempt: 2 })])
    await publishRoot(place, ['a', 'b', 'c'])
    expect(await publishRetry(place, 2)).toMatchObject({ rows: 3, rowsOfAttempt: 1 })
    expect(await resultsOf(place)).toEqual([rowOf('a'), rowOf('b', { attempt: 2 }), rowOf('c')])
  })

  test('counts the rows of the file by class, each request once, and those that nobody tries again', async () => {
    const place = await newPlace()
    const cancelled = { code: 'batch_cancelled', message: 'x' }
    const unread = { code: 'unrecognised_row', message: 'of an earlier version' }
    await writeRows(place.rowsPath(1), [
      rowOf('a'),
      failedRow('b', { outcome: 'transient', retry: '2' }),
      failedRow('c', { outcome: 'not-executed', retry: '2' }),
      failedRow('d', { outcome: 'not-executed', error: cancelled }),
      failedRow('e', { outcome: 'needs-person', error: unread }),
      failedRow('f', { outcome: 'permanent' }),
    ])
    const { lineage } = await publishRoot(place, ['a', 'b', 'c', 'd', 'e', 'f'])
    expect(lineage.rows).toEqual({
      ...noRows,
      success: 1,
      transient: 1,
      notExecuted: 2,
      unrecognised: 1,
      permanent: 1,
      retryable: 2,
    })
    expect(lineage.failedForGood).toEqual({ ...noRows, unrecognised: 1, permanent: 1 })

    await writeRows(place.rowsPath(2), [
      rowOf('b', { attempt: 2 }),
      failedRow('c', { attempt: 2, outcome: 'not-executed' }),
    ])
    const after = (await publishRetry(place, 2)).lineage
    const settled = { ...noRows, success: 2, notExecuted: 2, unrecognised: 1, permanent: 1 }
    expect(after.rows).toEqual(settled)
    expect(after.failedForGood).toEqual({ ...noRows, notExecuted: 1, unrecognised: 1, permanent: 1 })
    expect(await readLineageRows(fs, place.targetPath)).toEqual(after)
    // The root once more: the later attempt keeps its place, and is counted.
    expect((await publishRoot(place, ['a', 'b', 'c', 'd', 'e', 'f'])).lineage).toEqual(after)
  })

  test('never puts an earlier attempt over a later one, whoever publishes again', async () => {
    const place = await newPlace()
    await writeRows(place.rowsPath(1), [failedRow('a', { retry: '2' }), rowOf('b')])
    await writeRows(place.rowsPath(2), [failedRow('a', { attempt: 2, retry: '3' })])
    await writeRows(place.rowsPath(3), [rowOf('a', { attempt: 3 })])
    await publishRoot(place, ['a', 'b'])
    await publishRetry(place, 2)
    await publishRetry(place, 3)
    const settled = await readFile(place.targetPath)
    await publishRetry(place, 2)
    await publishRoot(place, ['a', 'b'])
    expect(await readFile(place.targetPath)).toEqual(settled)
  })

  test('puts rows of the same attempt that were made anew in the place of the old ones', async () => {
    const place = await newPlace()
    await writeRows(place.rowsPath(1), [failedRow('a', { retry: '2' }), rowOf('b', { content: 'old' })])
    await writeRows(place.rowsPath(2), [rowOf('a', { attempt: 2, content: 'old' })])
    await publishRoot(place, ['a', 'b'])
    await publishRetry(place, 2)
    for (const attempt of [1, 2]) await rm(place.rowsPath(attempt))
    await writeRows(place.rowsPath(1), [failedRow('a', { retry: '2' }), rowOf('b', { content: 'new' })])
    await writeRows(place.rowsPath(2), [rowOf('a', { attempt: 2, content: 'new' })])
    expect(await publishRoot(place, ['a', 'b'])).toMatchObject({ rows: 2, rowsOfAttempt: 1 })
    expect(await publishRetry(place, 2)).toMatchObject({ rows: 2, rowsOfAttempt: 1 })
    expect(await resultsOf(place)).toEqual([
      rowOf('a', { attempt: 2, content: 'new' }),
      rowOf('b', { content: 'new' }),
    ])
  })

  test('gives exactly one row for each request of the root, whatever the orders and repetitions', async () => {
    const lineage = fc.record({
      ids: fc.uniqueArray(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 20 }),
      seed: fc.infiniteStream(fc.nat(1_000)),
      again: fc.array(fc.constantFrom(1, 2, 3), { maxLength: 4 }),
    })
    const directory = await temporaryDirectory()
    let run = 0
    await fc.assert(
      fc.asyncProperty(lineage, async ({ ids, seed, again }) => {
        const home = join(directory, String((run += 1)))
        await mkdir(home)
        const place: Place = {
          directory: home,
          targetPath: join(home, 'results'),
          rowsPath: (attempt) => join(home, `rows-${attempt}`),
        }
        const next = (): number => seed.next().value ?? 0
        const shuffled = (list: readonly string[]): string[] =>
          list
            .map((id) => ({ id, key: next() }))
            .toSorted((left, right) => left.key - right.key)
            .map(({ id }) => id)
        const expected = new Map<string, number>()
        let trying = ids
        for (const attempt of [1, 2, 3]) {
          const retried = attempt === 3 ? [] : trying.filter(() => next() % 2 === 0)
          for (const id of trying) expected.set(id, attempt)
          const rows = shuffled(trying).map((id) =>
            retried.includes(id) ? failedRow(id, { attempt, retry: 'next' }) : rowOf(id, { attempt }),
          )
          await writeRows(place.rowsPath(attempt), rows)
          await (attempt === 1 ? publishRoot(place, ids) : publishRetry(place, attempt))
          for (const earlier of again.filter((number) => number <= attempt)) {
            await (earlier === 1 ? publishRoot(place, ids) : publishRetry(place, earlier))
          }
          trying = retried
        }
        const results = await resultsOf(place)
        expect(results.map((row) => row.custom_id)).toEqual(ids)
        expect(results.map((row) => row.attempt)).toEqual(ids.map((id) => expected.get(id)))
      }),
      { numRuns: 40 },
    )
  })

  test('replaces nothing when a request has no row', async () => {
    const place = await newPlace()
    await writeRows(place.rowsPath(1), [rowOf('a')])
    await publishRoot(place, ['a'])
    const before = await readFile(place.targetPath)
    await expect(publishRoot(place, ['a', 'b'])).rejects.toMatchObject({
      code: 'ReconciliationFailed',
      message: expect.stringContaining('no row for request "b"'),
    })
    expect(await readFile(place.targetPath)).toEqual(before)
    expect(await readdir(place.directory)).toHaveLength(2)
  })

  test('replaces nothing when a row belongs to no request of the root', async () => {
    const place = await newPlace()
    await writeRows(place.rowsPath(1), [rowOf('a')])
    await writeRows(place.rowsPath(2), [rowOf('x', { attempt: 2 })])
    await publishRoot(place, ['a'])
    await expect(publishRetry(place, 2)).rejects.toMatchObject({
      code: 'ReconciliationFailed',
      message: expect.stringContaining('"x"'),
    })
    expect(await resultsOf(place)).toEqual([rowOf('a')])
  })

  test('does not write over results of another batch', async () => {
    const place = await newPlace()
    await writeRows(place.rowsPath(1), [rowOf('a')])
    await publishRoot(place, ['a'])
    await rm(place.rowsPath(1))
    await writeRows(place.rowsPath(1), [rowOf('b')])
    await expect(publishRoot(place, ['b'])).rejects.toMatchObject({
      code: 'ReconciliationFailed',
      message: expect.stringContaining('another batch'),
    })
    expect(await resultsOf(place)).toEqual([rowOf('a')])
  })

  test('does not write over a file that holds no results, and says which line is wrong', async () => {
    const place = await newPlace()
    await writeRows(place.rowsPath(1), [rowOf('a')])
    await writeFile(place.targetPath, `${JSON.stringify(rowOf('a'))}\nmy notes\n`)
    await expect(publishRoot(place, ['a'])).rejects.toMatchObject({
      message: expect.stringContaining('batch_results_1.jsonl:2 '),
    })
    expect(await readFile(place.targetPath, 'utf8')).toContain('my notes')
  })

  test('says that the results are gone when a retry finds none', async () => {
    const place = await newPlace()
    await writeRows(place.rowsPath(2), [rowOf('a', { attempt: 2 })])
    await expect(publishRetry(place, 2)).rejects.toMatchObject({
      code: 'ReconciliationFailed',
      message: expect.stringContaining('is gone'),
    })
  })

  test('stops at an abort without replacing anything', async () => {
    const place = await newPlace()
    await writeRows(place.rowsPath(1), [rowOf('a')])
    const request = { fs, attemptRowsPath: place.rowsPath(1), baseOrder: ['a'], targetPath: place.targetPath }
    await expect(publishResults({ ...request, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'Interrupted',
    })
    expect(await readdir(place.directory)).toEqual(['batch_rows_1.part.jsonl'])
  })
})
