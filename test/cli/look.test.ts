import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { acquireWorkspaceLock } from '../../src/workspace/hold-workspace.js'
import { openWorkspace } from '../../src/workspace/open-workspace.js'
import { batchReconciler, jsonLines, recipes, workspaceWith } from './command-line.js'

describe('plan', () => {
  test('says what a run would do with each triple, and why, and changes nothing', async () => {
    const root = await workspaceWith(recipes.whole, recipes.unanswered, recipes.neverSubmitted)
    const before = await readdir(root, { recursive: true })
    const { exitCode, stdout, stderr } = await batchReconciler(['plan', root])
    expect(exitCode).toBe(1)
    expect(stdout).toContain(
      [
        '1  planned · checking-ids',
        '    input and output file are here',
        '    ids: 20 requests, 20 in output, 0 in error',
        '    1. EnsureInputRequestIdsMatchOutputRequestIds',
        '    2. ProcessBatchOutputFile',
        '    3. MoveBatchInputAndOutputToTheDoneDirectory',
      ].join('\n'),
    )
    expect(stdout).toContain('    ids: 8 requests, 6 in output, 0 in error, 2 missing')
    expect(stderr).toContain('✗ 4 RequestIdsMismatch')
    expect(stderr).toContain(
      '3 triples: 1 to reconcile, 1 not submitted, 1 that would fail. Nothing was changed.',
    )
    expect(await readdir(root, { recursive: true })).toEqual(before)
  })

  test('--quick reads no file, so it counts nothing and finds no missing answer', async () => {
    const root = await workspaceWith(recipes.unanswered)
    const { exitCode, stdout } = await batchReconciler(['plan', root, '--quick', '--json'])
    expect(exitCode).toBe(0)
    expect(jsonLines(stdout)).toMatchObject([{ index: '4', outcome: 'planned', counts: null, error: null }])
  })

  test('--json gives the facts and the reason beside the fields of a run', async () => {
    const { exitCode, stdout } = await batchReconciler(['plan', await workspaceWith(recipes.whole), '--json'])
    expect(exitCode).toBe(0)
    expect(jsonLines(stdout)).toEqual([
      {
        index: '1',
        outcome: 'planned',
        state: 'checking-ids',
        operations: expect.arrayContaining(['ProcessBatchOutputFile']),
        counts: expect.objectContaining({ input: 20, missing: 0, inBoth: 0, unreadable: 0 }),
        error: null,
        why: 'input and output file are here',
        facts: expect.objectContaining({ index: '1', attempt: 1 }),
        unconfirmed_since: null,
        estimate: null,
      },
    ])
  })

  test('exits 130 when it was stopped', async () => {
    const root = await workspaceWith(recipes.whole)
    const { exitCode, stderr } = await batchReconciler(['plan', root], { signal: AbortSignal.abort() })
    expect([exitCode, stderr]).toEqual([130, 'Stopped. The next run goes on from here.\n'])
  })

  test('warns of files that look like batch files and are none', async () => {
    const root = await workspaceWith(recipes.whole)
    await writeFile(join(root, 'workdir', 'batch_output_1 (copy).jsonl'), '')
    const { exitCode, stderr } = await batchReconciler(['plan', root])
    expect(exitCode).toBe(0)
    expect(stderr).toContain('! workdir/batch_output_1 (copy).jsonl is not used')
  })
})

describe('status', () => {
  test('shows each triple as the last run left it, and how many are done', async () => {
    const root = await workspaceWith(recipes.whole, recipes.unanswered, recipes.neverSubmitted)
    await batchReconciler(['run', root])
    const { exitCode, stdout, stderr } = await batchReconciler(['status', root])
    expect(exitCode).toBe(1)
    const cells = stdout.split('\n').map((line) => line.trim().split(/ {2,}/))
    expect(cells[0]).toEqual(['index', 'state', 'remote', 'requests', 'missing', 'attempt', 'age', 'problem'])
    expect(cells[1]?.filter((_, at) => at !== 6)).toEqual([
      '4',
      'failed',
      '–',
      '8',
      '2',
      '1',
      'RequestIdsMismatch',
    ])
    expect(cells[2]?.slice(0, 3)).toEqual(['5', 'submitting.waiting-for-leave', '–'])
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/^✗ 4 failed: in failed for \d+ s$/),
      expect.stringMatching(/^ {2}RequestIdsMismatch: ./),
      expect.stringMatching(/^ {2}→ ./),
      '· 5: It was never sent: that costs money, and nobody has allowed it.',
      `  → \`batch-reconciler run ${root} --submit\` sends it, with the key of the server.`,
      '2 triples in workdir/, 1 in done/.',
      '2,012 tokens of input (0 cached), 488 of output (0 reasoning) in all answers that are here.',
      '',
    ])
  })

  test('works beside a run and says who has the workspace', async () => {
    const root = await workspaceWith(recipes.neverSubmitted)
    const lock = await acquireWorkspaceLock(await openWorkspace(root))
    const { exitCode, stderr } = await batchReconciler(['status', root])
    await lock.release()
    expect(exitCode).toBe(0)
    expect(stderr).toContain(`Locked by process ${process.pid} on `)
  })

  test('tells of a run that ended in the middle, but not while a process works on the workspace', async () => {
    const root = await workspaceWith(recipes.neverSubmitted)
    await batchReconciler(['run', root])
    const { since: _, ...rest } = await lastJournalEntry(root)
    await noteInJournal(root, { ...rest, to: 'submitting.uploading' })
    const lock = await acquireWorkspaceLock(await openWorkspace(root))
    const during = await batchReconciler(['status', root])
    await lock.release()
    const after = await batchReconciler(['status', root])
    expect(during.stderr).not.toContain('interrupted')
    expect(after.stderr).toMatch(
      /^✗ 5 interrupted: in submitting.uploading for \d+ s\n {2}The run that .+\n {2}→ Run again: .+\n1 triple in workdir/,
    )
  })

  test('tells of a batch that is past its day: since when it waits and when the server was last asked', async () => {
    const root = await workspaceWith(recipes.neverSubmitted)
    await batchReconciler(['run', root])
    const [since, at] = [hoursAgo(26.5), hoursAgo(2.5)]
    const waiting = { from: 'awaiting-online-files.checking', to: 'awaiting-online-files.waiting' }
    await noteInJournal(root, { ...(await lastJournalEntry(root)), ...waiting, at, since })
    const { exitCode, stderr } = await batchReconciler(['status', root])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('✗ 5 overdue: in awaiting-online-files.waiting for 26 h, last poll 2 h ago\n')
    const { stdout } = await batchReconciler(['status', root, '--json'])
    expect(jsonLines(stdout)).toMatchObject([
      { state: 'awaiting-online-files.waiting', state_since: since, last_poll: at, stuck: 'overdue' },
    ])
  })

  test('shows what an edited journal says without letting it draw on the screen', async () => {
    const root = await workspaceWith(recipes.neverSubmitted)
    await batchReconciler(['run', root])
    await noteInJournal(root, {
      ...(await lastJournalEntry(root)),
      to: 'failed\u001b[2J\u202e',
      since: undefined,
    })
    const { stdout, stderr } = await batchReconciler(['status', root])
    expect(stdout).toContain('failed\\u001b[2J\\u202e')
    for (const mark of ['\u001b', '\u202e']) expect(stdout + stderr).not.toContain(mark)
  })

  test('--json gives one object per triple with times in ISO 8601', async () => {
    const { stdout } = await batchReconciler(['status', await workspaceWith(recipes.withoutInput), '--json'])
    expect(jsonLines(stdout)).toEqual([
      {
        index: '3',
        state: 'missing-input',
        state_since: null,
        stuck: 'needs-attention',
        counts: null,
        error: expect.objectContaining({ code: 'MissingBatchInputFileButOthersExist' }),
        attempt: 1,
        remote_status: null,
        batch_id: null,
        root_index: '3',
        last_poll: null,
        submitted: null,
        due: null,
        answered: null,
        total: null,
        estimated_end: null,
        why: expect.stringContaining('The input file of triple 3 is missing'),
        what_to_do: expect.stringContaining('Put batch_input_3.jsonl back'),
        since: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        unconfirmed_since: null,
        worker: null,
        failed_for_good: null,
        lineage_rows: null,
        tokens: null,
      },
    ])
  })
})

/** Of the triple that was never submitted. */
const journalPath = (root: string): string => join(root, 'logs', 'batch_journal_5.jsonl')

async function lastJournalEntry(root: string): Promise<Record<string, unknown>> {
  const last = jsonLines(await readFile(journalPath(root), 'utf8')).at(-1)
  if (last === undefined) throw new Error('The run noted nothing.')
  return last
}

function noteInJournal(root: string, entry: object): Promise<void> {
  return appendFile(journalPath(root), `${JSON.stringify(entry)}\n`)
}

function hoursAgo(hours: number): string {
  return new Date(Date.now() - hours * 3_600_000).toISOString()
}

describe('verify', () => {
  test('proves what a run moved to done/', async () => {
    const root = await workspaceWith(recipes.whole, recipes.retryable)
    await batchReconciler(['run', root])
    const { exitCode, stdout, stderr } = await batchReconciler(['verify', root])
    expect(exitCode).toBe(0)
    expect(stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['index', 'outcome', 'requests', 'output', 'error', 'missing', 'problem'],
      ['1', 'proven', '20', '20', '0', '0'],
      ['2', 'proven', '10', '6', '4', '0'],
      [''],
    ])
    expect(stderr).toContain('2 of 2 triples in done/ proven.')
  })

  test('exits 1 and says why when bytes or proof are no longer what they were', async () => {
    const root = await workspaceWith(recipes.whole, recipes.retryable)
    await batchReconciler(['run', root])
    await appendFile(join(root, 'done', 'batch_output_1.jsonl'), '\n')
    await rm(join(root, 'logs', 'batch_accounting_2.json'))
    const { exitCode, stdout, stderr } = await batchReconciler(['verify', root, '--json'])
    expect(exitCode).toBe(1)
    expect(jsonLines(stdout)).toMatchObject([
      { index: '1', outcome: 'failed', error: { code: 'ProofMismatch' } },
      { index: '2', outcome: 'failed', error: { code: 'ProofMissing' } },
    ])
    expect(stderr).toContain('✗ 1 ProofMismatch')
    expect(stderr).toContain('0 of 2 triples in done/ proven.')
  })
})

describe('unlock', () => {
  const holder = { pid: 4_000_000, process_start: null, token: 'a'.repeat(32), acquired_at_ms: 0 }

  async function lockedBy(host: string): Promise<string> {
    const root = await workspaceWith(recipes.whole)
    await writeFile(join(root, '.batch-reconciler.lock'), JSON.stringify({ ...holder, host }))
    return root
  }

  test('removes the lock of another machine, which no run would take over', async () => {
    const root = await lockedBy('elsewhere')
    expect((await batchReconciler(['run', root])).exitCode).toBe(3)
    const { exitCode, stdout } = await batchReconciler(['unlock', root])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('Unlocked. It was held by process 4000000 on elsewhere, since 1970-01-01')
    expect((await batchReconciler(['run', root])).exitCode).toBe(0)
  })

  test.each([1e300, 8.64e15 + 1, -1, -1e300])(
    'a lock since %d is told as one of an unknown time, by run, status and unlock',
    async (atMs) => {
      const root = await workspaceWith(recipes.whole)
      const lock = { ...holder, host: 'elsewhere', acquired_at_ms: atMs }
      await writeFile(join(root, '.batch-reconciler.lock'), JSON.stringify(lock))
      const words = 'process 4000000 on elsewhere, since an unknown time.'
      const run = await batchReconciler(['run', root])
      expect([run.exitCode, run.stderr.includes(words)]).toEqual([3, true])
      expect((await batchReconciler(['status', root])).stderr).toContain(`Locked by ${words}`)
      expect((await batchReconciler(['unlock', root])).stdout).toContain(`It was held by ${words}`)
    },
  )

  test('does not unlock under a process that still runs, unless it is forced to', async () => {
    const root = await workspaceWith(recipes.whole)
    await acquireWorkspaceLock(await openWorkspace(root))
    const refused = await batchReconciler(['unlock', root])
    expect(refused.exitCode).toBe(3)
    expect(refused.stderr).toContain(`process ${process.pid}`)
    expect((await batchReconciler(['unlock', root, '--force'])).exitCode).toBe(0)
    expect((await batchReconciler(['run', root])).exitCode).toBe(0)
  })

  test('removes a lock that cannot be read', async () => {
    const root = await workspaceWith(recipes.whole)
    await writeFile(join(root, '.batch-reconciler.lock'), 'torn')
    const { exitCode, stdout } = await batchReconciler(['unlock', root])
    expect([exitCode, stdout]).toEqual([0, 'Unlocked. The lock could not be read.\n'])
  })

  test('says so when there is none', async () => {
    const { exitCode, stdout } = await batchReconciler(['unlock', await workspaceWith(recipes.whole)])
    expect([exitCode, stdout]).toEqual([0, 'The workspace was not locked.\n'])
  })
})
