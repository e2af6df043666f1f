import { execFile } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { withDirectory } from '../workspace/support.js'
import { answerLine, requestLine } from './lines.js'

const megabyte = 1_000_000
const outputBytes = 200 * megabyte
const rowsPerWrite = 500
/** Node itself takes about 70 MB of it. */
const mostMemoryBytes = 200 * megabyte

const childPath = fileURLToPath(new URL('memory-child.mjs', import.meta.url))
const builtPath = fileURLToPath(new URL('../../dist/src/index.js', import.meta.url))

test('an output of 200 MB is reconciled in less than 200 MB of memory', async () => {
  expect(existsSync(builtPath), 'npm run build comes first').toBe(true)
  await withDirectory(async (root) => {
    const rows = writeLargeTriple(root)
    const { stdout } = await promisify(execFile)(process.execPath, [childPath, root, 'text'])
    const result = JSON.parse(stdout) as {
      readonly maxRssBytes: number
      readonly outcomes: readonly { readonly outcome: string; readonly rows: { readonly success: number } }[]
    }
    expect(result.outcomes).toMatchObject([{ outcome: 'done', rows: { success: rows } }])
    expect(statSync(join(root, 'target/batch_results_1.jsonl')).size).toBeGreaterThan(outputBytes / 2)
    expect(result.maxRssBytes).toBeLessThan(mostMemoryBytes)
  })
})

/** Rows of about 2 KB, each its own; gives how many. */
function writeLargeTriple(root: string): number {
  mkdirSync(join(root, 'workdir'))
  const input = openSync(join(root, 'workdir/batch_input_1.jsonl'), 'w')
  const output = openSync(join(root, 'workdir/batch_output_1.jsonl'), 'w')
  const filler = 'The quick brown fox jumps over the lazy dog. '.repeat(37)
  let rows = 0
  for (let written = 0; written < outputBytes;) {
    const ids = Array.from({ length: rowsPerWrite }, (_, position) => `request-${rows + position + 1}`)
    writeSync(input, ids.map((id) => `${requestLine(id)}\n`).join(''))
    written += writeSync(output, ids.map((id) => `${answerLine(id, `${id} ${filler}`)}\n`).join(''))
    rows += rowsPerWrite
  }
  closeSync(input)
  closeSync(output)
  return rows
}
