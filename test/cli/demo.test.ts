import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { demoDifferences } from '../../src/cli/render/demo-text.js'
import { everyKindOfTriple } from '../../src/testing/generate-workspace/every-kind.js'
import { batchReconciler, jsonLines, recipes, temporaryFolder } from './command-line.js'

describe('demo', () => {
  test('makes a workspace, finds in it all it broke itself, and can be repeated', async () => {
    const currentDirectory = await temporaryFolder()
    for (const _ of ['first', 'again']) {
      const { exitCode, stdout, stderr } = await batchReconciler(['demo'], { currentDirectory })
      expect(stderr).not.toContain('should end as')
      expect(exitCode).toBe(0)
      expect(stdout.match(/ done {2,}/g)?.length).toBeGreaterThanOrEqual(11)
      expect(stderr).toContain('Broken on purpose, and found: 40: the input file is gone;')
      expect(stderr).toContain(`Results:      ${join(currentDirectory, 'batch-demo', 'target')}`)
    }
    const verified = await batchReconciler(['verify', './batch-demo', '--json'], { currentDirectory })
    expect(verified.exitCode).toBe(0)
    expect(jsonLines(verified.stdout).length).toBeGreaterThanOrEqual(11)
  })

  test('refuses a folder that holds something else, and touches nothing in it', async () => {
    const root = await temporaryFolder()
    await writeFile(join(root, 'thesis.txt'), 'years of work')
    const { exitCode, stdout, stderr } = await batchReconciler(['demo', root])
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toContain('is not empty, and no demo made it')
    expect(await readdir(root)).toEqual(['thesis.txt'])
  })

  test('refuses its own folder once somebody put batches of their own there', async () => {
    const root = await temporaryFolder()
    await batchReconciler(['demo', root])
    const own = join(root, 'workdir', 'batch_input_777.jsonl')
    await writeFile(own, 'mine')
    const { exitCode, stderr } = await batchReconciler(['demo', root])
    expect(exitCode).toBe(2)
    expect(stderr).toContain('holds batch_input_777.jsonl, which no demo made')
    expect(await readFile(own, 'utf8')).toBe('mine')
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
      rows: {
        success: 19,
        semantic: 1,
        rejected: 0,
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
