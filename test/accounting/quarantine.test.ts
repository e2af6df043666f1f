import { existsSync } from 'node:fs'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { writeQuarantine } from '../../src/accounting/quarantine.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import { account, jsonl, request, success, type TripleContent } from './triple-files.js'

async function quarantine(
  content: TripleContent,
  before?: string,
): Promise<{ kept: number; text: string | null }> {
  const { accounting, paths } = await account(content)
  const path = join(dirname(paths.input), 'batch_unreadable_7.jsonl')
  if (before !== undefined) await writeFile(path, before)
  const kept = await writeQuarantine(nodeFileSystem, path, accounting)
  expect((await readdir(dirname(path))).filter((name) => name.endsWith('.tmp'))).toEqual([])
  return { kept, text: existsSync(path) ? await readFile(path, 'utf8') : null }
}

const input = jsonl(request('a'))
const entries = (text: string | null): Record<string, unknown>[] =>
  (text ?? '')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test('each unreadable line is kept with its place, its reason and its very bytes', async () => {
  const bytes = Buffer.from([0x7b, 0xff, 0x00, 0x7d])
  const output = Buffer.concat([Buffer.from(jsonl(success('a'))), bytes, Buffer.from('\r\n')])
  const { kept, text } = await quarantine({ input, output })
  expect(kept).toBe(1)
  expect(entries(text)).toEqual([
    {
      file: 'batch_output_7.jsonl',
      line: 2,
      offset: output.length - 6,
      bytes: 4,
      reason: 'not valid UTF-8',
      content_base64: bytes.toString('base64'),
      is_truncated: false,
    },
  ])
})

test('of a long line the first 64 KiB are kept, and that is said', async () => {
  const { text } = await quarantine({ input, output: `${'x'.repeat(100_000)}\n` })
  const [entry] = entries(text)
  expect(entry).toMatchObject({ bytes: 100_000, is_truncated: true })
  expect(Buffer.from(String(entry?.['content_base64']), 'base64').toString()).toBe('x'.repeat(65_536))
})

test('beyond ten thousand lines the last entry says how many more there are', async () => {
  const { kept, text } = await quarantine({ input, output: 'garbage\n'.repeat(10_007) })
  expect(kept).toBe(10_000)
  const all = entries(text)
  expect(all).toHaveLength(10_001)
  expect(all.at(-1)).toEqual({ more_lines: 7, reason: 'only the first 10000 are kept' })
})

test('an older quarantine is replaced as a whole', async () => {
  const { text } = await quarantine({ input, output: 'garbage\n' }, 'old\nold\n')
  expect(entries(text)).toHaveLength(1)
})

test('with nothing unreadable nothing is written and an older file stays', async () => {
  expect(await quarantine({ input, output: jsonl(success('a')) })).toEqual({ kept: 0, text: null })
  expect(await quarantine({ input, output: jsonl(success('a')) }, 'old\n')).toEqual({
    kept: 0,
    text: 'old\n',
  })
})
