import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  answerLine,
  answeredTriple,
  errorLine,
  jsonl,
  metadataText,
  requestLine,
  unansweredLine,
} from '../engine/lines.js'
import { putFiles } from '../workspace/support.js'
import { batchReconciler, jsonLines, temporaryFolder, type RunResult } from './command-line.js'

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await temporaryFolder()
  putFiles(root, files)
  return root
}

const run = (root: string, ...flags: readonly string[]): Promise<RunResult> =>
  batchReconciler(['run', root, ...flags])

/** The triple that tries the failed requests of the first one again. */
async function retryOf(root: string, ...flags: readonly string[]): Promise<string> {
  const { stdout } = await run(root, '--json', ...flags)
  return String(jsonLines(stdout).find((one) => one['retry_index'] != null)?.['retry_index'])
}

/** An input whose requests all have a line in the error file. */
const failedTriple = (index: string, ...lines: readonly (readonly [string, string])[]) => ({
  [`workdir/batch_input_${index}.jsonl`]: jsonl(...lines.map(([id]) => requestLine(id))),
  [`workdir/batch_error_${index}.jsonl`]: jsonl(...lines.map(([, line]) => line)),
})

const hasRequest = (root: string, index: string, id: string): boolean =>
  readFileSync(join(root, 'workdir', `batch_input_${index}.jsonl`), 'utf8').includes(requestLine(id))

/** `a` is answered, `b` and `d` fail for a passing reason, `c` for good. */
const mixed = {
  'workdir/batch_input_1.jsonl': jsonl(...['a', 'b', 'c', 'd'].map((id) => requestLine(id))),
  'workdir/batch_output_1.jsonl': jsonl(answerLine('a', 'yes')),
  'workdir/batch_error_1.jsonl': jsonl(errorLine('b', 500, 'x'), errorLine('c'), unansweredLine('d')),
}

const allFailed = failedTriple('7', ['a', errorLine('a')], ['b', errorLine('b', 429, 'insufficient_quota')])

describe('the totals of requests', () => {
  test('name every class that has rows, good ones first, and what has no way on by itself', async () => {
    const root = await folderWith(mixed)
    const { exitCode, stderr } = await run(root)
    expect(exitCode).toBe(0)
    expect(stderr).toContain(
      '4 requests: 1 ok, 1 not executed, 1 transient, 1 permanent, 2 of them to be sent again.\n',
    )
    expect(stderr).toContain('1 of 4 requests of triple 1 failed for good: 1 permanent.\n')
    expect(stderr).toContain(`  → \`batch-reconciler retry ${root} 1\` sends 1 of them again.\n`)
    expect(stderr).not.toContain('were sent')
  })

  test('count a request that was tried again once, also when the root was in an earlier run', async () => {
    const root = await folderWith(mixed)
    const second = await retryOf(root)
    putFiles(root, {
      [`workdir/batch_output_${second}.jsonl`]: jsonl(answerLine('b', 'at last')),
      [`workdir/batch_error_${second}.jsonl`]: jsonl(errorLine('d', 503, 'overloaded')),
    })
    const { exitCode, stdout, stderr } = await run(root, '--max-attempts', '2', '--json')
    expect(exitCode).toBe(0)
    expect(stderr).toContain('4 requests: 2 ok, 1 transient, 1 permanent.\n')
    expect(stderr).toContain('2 requests of earlier runs were sent again.\n')
    expect(stderr).toContain('2 of 4 requests of triple 1 failed for good')
    expect(jsonLines(stdout)).toMatchObject([
      {
        index: second,
        root_index: '1',
        rows: { success: 1, transient: 1 },
        lineage_rows: { success: 2, transient: 1, permanent: 1, retryable: 0 },
        failed_for_good: 2,
        requests_sent: 2,
      },
    ])
  })

  test('add up lineages, whatever stands beside them', async () => {
    const root = await folderWith({ ...mixed, ...answeredTriple('2', ['x', 'y']), ...allFailed })
    const { exitCode, stderr } = await run(root)
    expect(exitCode).toBe(1)
    expect(stderr).toContain(
      '8 requests: 3 ok, 1 not executed, 1 transient, 1 waiting for a person, 2 permanent, 2 of them to be sent again.\n',
    )
    expect(stderr).toContain(
      'Every request of triple 7 failed for good: 1 waiting for a person, 1 permanent.\n',
    )
  })

  test('of an acceptance name what became of the missing requests', async () => {
    const root = await folderWith({
      'workdir/batch_input_1.jsonl': jsonl(requestLine('a'), requestLine('b')),
      'workdir/batch_output_1.jsonl': jsonl(answerLine('a', 'yes')),
    })
    expect((await run(root)).exitCode).toBe(1)
    const { exitCode, stderr } = await batchReconciler(['accept', root, '1'])
    expect(exitCode).toBe(0)
    expect(stderr).toContain('2 requests: 1 ok, 1 not executed, 1 of them to be sent again.\n')
  })

  test('of a batch that was too large for the server count no request twice', async () => {
    const root = await folderWith({
      'workdir/batch_input_1.jsonl': jsonl(...['a', 'b', 'c', 'd'].map((id) => requestLine(id))),
      'workdir/batch_metadata_1.jsonl': metadataText({
        batch_id: '',
        split: { parts: 2, reason: 'token_limit_exceeded', decided_at_ms: 0 },
      }),
    })
    const { stdout, stderr } = await run(root, '--json')
    expect(stderr).toContain('4 requests: 4 not executed, 4 of them to be sent again.\n')
    const [first, ...parts] = jsonLines(stdout).toSorted((one) => (one['index'] === '1' ? -1 : 1))
    expect(first).toMatchObject({ index: '1', requests_sent: 0, failed_for_good: 0 })
    expect(parts).toHaveLength(2)
    for (const [part, ids] of [
      ['a', 'b'],
      ['c', 'd'],
    ].entries()) {
      const input = parts.find(({ index }) => hasRequest(root, String(index), ids[0] ?? ''))
      expect(input, `part ${part}`).toBeDefined()
      putFiles(root, {
        [`workdir/batch_output_${String(input?.['index'])}.jsonl`]: jsonl(
          ...ids.map((id) => answerLine(id, id)),
        ),
      })
    }
    const second = await run(root)
    expect(second.exitCode).toBe(0)
    expect(second.stderr).toContain('4 requests: 4 ok.\n')
    expect(second.stderr).not.toContain('again')
  })
})

describe('a lineage that ended without one good answer', () => {
  test('makes run exit 1, also when a crash kept the files from moving', async () => {
    const root = await folderWith(allFailed)
    const first = await run(root)
    expect(first.exitCode).toBe(1)
    expect(first.stdout).toContain('2 failed for good')
    expect(first.stderr).toContain(`→ \`batch-reconciler retry ${root} 7\` sends 2 of them again.`)
    for (const kind of ['input', 'error', 'metadata']) {
      const name = `batch_${kind}_7.jsonl`
      renameSync(join(root, 'done', name), join(root, 'workdir', name))
    }
    const again = await run(root)
    expect(again.exitCode).toBe(1)
    expect(again.stderr).toContain('2 requests: 1 waiting for a person, 1 permanent.\n')
    expect(existsSync(join(root, 'done', 'batch_input_7.jsonl'))).toBe(true)
    expect((await run(root)).exitCode).toBe(0)
  })

  test('is no failure as long as somebody tries again, and judged by all its attempts', async () => {
    const root = await folderWith(failedTriple('1', ['a', errorLine('a', 500, 'x')], ['b', errorLine('b')]))
    const first = await run(root, '--json')
    expect(first.exitCode).toBe(0)
    const second = String(jsonLines(first.stdout)[0]?.['retry_index'])
    putFiles(root, { [`workdir/batch_error_${second}.jsonl`]: jsonl(errorLine('a', 500, 'x')) })
    const last = await run(root, '--max-attempts', '2')
    expect(last.exitCode).toBe(1)
    expect(last.stderr).toContain('Every request of triple 1 failed for good: 1 transient, 1 permanent.\n')
  })

  test('a retry that fails as a whole is no reason to exit 1 when its root has answers', async () => {
    const root = await folderWith(mixed)
    const second = await retryOf(root)
    putFiles(root, { [`workdir/batch_error_${second}.jsonl`]: jsonl(errorLine('b'), errorLine('d')) })
    const { exitCode, stderr } = await run(root)
    expect(exitCode).toBe(0)
    expect(stderr).toContain('3 of 4 requests of triple 1 failed for good: 3 permanent.\n')
  })

  test('what somebody stopped has not failed', async () => {
    const root = await folderWith({
      ...failedTriple(
        '1',
        ['a', unansweredLine('a', 'batch_cancelled')],
        ['b', unansweredLine('b', 'batch_cancelled')],
      ),
      'workdir/batch_metadata_1.jsonl': metadataText({ remote_status: 'cancelled' }),
    })
    const { exitCode, stderr } = await run(root)
    expect(exitCode).toBe(0)
    expect(stderr).toContain('2 requests: 2 not executed.\n')
    expect(stderr).not.toContain('failed for good')
    expect((await batchReconciler(['status', root])).stderr).not.toContain('failed for good')
  })

  test('names the flag that its rows need', async () => {
    const root = await folderWith({
      'workdir/batch_input_1.jsonl': jsonl(requestLine('a'), requestLine('b')),
      'workdir/batch_output_1.jsonl': jsonl(
        answerLine('a', 'cu', { finishReason: 'length' }),
        answerLine('b', 'yes'),
      ),
    })
    const { exitCode, stderr } = await run(root)
    expect(exitCode).toBe(0)
    expect(stderr).toContain('2 requests: 1 ok, 1 semantic.\n')
    expect(stderr).toContain(`→ \`batch-reconciler retry ${root} 1 --all\` sends 1 of them again.`)
  })
})

describe('status of what failed for good', () => {
  test('says which finished triples have such requests, and how many', async () => {
    const root = await folderWith({ ...mixed, ...answeredTriple('2', ['x']), ...allFailed })
    await run(root, '--max-attempts', '1')
    const { exitCode, stdout, stderr } = await batchReconciler(['status', root])
    expect([exitCode, stdout]).toEqual([0, ''])
    expect(stderr).toContain('0 triples in workdir/, 3 in done/.\n')
    expect(stderr).toContain(
      '3 of 4 requests of triple 1 failed for good: 1 not executed, 1 transient, 1 permanent.\n',
    )
    expect(stderr).toContain(
      'Every request of triple 7 failed for good: 1 waiting for a person, 1 permanent.\n',
    )
    expect(stderr).toContain(`  → \`batch-reconciler retry ${root} 7\` sends 2 of them again.\n`)
    expect(stderr).not.toContain('triple 2')
    const json = jsonLines((await batchReconciler(['status', root, '--json'])).stdout)
    expect(json).toMatchObject([
      { index: '1', state: 'done', failed_for_good: 3, lineage_rows: { success: 1, permanent: 1 } },
      { index: '7', state: 'done', failed_for_good: 2, lineage_rows: { success: 0 } },
    ])
  })

  test('says nothing of what a retry of a person tries again, or answered', async () => {
    const root = await folderWith(allFailed)
    await run(root)
    await batchReconciler(['retry', root, '7'])
    const meanwhile = jsonLines((await batchReconciler(['status', root, '--json'])).stdout)
    expect(meanwhile).toMatchObject([{ failed_for_good: null }])
    const retryIndex = String(meanwhile[0]?.['index'])
    putFiles(root, {
      [`workdir/batch_output_${retryIndex}.jsonl`]: jsonl(answerLine('a', 'yes'), answerLine('b', 'yes')),
    })
    const { exitCode, stderr } = await run(root)
    expect(exitCode).toBe(0)
    expect(stderr).toContain('2 requests: 2 ok.\n')
    const { stdout, stderr: words } = await batchReconciler(['status', root, '--json'])
    expect([jsonLines(stdout), words]).toEqual([
      [],
      '0 triples in workdir/, 2 in done/.\n' +
        '18 tokens of input (0 cached), 6 of output (0 reasoning) in all answers that are here.\n',
    ])
  })

  test('says of how many it cannot tell', async () => {
    const root = await folderWith(allFailed)
    await run(root)
    renameSync(join(root, 'target', 'batch_results_7.jsonl'), join(root, 'results.jsonl'))
    expect((await batchReconciler(['status', root])).stderr).toContain(
      '1 finished triple with a file in failed-items/ was not looked at',
    )
  })
})
