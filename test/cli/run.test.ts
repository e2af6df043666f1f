import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { acquireWorkspaceLock } from '../../src/workspace/hold-workspace.js'
import { openWorkspace } from '../../src/workspace/open-workspace.js'
import { batchReconciler, jsonLines, recipes, workspaceWith } from './command-line.js'

describe('run', () => {
  test('reconciles whole triples, exits 0 and says where the results are', async () => {
    const root = await workspaceWith(recipes.whole, recipes.neverSubmitted)
    const { exitCode, stdout, stderr } = await batchReconciler(['run', root])
    expect(exitCode).toBe(0)
    expect(stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['index', 'outcome', 'state', 'requests', 'ok', 'failed', 'missing', 'what to do'],
      ['1', 'done', 'done', '20', '20', '0', '0'],
      [
        '5',
        'not-submitted',
        'submitting.waiting-for-leave',
        '–',
        '–',
        '–',
        '–',
        'not sent to a server yet; `run --submit` with a key sends it',
      ],
      [''],
    ])
    expect(stderr).toContain('2 triples: 1 done, 1 not submitted.')
    expect(stderr).toContain(`Results:      ${join(root, 'target')}`)
    expect(await readdir(join(root, 'done'))).toEqual(
      expect.arrayContaining(['batch_input_1.jsonl', 'batch_output_1.jsonl']),
    )
  })

  test('says which retry triple waits, and that it was not submitted', async () => {
    const root = await workspaceWith(recipes.retryable)
    const { exitCode, stdout, stderr } = await batchReconciler(['run', root])
    const [, retryIndex] =
      /3 failed requests of triple 2 wait as triple (\S+) in workdir\/ \(not submitted\)\./.exec(stderr) ?? []
    expect(exitCode).toBe(0)
    expect(await readdir(join(root, 'workdir'))).toContain(`batch_input_${retryIndex}.jsonl`)
    expect(stdout).toContain(`failed requests wait as ${retryIndex}`)
    expect(stderr).toContain('3 × rate_limit_exceeded (transient)')
    expect(stderr).toContain(`Failed items: ${join(root, 'failed-items')}`)
  })

  test('exits 1 when a triple failed or needs a person, with code, place and hint', async () => {
    const root = await workspaceWith(recipes.whole, recipes.withoutInput, recipes.unanswered)
    const { exitCode, stderr } = await batchReconciler(['run', root])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('✗ 3 MissingBatchInputFileButOthersExist: ')
    expect(stderr).toContain('→ Put batch_input_3.jsonl back beside it')
    expect(stderr).toMatch(
      /✗ 4 RequestIdsMismatch: .*2 of 8 requests have no answer.*batch_input_4\.jsonl:\d+/,
    )
    expect(stderr).toContain('3 triples: 1 done, 1 waiting for a person, 1 failed.')
    expect(await readdir(join(root, 'workdir'))).toContain('batch_output_4.jsonl')
  })

  test('--json prints one object per triple in the order of the indices, and nothing else on stdout', async () => {
    const root = await workspaceWith(recipes.unanswered, recipes.retryable, recipes.whole)
    const { exitCode, stdout, stderr } = await batchReconciler(['run', root, '--json'])
    const objects = jsonLines(stdout)
    expect(exitCode).toBe(1)
    expect(objects.map(({ index, outcome }) => [index, outcome])).toEqual([
      ['1', 'done'],
      ['2', 'done'],
      ['4', 'failed'],
      [objects[1]?.['retry_index'], 'not-submitted'],
    ])
    expect(objects[0]).toEqual({
      index: '1',
      outcome: 'done',
      state: 'done',
      operations: [
        'EnsureInputRequestIdsMatchOutputRequestIds',
        'ProcessBatchOutputFile',
        'MoveBatchInputAndOutputToTheDoneDirectory',
      ],
      counts: {
        input: 20,
        output: 20,
        error: 0,
        matched: 20,
        missing: 0,
        unknown: 0,
        duplicate: 0,
        inBoth: 0,
        unreadable: 0,
        conflicting: 0,
      },
      tokens: { input: 1537, cached: 0, output: 377, reasoning: 0, untold: 0 },
      error: null,
      rows: expect.objectContaining({ success: 20 }),
      lineage_rows: expect.objectContaining({ success: 20, retryable: 0 }),
      failed_for_good: 0,
      requests_sent: 20,
      attempt: 1,
      root_index: '1',
      remote_status: null,
      results: join(root, 'target', 'batch_results_1.jsonl'),
      retry_index: null,
      unconfirmed_since: null,
    })
    expect(objects[1]).toMatchObject({ retry_index: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    expect(objects[2]).toMatchObject({
      counts: { input: 8, output: 6, missing: 2 },
      error: { code: 'RequestIdsMismatch', message: expect.any(String), hint: expect.any(String) },
    })
    expect(stderr).toContain('4 triples:')
  })

  test('an empty workspace is no fault', async () => {
    const { exitCode, stdout, stderr } = await batchReconciler(['run', await workspaceWith()])
    expect([exitCode, stdout]).toEqual([0, ''])
    expect(stderr).toContain('nothing to do')
  })

  test('exits 3 and touches nothing while another process has the workspace', async () => {
    const root = await workspaceWith(recipes.whole)
    const lock = await acquireWorkspaceLock(await openWorkspace(root))
    const before = await readdir(join(root, 'workdir'))
    const { exitCode, stdout, stderr } = await batchReconciler(['run', root])
    expect([exitCode, stdout]).toEqual([3, ''])
    expect(stderr).toMatch(/✗ WorkspaceLocked: .* process \d+ /)
    expect(await readdir(join(root, 'workdir'))).toEqual(before)
    await lock.release()
    expect((await batchReconciler(['run', root])).exitCode).toBe(0)
  })

  test('exits 130 when it was stopped, and the next run finishes', async () => {
    const root = await workspaceWith(recipes.whole)
    const { exitCode, stderr } = await batchReconciler(['run', root], { signal: AbortSignal.abort() })
    expect(exitCode).toBe(130)
    expect(stderr).toContain('the next run goes on from here')
    expect((await batchReconciler(['run', root])).exitCode).toBe(0)
  })

  test('colours a terminal, but not with NO_COLOR', async () => {
    const coloured = await batchReconciler(['run', await workspaceWith(recipes.whole)], { isTTY: true })
    const root = await workspaceWith(recipes.whole)
    const plain = await batchReconciler(['run', root], { isTTY: true, env: { NO_COLOR: '1' } })
    expect(coloured.stdout).toContain('\u001b[32mdone')
    expect(plain.stdout).not.toContain('\u001b')
    expect(plain.stdout).toContain('done')
  })

  test('live progress leaves nothing behind on a terminal, and nothing at all in a pipe', async () => {
    const shown = await batchReconciler(['run', await workspaceWith(recipes.whole)], { isTTY: true })
    const piped = await batchReconciler(['run', await workspaceWith(recipes.whole)])
    const lastErase = shown.stderr.lastIndexOf('\u001b[J')
    expect(shown.stderr.slice(lastErase)).not.toContain('of 1 triple ')
    expect(piped.stderr).not.toContain('of 1 triple ')
    expect(piped.stderr).not.toContain('\u001b')
  })

  test('--content-type json and --repair-json reach the rows', async () => {
    const json = { ...recipes.whole, answers: 'json', mix: { truncated: 1 } } as const
    const root = await workspaceWith(json)
    await batchReconciler(['run', root, '--content-type', 'json', '--repair-json'])
    const results = jsonLines(await readFile(join(root, 'target', 'batch_results_1.jsonl'), 'utf8'))
    expect(results.filter(({ outcome }) => outcome === 'success')).toHaveLength(19)
    expect(results.find(({ outcome }) => outcome === 'success')).toMatchObject({
      content: { category: expect.any(String), urgency: expect.any(Number) },
    })
    expect(results.find(({ outcome }) => outcome === 'semantic')).toMatchObject({
      error: { code: 'truncated' },
    })
  })

  test('--max-attempts 1 writes no retry triple', async () => {
    const root = await workspaceWith(recipes.retryable)
    const { stdout } = await batchReconciler(['run', root, '--max-attempts', '1', '--json'])
    expect(jsonLines(stdout)).toMatchObject([{ outcome: 'done', retry_index: null }])
    expect(await readdir(join(root, 'workdir'))).toEqual([])
  })
})
