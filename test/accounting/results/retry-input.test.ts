import { createHash } from 'node:crypto'
import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readRetryIds, writeRetryInput } from '../../../src/accounting/results/retry-input.js'
import { nodeFileSystem as fs } from '../../../src/workspace/node-file-system.js'
import { failedRow, rowOf, temporaryDirectory, writeRows } from './rows-on-disk.js'

// Spelled so that a line which was parsed and written again would show.
const line = (customId: string): string =>
  `{ "custom_id": "${customId}",  "body": {"n": 1.0, "n": 1e2, "s": "\\u00e4"} }`

async function newParent(
  content: string,
): Promise<{ directory: string; inputPath: string; targetPath: string }> {
  const directory = await temporaryDirectory()
  const inputPath = join(directory, 'batch_input_1.jsonl')
  await writeFile(inputPath, content)
  return { directory, inputPath, targetPath: join(directory, 'batch_input_2.jsonl') }
}

describe('writeRetryInput', () => {
  test('copies the failed lines byte for byte, in the order of the input', async () => {
    const { inputPath, targetPath } = await newParent(`${line('a')}\n${line('b')}\n\n${line('c')}`)
    const retry = await writeRetryInput({ fs, inputPath, targetPath, retryableIds: new Set(['c', 'a']) })
    const expected = `${line('a')}\n${line('c')}\n`
    expect(await readFile(targetPath, 'utf8')).toBe(expected)
    expect(retry).toEqual({
      requests: 2,
      bytes: Buffer.byteLength(expected),
      sha256: createHash('sha256').update(expected).digest('hex'),
    })
  })

  test('finds ids that are written with escapes, and ends lines with LF only', async () => {
    const escaped = '{"custom_id":"\\u0061"}'
    const { inputPath, targetPath } = await newParent(`\uFEFF${escaped}\r\n${line('b')}\r\n`)
    await writeRetryInput({ fs, inputPath, targetPath, retryableIds: new Set(['a', 'b']) })
    expect(await readFile(targetPath, 'utf8')).toBe(`${escaped}\n${line('b')}\n`)
  })

  test('sends a request that the input repeats once', async () => {
    const { inputPath, targetPath } = await newParent(`${line('a')}\n${line('a')}\n${line('b')}\n`)
    await writeRetryInput({ fs, inputPath, targetPath, retryableIds: new Set(['a', 'b']) })
    expect(await readFile(targetPath, 'utf8')).toBe(`${line('a')}\n${line('b')}\n`)
  })

  test('leaves the file of an earlier call as it stands', async () => {
    const { inputPath, targetPath } = await newParent(`${line('a')}\n${line('b')}\n`)
    const request = { fs, inputPath, targetPath, retryableIds: new Set(['b']) }
    const first = await writeRetryInput(request)
    const { ino, mtimeMs } = await stat(targetPath)
    expect(await writeRetryInput(request)).toEqual(first)
    expect(await stat(targetPath)).toMatchObject({ ino, mtimeMs })
  })

  test('does not write over another file', async () => {
    const { inputPath, targetPath } = await newParent(`${line('a')}\n${line('b')}\n`)
    await writeFile(targetPath, `${line('a')}\n`)
    await expect(
      writeRetryInput({ fs, inputPath, targetPath, retryableIds: new Set(['b']) }),
    ).rejects.toMatchObject({ code: 'RetryInputConflict' })
    expect(await readFile(targetPath, 'utf8')).toBe(`${line('a')}\n`)
  })

  test('writes nothing when the input lacks a request', async () => {
    const { directory, inputPath, targetPath } = await newParent(`${line('a')}\n`)
    await expect(
      writeRetryInput({ fs, inputPath, targetPath, retryableIds: new Set(['a', 'z']) }),
    ).rejects.toMatchObject({ code: 'ReconciliationFailed', message: expect.stringContaining('"z"') })
    expect(await readdir(directory)).toEqual(['batch_input_1.jsonl'])
  })

  test('copies any subset of any size, across the chunks of the reader', async () => {
    const all = Array.from(
      { length: 3_000 },
      (_, at) => `${line(`request-${at}`)}${' '.repeat((at * 37) % 500)}`,
    )
    const { directory, inputPath } = await newParent(`${all.join('\n')}\n`)
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 700 }), fc.nat(50), async (step, first) => {
        const chosen = all.flatMap((text, at) =>
          at % step === first % step ? [{ text, id: `request-${at}` }] : [],
        )
        const targetPath = join(directory, `retry-${(run += 1)}`)
        await writeRetryInput({
          fs,
          inputPath,
          targetPath,
          retryableIds: new Set(chosen.map(({ id }) => id)),
        })
        expect(await readFile(targetPath, 'utf8')).toBe(chosen.map(({ text }) => `${text}\n`).join(''))
      }),
      { numRuns: 15 },
    )
  })
})

test('readRetryIds gives the ids that this retry tries again', async () => {
  const path = join(await temporaryDirectory(), 'rows')
  await writeRows(path, [
    rowOf('a'),
    failedRow('b', { retry: '2' }),
    failedRow('c'),
    failedRow('d', { retry: '2' }),
    failedRow('e', { retry: '9' }),
  ])
  expect([...(await readRetryIds(fs, path, '2'))]).toEqual(['b', 'd'])
})
