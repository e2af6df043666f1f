import { appendFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createFakeBatchServer, faults } from '../../src/testing/index.js'
import { jsonl, requestLine } from '../engine/lines.js'
import { putFiles } from '../workspace/support.js'
import { batchReconciler, jsonLines, jsonSummary, temporaryFolder, type RunResult } from './command-line.js'

/** A workspace with one finished triple of two requests, one of which failed for good. */
async function scene() {
  const folder = await temporaryFolder()
  const server = createFakeBatchServer({ defaults: { rows: [{ when: 'b', answer: 'bad-request' }] } })
  const { baseURL, close } = await server.listen()
  onTestFinished(close)
  const env = { OPENAI_API_KEY: 'sk-of-the-tests', OPENAI_BASE_URL: baseURL }
  const command = (...words: readonly string[]): Promise<RunResult> =>
    batchReconciler(words, { currentDirectory: folder, env })
  putFiles(folder, { 'requests.jsonl': jsonl(requestLine('a'), requestLine('b')) })
  await command('submit', 'ws', 'requests.jsonl')
  server.finishBatches()
  await command('run', 'ws')
  return { folder, server, command, env }
}

test('clean deletes what the server keeps of finished triples, and says what; a second one has nothing to do', async () => {
  const { server, command } = await scene()
  const dry = await command('clean', 'ws', '--dry-run')
  expect(dry.stderr).toBe(
    '1 triple in done/: 1 would be cleaned, 0 would be kept, 0 with nothing there; 3 files would be deleted.\n',
  )
  expect(server.files()).toHaveLength(3)
  const { exitCode, stdout, stderr } = await command('clean', 'ws')
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/^[\da-f-]{36} +deleted +deleted +deleted +cleaned$/m)
  expect(stderr).toBe('1 triple in done/: 1 cleaned, 0 kept, 0 with nothing there; 3 files deleted.\n')
  expect(server.files()).toEqual([])
  const again = await command('clean', 'ws', '--json')
  expect(jsonLines(again.stdout)).toMatchObject([{ fate: 'clean', files: [], why: null, error: null }])
  expect(jsonSummary(again)).toMatchObject({ exit_code: 0, triples: { clean: 1 } })
})

test('clean exits with 1 where a proof does not hold, and with 75 when the server is away', async () => {
  const { folder, server, command } = await scene()
  server.script(faults.serverError('files.delete', {}))
  const away = await command('clean', 'ws')
  expect([away.exitCode, away.stdout.includes('kept')]).toEqual([75, true])
  const [output = ''] = readdirSync(join(folder, 'ws/done')).filter((name) => name.includes('_output_'))
  appendFileSync(join(folder, 'ws/done', output), '\n')
  const { exitCode, stderr } = await command('clean', 'ws')
  expect(exitCode).toBe(1)
  expect(stderr).toContain('ProofMismatch')
  expect(server.files()).toHaveLength(3)
})

test('clean without a key is wrong usage, and so is a folder that is no workspace', async () => {
  const { folder, command } = await scene()
  const { exitCode } = await batchReconciler(['clean', 'ws'], { currentDirectory: folder })
  expect([exitCode, (await command('clean', 'nowhere')).exitCode]).toEqual([2, 2])
})
