import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createFakeBatchServer } from '../../src/testing/index.js'
import { answerLine, jsonl, requestLine } from '../engine/lines.js'
import { putFiles } from '../workspace/support.js'
import { batchReconciler, jsonLines, temporaryFolder, type RunResult } from './command-line.js'

const files = {
  'loose/my requests.jsonl': jsonl(requestLine('a'), requestLine('b')),
  'loose/answers.jsonl': jsonl(answerLine('a', 'A'), answerLine('b', 'B')),
}

async function scene(more: Readonly<Record<string, string>> = {}) {
  const folder = await temporaryFolder()
  putFiles(folder, { ...files, ...more })
  const command = (...words: readonly string[]): Promise<RunResult> =>
    batchReconciler(words, { currentDirectory: folder })
  return { folder, command }
}

describe('import', () => {
  test('makes a workspace of loose files in one command, and says what comes next', async () => {
    const { command } = await scene()
    const { exitCode, stdout, stderr } = await command('import', 'loose', 'my batches')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^my requests\.jsonl +requests +2 +[\da-f-]{36} +2 +imported$/m)
    expect(stderr).toMatch(
      /2 files: 1 triple imported, 0 here already, 0 files left over\.\nNext: batch-reconciler run '.*my batches'\n$/,
    )
    expect((await command('run', 'my batches')).exitCode).toBe(0)
    expect(await readdir(join((await scene()).folder))).toEqual(['loose'])
  })

  test('--dry-run makes not even the folder', async () => {
    const { folder, command } = await scene()
    const { exitCode, stderr } = await command('import', 'loose', 'new', '--dry-run')
    expect([exitCode, await readdir(folder)]).toEqual([0, ['loose']])
    expect(stderr).toContain('1 triple would be imported')
  })

  test('exits with 1 and says why when something is left over; a copy of a file is none', async () => {
    const copied = await scene({ 'loose/answers (1).jsonl': files['loose/answers.jsonl'] })
    expect((await copied.command('import', 'loose', 'new')).exitCode).toBe(0)
    const { command } = await scene({ 'loose/other.jsonl': jsonl(answerLine('x', 'X')) })
    const { exitCode, stderr, stdout } = await command('import', 'loose', 'new', '--json')
    expect(exitCode).toBe(1)
    expect(stderr).toContain('✗ other.jsonl answers requests that are in none of these files.\n')
    expect(jsonLines(stdout).map(({ fate }) => fate)).toEqual(['imported', 'imported', 'left-over'])
  })

  test('says what to do about a file that is written in another way, which helps when it is done to the letter', async () => {
    const answers = [answerLine('a', 'A'), answerLine('b', 'B')]
    const { folder, command } = await scene({ 'loose/answers.jsonl': `[${answers.join(',\n')}]` })
    const { stderr, exitCode } = await command('import', 'loose', 'new')
    expect(exitCode).toBe(1)
    const [, cure = ''] =
      /✗ answers\.jsonl is one JSON array\.\n  → Convert it in place: (.*)\n/.exec(stderr) ?? []
    execFileSync('sh', ['-c', cure], { cwd: folder })
    expect((await command('import', 'loose', 'new')).exitCode).toBe(0)
    expect((await command('run', 'new')).exitCode).toBe(0)
  })

  test('says in words what no command can do', async () => {
    const { command } = await scene({ 'loose/table.csv': 'id,prompt\n1,hi\n' })
    const { stderr, stdout } = await command('import', 'loose', 'new', '--json')
    expect(stderr).toContain('✗ table.csv is CSV.\n  → Make one JSON object a line of its rows')
    const [table] = jsonLines(stdout).filter(({ what_to_do: cure }) => cure !== null && cure !== undefined)
    expect(table).toMatchObject({ fate: 'left-over', why: 'table.csv is CSV.' })
  })

  test.each([
    [['import', 'loose', 'loose'], /holds files and is no workspace/],
    [['import', 'nowhere', 'new'], /Nothing stands at .*nowhere/],
    [['import', 'loose'], /at least 2/],
  ])('%j is wrong usage, and touches nothing', async (words, says) => {
    const { folder, command } = await scene()
    const { exitCode, stderr } = await command(...words)
    expect([exitCode, await readdir(join(folder, 'loose'))]).toEqual([
      2,
      ['answers.jsonl', 'my requests.jsonl'],
    ])
    expect(stderr).toMatch(says)
  })
})

/** Sends two requests from one workspace, which is then lost. */
async function lost() {
  const { folder } = await scene()
  const server = createFakeBatchServer({ defaults: { inProgressMs: 3_600_000 } })
  const { baseURL, close } = await server.listen()
  onTestFinished(close)
  const env = { OPENAI_API_KEY: 'sk-of-the-tests', OPENAI_BASE_URL: baseURL }
  const command = (...words: readonly string[]): Promise<RunResult> =>
    batchReconciler(words, { currentDirectory: folder, env })
  await command('submit', 'lost', 'loose/my requests.jsonl')
  return { folder, server, command, batchId: server.batches()[0]?.id ?? '' }
}

describe('import --batch', () => {
  test('makes a workspace of a batch that still runs, and says what comes next', async () => {
    const { server, command, batchId, folder } = await lost()
    const { exitCode, stdout, stderr } = await command('import', '--batch', batchId, 'my batches')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(new RegExp(`^${batchId} +validating +2 +input +[\\da-f-]{36} +imported$`, 'm'))
    expect(stderr).toMatch(
      /^1 batch: 1 triple imported, 0 here already, 0 left over\.\nNext: batch-reconciler watch '.*my batches'\n$/,
    )
    server.finishBatches()
    expect((await command('run', 'my batches')).exitCode).toBe(0)
    const again = await command('import', 'my batches', '--batch', batchId)
    expect(again.stderr).toBe('1 batch: 0 triples imported, 1 here already, 0 left over.\n')
    expect(await readdir(join(folder, 'my batches', 'workdir'))).toEqual([])
    expect(server.batches()).toHaveLength(1)
  })

  test('exits with 1 and tells of each batch that could not be brought in', async () => {
    const { command, batchId } = await lost()
    const words = ['import', '--batch', 'file-x', '--batch', batchId, 'new', '--json']
    const { exitCode, stdout, stderr } = await command(...words)
    expect(exitCode).toBe(1)
    expect(jsonLines(stdout)).toMatchObject([
      { batch_id: 'file-x', fate: 'left-over', index: null, error: { code: 'BatchUnknown' } },
      { batch_id: batchId, fate: 'imported', requests: 2, fetched: ['input'], error: null },
    ])
    expect(stderr).toContain('✗ file-x BatchUnknown: 127.0.0.1:')
    expect(stderr).toContain('→ This is the id of a file; ')
  })

  test('exits with 75 when the server is away', async () => {
    const { command, batchId } = await lost()
    const away = ['--base-url', 'http://127.0.0.1:9/v1']
    expect((await command('import', '--batch', batchId, 'new', ...away)).exitCode).toBe(75)
  })

  test('--dry-run makes not even the folder', async () => {
    const { command, batchId, folder } = await lost()
    const { exitCode, stderr } = await command('import', '--batch', batchId, 'new', '--dry-run')
    expect([exitCode, (await readdir(folder)).toSorted()]).toEqual([0, ['loose', 'lost']])
    expect(stderr).toBe('1 batch: 1 triple would be imported, 0 here already, 0 left over.\n')
  })

  test.each([
    [['--batch', 'b', 'loose', 'new'], /one path was expected, that of the workspace; 2 were given/],
    [['--batch', 'b', 'new', '--move'], /--move removes files of yours/],
    [['loose', 'new', '--base-url', 'http://127.0.0.1:9/v1'], /go with --batch/],
    [['--batch', '', 'new'], /it is empty/],
  ])('%j is wrong usage, and touches nothing', async (words, says) => {
    const { command, folder } = await lost()
    const { exitCode, stderr } = await command('import', ...words)
    expect([exitCode, (await readdir(folder)).toSorted()]).toEqual([2, ['loose', 'lost']])
    expect(stderr).toMatch(says)
  })
})

test.each([['run'], ['plan'], ['status']])(
  '%s of a workspace with unused files alone names them with the command that brings them in',
  async (name) => {
    const { folder, command } = await scene()
    const root = join(folder, 'ws')
    mkdirSync(join(root, 'workdir'), { recursive: true })
    putFiles(root, {
      'workdir/requests.jsonl': files['loose/my requests.jsonl'],
      'workdir/results.jsonl': files['loose/answers.jsonl'],
    })
    const { exitCode, stderr } = await command(name, root)
    expect(exitCode).toBe(1)
    expect(stderr).not.toContain('nothing to do')
    for (const unused of ['requests', 'results'])
      expect(stderr).toMatch(
        new RegExp(`${unused}\\.jsonl is not used: .*batch-reconciler import ${root}/workdir ${root}`),
      )
    const [, from = '', to = ''] = /batch-reconciler import (\S+) (\S+)`/.exec(stderr) ?? []
    expect((await command('import', from, to)).exitCode).toBe(0)
    expect((await command('run', root)).exitCode).toBe(0)
  },
)
