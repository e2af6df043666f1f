import { execFileSync } from 'node:child_process'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { request, success, temporaryDirectory } from './triple-files.js'

const library = fileURLToPath(new URL('../../dist/src/index.js', import.meta.url))
const bench = fileURLToPath(new URL('../bench/', import.meta.url))

/** The requests are the same, only the answers grow: whatever memory grows with them is content that was kept. */
async function peakMegabytes(directory: string, answerBytes: number): Promise<number> {
  const workdir = join(directory, 'workdir')
  await mkdir(workdir, { recursive: true })
  const requests = 1000
  await writeLines(join(workdir, 'batch_input_7.jsonl'), requests, (id) => request(id))
  await writeLines(join(workdir, 'batch_output_7.jsonl'), requests, (id) =>
    success(id, 'x'.repeat(answerBytes)),
  )
  await writeLines(join(workdir, 'batch_error_7.jsonl'), 0, (id) => id)
  const cost = join(directory, 'cost.json')
  const found = execFileSync(
    process.execPath,
    [
      '--require',
      join(bench, 'measure/meter.cjs'),
      join(bench, 'contenders/count.mjs'),
      'library',
      directory,
      library,
    ],
    { encoding: 'utf8', env: { ...process.env, BENCH_METER: cost } },
  )
  expect((JSON.parse(found) as { matched: number }).matched).toBe(requests)
  const { peakRssBytes } = JSON.parse(await readFile(cost, 'utf8')) as { peakRssBytes: number }
  return peakRssBytes / 1e6
}

async function writeLines(path: string, count: number, lineOf: (id: string) => string): Promise<void> {
  const file = await open(path, 'w')
  for (let at = 0; at < count; at += 1) await file.write(`${lineOf(`request-${at}`)}\n`)
  await file.close()
}

test('memory does not grow with the size of the answers: 64 MB of them cost what 1 MB costs', async () => {
  const directory = await temporaryDirectory()
  const small = await peakMegabytes(join(directory, 'small'), 1_000)
  const large = await peakMegabytes(join(directory, 'large'), 64_000)
  expect(large - small).toBeLessThan(40)
})
