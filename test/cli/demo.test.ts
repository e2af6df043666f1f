import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { demoDifferences } from '../../src/cli/render/demo-text.js'
import { everyKindOfTriple } from '../../src/testing/generate-workspace/every-kind.js'
import { batchReconciler, jsonLines, recipes, temporaryFolder, type RunResult } from './command-line.js'

/** One folder for all of them: a demo takes seconds, and its folder is meant to be used again. */
describe('demo', () => {
  let root: string
  let first: RunResult

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'batch-demo-'))
    first = await batchReconciler(['demo', root], { isTTY: true, env: { NO_COLOR: '1' } })
  })
  afterAll(() => rm(root, { recursive: true, force: true }))

  test('makes a workspace, and finds in it all it broke itself', () => {
    const { exitCode, stdout, stderr } = first
    expect(stderr).not.toContain('should end as')
    expect(exitCode).toBe(0)
    expect(stdout.match(/ done {2,}/g)?.length).toBeGreaterThanOrEqual(11)
    expect(stderr).toContain('Broken on purpose, and found: 40: the input file is gone;')
    expect(stderr).toContain(`Results:      ${join(root, 'target')}`)
  })

  test('goes the whole way with a server: every request one row, every submission one batch', async () => {
    const { stderr } = first
    expect(stderr).toContain('was found at the server and adopted')
    expect(stderr).toMatch(/× batch_expired \(not-executed\)/)
    expect(stderr).toMatch(/next look at the server in 1 s/)
    expect(stderr).toContain('Batches made at the server: 5, one for each submission that was meant.')
    expect(stderr).toMatch(
      /API calls: files\.list 1, .*files\.create 5, batches\.create 5, .*files\.content 10\./,
    )
    expect(stderr).toContain('Results: 3,000 rows for 3,000 requests, 2,988 ok and 12 failed for good')
    const directory = join(root, 'online', 'target')
    const ids: unknown[] = []
    for (const name of await readdir(directory)) {
      ids.push(...jsonLines(await readFile(join(directory, name), 'utf8')).map(({ custom_id: id }) => id))
    }
    expect(new Set(ids).size).toBe(3_000)
    expect(ids).toHaveLength(3_000)
  })

  test('leaves workspaces that prove themselves', async () => {
    const verified = await batchReconciler(['verify', root, '--json'])
    const online = await batchReconciler(['verify', join(root, 'online'), '--json'])
    expect([verified.exitCode, online.exitCode]).toEqual([0, 0])
    expect(jsonLines(verified.stdout).length).toBeGreaterThanOrEqual(11)
    expect(jsonLines(online.stdout)).toHaveLength(5)
  })

  test.each(['.', 'online'])(
    'refuses its own folder once somebody put batches of their own there: %s',
    async (part) => {
      const own = join(root, part, 'workdir', 'batch_input_777.jsonl')
      await writeFile(own, 'mine')
      const before = await readdir(join(root, 'done'))
      const { exitCode, stderr } = await batchReconciler(['demo', root])
      expect(exitCode).toBe(2)
      expect(stderr).toContain(`${join(root, part)} holds batch_input_777.jsonl, which no demo made`)
      expect(await readFile(own, 'utf8')).toBe('mine')
      expect(await readdir(join(root, 'done'))).toEqual(before)
      await rm(own)
    },
  )

  test('knows retries that it had no time to note', async () => {
    for (const part of ['.', 'online']) {
      const path = join(root, part, '.batch-demo.json')
      const mark: { readonly indices: readonly string[] } = JSON.parse(await readFile(path, 'utf8'))
      const roots: string[] = []
      for (const index of mark.indices) if (!(await isRetry(join(root, part), index))) roots.push(index)
      expect(roots.length).toBeLessThan(mark.indices.length)
      await writeFile(path, JSON.stringify({ ...mark, indices: roots }))
    }
    expect((await batchReconciler(['demo', root])).exitCode).toBe(0)
  })

  test('can be repeated, also after one that was stopped on the way', async () => {
    const controller = new AbortController()
    const stopped = batchReconciler(['demo', root], { signal: controller.signal })
    const done = join(root, 'online', 'done')
    // The first demo's files go, and the first of the second demo's come.
    while ((await namesIn(done)).length > 0) await setImmediate()
    while ((await namesIn(done)).length === 0) await setImmediate()
    controller.abort()
    expect((await stopped).exitCode).toBe(130)
    const { exitCode, stdout } = await batchReconciler(['demo', root, '--json'])
    expect(exitCode).toBe(0)
    const online = jsonLines(stdout).filter(({ results }) => String(results).includes('/online/'))
    expect(online.map(({ outcome }) => outcome)).toEqual(Array(5).fill('done'))
  })
})

/** By what the metadata says, wherever it stands. */
async function isRetry(root: string, index: string): Promise<boolean> {
  for (const folder of ['workdir', 'done']) {
    const text = await readFile(join(root, folder, `batch_metadata_${index}.jsonl`), 'utf8').catch(() => '{}')
    const metadata: { readonly parent_index?: string } = JSON.parse(text)
    if (metadata.parent_index !== undefined) return true
  }
  return false
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])

describe('what the demo refuses and tells', () => {
  test('refuses a folder that holds something else, and touches nothing in it', async () => {
    const root = await temporaryFolder()
    await writeFile(join(root, 'thesis.txt'), 'years of work')
    const { exitCode, stdout, stderr } = await batchReconciler(['demo', root])
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toContain('is not empty, and no demo made it')
    expect(await readdir(root)).toEqual(['thesis.txt'])
  })

  test('refuses a file', async () => {
    const path = join(await temporaryFolder(), 'file')
    await writeFile(path, '')
    expect((await batchReconciler(['demo', path])).exitCode).toBe(2)
  })

  test('a triple that ends otherwise than its recipe says is named', () => {
    const report = {
      index: '1',
      outcome: { type: 'done', retryIndex: null },
      state: 'done',
      operations: [],
      counts: null,
      tokens: null,
      rows: {
        success: 19,
        unproven: 0,
        semantic: 1,
        rejected: 0,
        unrecognised: 0,
        notExecuted: 0,
        transient: 0,
        needsPerson: 0,
        permanent: 0,
        retryable: 0,
      },
      problem: null,
      attempt: 1,
      rootIndex: '1',
      remoteStatus: null,
      resultsPath: null,
      lineageRows: null,
      failedForGood: null,
      requestsSent: null,
      unconfirmed: null,
    } as const
    expect(demoDifferences([recipes.whole, recipes.unanswered], [report])).toEqual([
      'Triple 1 should end as done (20 ok, 0 failed, 0 to try again); it ended as done (19 ok, 1 failed, 0 to try again).',
      'Triple 4 should end as failed (RequestIdsMismatch); it ended as nothing: it is not in the report.',
    ])
  })

  test('its workspace has every outcome that a run without a server can give', () => {
    const outcomes = new Set(everyKindOfTriple().map(({ expected }) => expected.outcome))
    expect([...outcomes].toSorted()).toEqual([
      'done',
      'failed',
      'needs-attention',
      'not-submitted',
      'pending',
    ])
  })
})
