import { execFile } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { exportFormats, type ExportFormat } from '../../../src/engine/export/format.js'
import { withDirectory } from '../../workspace/support.js'
import { requestLine } from '../lines.js'

const megabyte = 1_000_000
const rowBytes = 20_000
const childPath = fileURLToPath(new URL('memory-child.mjs', import.meta.url))
const builtPath = fileURLToPath(new URL('../../../dist/src/index.js', import.meta.url))

/** Both sizes fill several row groups of Parquet: what grows from one to the other is kept rows. */
const smallBytes = 60 * megabyte
const largeBytes = 360 * megabyte
/** Garbage is collected when there is reason to, which is up to 90 MB of noise; kept rows would be 300 MB more. */
const mostGrowthBytes = 150 * megabyte

test.each(exportFormats)(
  'memory does not grow with the size of the results: 360 MB of them cost what 60 MB cost, as %s',
  async (format) => {
    expect(existsSync(builtPath), 'npm run build comes first').toBe(true)
    await withDirectory(async (directory) => {
      const small = await peakBytes(join(directory, 'small'), smallBytes, format)
      const large = await peakBytes(join(directory, 'large'), largeBytes, format)
      expect(large - small).toBeLessThan(mostGrowthBytes)
    })
  },
)

async function peakBytes(root: string, bytes: number, format: ExportFormat): Promise<number> {
  const rows = writeFinishedLineage(root, bytes)
  const { stdout } = await promisify(execFile)(process.execPath, [childPath, root, join(root, `x.${format}`)])
  const found = JSON.parse(stdout) as { readonly rows: number; readonly maxRssBytes: number }
  expect(found.rows).toBe(rows)
  return found.maxRssBytes
}

/** A lineage with results of this size, as a run leaves it; gives how many rows. */
function writeFinishedLineage(root: string, bytes: number): number {
  for (const name of ['workdir', 'done', 'target']) mkdirSync(join(root, name), { recursive: true })
  const input = openSync(join(root, 'done/batch_input_1.jsonl'), 'w')
  const results = openSync(join(root, 'target/batch_results_1.jsonl'), 'w')
  const rows = Math.round(bytes / rowBytes)
  for (let line = 1; line <= rows; line += 1) {
    writeSync(input, `${requestLine(`request-${line}`)}\n`)
    writeSync(results, `${resultLine(line)}\n`)
  }
  closeSync(input)
  closeSync(results)
  return rows
}

function resultLine(line: number): string {
  return JSON.stringify({
    custom_id: `request-${line}`,
    outcome: 'success',
    content: `${line} `.repeat(rowBytes).slice(0, rowBytes),
    finish_reason: 'stop',
    usage: { total_tokens: line },
    attempt: 1,
    source: { index: '1', file: 'output', line },
  })
}
