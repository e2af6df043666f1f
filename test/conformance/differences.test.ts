import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  locateTriple,
  nodeFileSystem,
  planWorkspace,
  readMetadata,
  reconcileTriple,
  reconcileWorkspace,
  scanWorkspace,
  updateMetadata,
  type BatchWorkspace,
  type ReconcileOptions,
  type ReconciledRow,
  type ReconciliationEvent,
} from '../../src/index.js'
import { faults } from '../../src/testing/index.js'
import { acquireWorkspaceLock } from '../../src/workspace/hold-workspace.js'
import { CrashError, faultFileSystem, type FaultRule } from '../fakes/fault-file-system.js'
import { filesBelow, onDisk, putFiles, rejection, withWorkspace } from '../workspace/support.js'
import {
  answerLine,
  errorLine,
  impatientClock,
  jsonl,
  lineWith,
  metadataText,
  namesIn,
  nothingAnswered,
  online,
  outcomesOf,
  putSubmitted,
  requestLine,
  rowsOf,
  secondFails,
  serverFile,
  unansweredLine,
  type Online,
} from './support.js'

const uuid = '550e8400-e29b-41d4-a716-446655440000'

/** The files of a triple in `workdir/`, from the lines they hold. */
function tripleFiles(
  index: string,
  files: {
    readonly input?: string
    readonly output?: string
    readonly error?: string
    readonly metadata?: string
  },
): Record<string, string> {
  const entries = Object.entries(files).map(([kind, text]) => [`workdir/batch_${kind}_${index}.jsonl`, text])
  return Object.fromEntries(entries) as Record<string, string>
}

const requests = (...ids: readonly string[]): string => jsonl(...ids.map((id) => requestLine(id)))
const answers = (...ids: readonly string[]): string =>
  jsonl(...ids.map((id) => answerLine(id, `Yes, ${id}.`)))

/** One pass over triple 4. */
const pass = (workspace: BatchWorkspace, options: ReconcileOptions = {}) =>
  reconcileTriple(workspace, { index: '4' }, { clock: impatientClock, ...options })

/** Reconciles triple 4 and gives its rows in `target/`, by `custom_id`. */
function rowsAfter(files: Record<string, string>, options: ReconcileOptions = {}) {
  return withWorkspace(files, async (workspace) => {
    const { outcome } = await pass(workspace, options)
    expect(outcome.type).toBe('done')
    const rows = rowsOf(workspace, 'target/batch_results_4.jsonl')
    return Object.fromEntries(rows.map((row) => [String(row['custom_id']), row]))
  })
}

/** A triple 4 whose batch has ended, on a fake server. */
function withFinished<T>(
  submitted: { readonly ids: readonly string[]; readonly plan?: Parameters<typeof putSubmitted>[2]['plan'] },
  use: (workspace: BatchWorkspace, world: Online, batchId: string) => Promise<T>,
): Promise<T> {
  return withWorkspace({}, async (workspace) => {
    const world = online()
    const { batchId } = await putSubmitted(workspace, world, {
      index: '4',
      ids: submitted.ids,
      plan: submitted.plan ?? {},
    })
    world.server.finishBatches()
    return use(workspace, world, batchId)
  })
}

/** The one input in `workdir/` that is not triple 4's. */
function retryInput(workspace: BatchWorkspace): { readonly index: string; readonly text: string } {
  const [name, ...more] = namesIn(workspace, 'workdir').filter(
    (each) => each.startsWith('batch_input_') && each !== 'batch_input_4.jsonl',
  )
  expect(more).toEqual([])
  const text = filesBelow(workspace.root)[`workdir/${name}`] ?? ''
  return { index: name?.slice('batch_input_'.length, -'.jsonl'.length) ?? '', text }
}

/** A triple whose answer is a number in JSON, and what its metadata says of it. */
const numberOf = (contentType: string) => ({
  input: requests('a'),
  output: jsonl(answerLine('a', '{"n":1}')),
  metadata: metadataText({ content_type: contentType }),
})

/** Resolves for all when so many have come. */
function barrier(count: number): () => Promise<void> {
  const waiting: (() => void)[] = []
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      if (waiting.length === count) for (const proceed of waiting) proceed()
    })
}

const crashing = (...rules: readonly FaultRule[]) => faultFileSystem(nodeFileSystem, rules)

describe('control flow', () => {
  test('F-01 ids that do not match stop the walk: nothing is processed, nothing moves, and the next run says so again', async () => {
    const files = tripleFiles('4', { input: requests('a', 'b'), output: answers('a') })
    await withWorkspace(files, async (workspace) => {
      const handed: ReconciledRow[] = []
      const options: ReconcileOptions = { processOutput: (row) => void handed.push(row) }
      for (const _ of [1, 2]) {
        const { outcome } = await pass(workspace, options)
        expect(outcome).toMatchObject({ type: 'failed', problem: { code: 'RequestIdsMismatch' } })
      }
      expect(handed).toEqual([])
      expect(namesIn(workspace, 'workdir')).toEqual(['batch_input_4.jsonl', 'batch_output_4.jsonl'])
      expect(namesIn(workspace, 'done')).toEqual([])
    })
  })

  test('F-01 a callback that throws stops the walk: nothing moves', async () => {
    const files = tripleFiles('4', { input: requests('a'), output: answers('a') })
    await withWorkspace(files, async (workspace) => {
      const { outcome } = await pass(workspace, {
        processOutput: () => {
          throw new Error('the database is down')
        },
      })
      expect(outcome).toMatchObject({ type: 'failed', problem: { code: 'ProcessorThrew' } })
      expect(namesIn(workspace, 'done')).toEqual([])
      expect(namesIn(workspace, 'target')).toEqual([])
    })
  })

  test('F-02 a failure counts although the step before it changed what there is to do', async () => {
    await withFinished({ ids: ['a', 'b'], plan: secondFails }, async (workspace, world, batchId) => {
      const errorFileId = world.server.batches().find(({ id }) => id === batchId)?.error_file_id ?? ''
      world.server.script({
        on: 'files.content',
        when: ({ id }) => id === errorFileId,
        times: Infinity,
        effect: { type: 'answer', status: 403, body: { error: { message: 'Not yours.' } } },
      })
      const { outcome } = await pass(workspace, { provider: world.provider })
      expect(outcome).toMatchObject({ type: 'needs-attention', problem: { code: 'AccessDenied' } })
      expect(namesIn(workspace, 'workdir')).toContain('batch_output_4.jsonl')
    })
  })

  test('F-03 an error file that failed to download is fetched by the next run, and nothing is processed before', async () => {
    await withFinished({ ids: ['a', 'b'], plan: secondFails }, async (workspace, world, batchId) => {
      const errorFileId = world.server.batches().find(({ id }) => id === batchId)?.error_file_id ?? ''
      const script = world.server.script({
        on: 'files.content',
        when: ({ id }) => id === errorFileId,
        effect: { type: 'reset' },
      })
      const first = await pass(workspace, { provider: world.provider, limits: { maxRetries: 0 } })
      expect(first.outcome).toMatchObject({ type: 'failed', problem: { code: 'NetworkError' } })
      expect(namesIn(workspace, 'target')).toEqual([])
      expect(script.hits()).toBe(1)
      expect((await pass(workspace, { provider: world.provider })).outcome.type).toBe('done')
      expect(outcomesOf(workspace, '4')).toEqual({ a: 'success', b: 'permanent' })
    })
  })

  test('F-04 still running, ids that do not match and a full disk are told apart', async () => {
    await withWorkspace({}, async (workspace) => {
      const world = online()
      await putSubmitted(workspace, world, { index: '4', ids: ['a'] })
      putFiles(workspace.root, {
        ...tripleFiles('5', { input: requests('a'), output: answers('x') }),
        ...tripleFiles('6', { input: requests('a'), output: answers('a') }),
      })
      const disk = crashing({ operation: 'write', path: 'batch_results_6', error: 'ENOSPC' })
      const { triples } = await reconcileWorkspace(onDisk(workspace, disk), {
        provider: world.provider,
        clock: impatientClock,
      })
      expect(triples.map(({ outcome, problem }) => [outcome.type, problem?.code])).toEqual([
        ['pending', undefined],
        ['needs-attention', 'RequestIdsMismatch'],
        ['failed', 'DiskFull'],
      ])
    })
  })

  test('F-05 a triple that cannot be planned is no success', async () => {
    const files = {
      ...tripleFiles('4', { output: answers('a') }),
      ...tripleFiles('5', { metadata: metadataText({}) }),
    }
    await withWorkspace(files, async (workspace) => {
      const { triples } = await reconcileWorkspace(workspace)
      expect(triples.map(({ outcome, problem }) => [outcome.type, problem?.code])).toEqual([
        ['needs-attention', 'MissingBatchInputFileButOthersExist'],
        ['needs-attention', 'NoBatchFileTripleAtIndex'],
      ])
    })
  })

  test('F-06 one bad triple never stops another', async () => {
    await withWorkspace({}, async (workspace) => {
      const world = online()
      await putSubmitted(workspace, world, { index: '1', ids: ['a'] })
      putFiles(workspace.root, {
        ...tripleFiles('2', { input: requests('a'), output: 'garbage\n' }),
        ...tripleFiles('3', { input: requests('a'), output: answers('a'), metadata: 'garbage' }),
        ...tripleFiles('4', { input: requests('a'), output: answers('a') }),
      })
      const { triples } = await reconcileWorkspace(workspace, {
        provider: world.provider,
        clock: impatientClock,
      })
      const byIndex = Object.fromEntries(triples.map(({ index, outcome }) => [index, outcome.type]))
      expect(byIndex).toEqual({ '1': 'pending', '2': 'failed', '3': 'needs-attention', '4': 'done' })
    })
  })

  test('F-07 an answer without choices is a row like any other, not a panic', async () => {
    const output = jsonl(lineWith('a', 200, { id: 'chatcmpl-a', object: 'chat.completion', choices: [] }))
    const rows = await rowsAfter(tripleFiles('4', { input: requests('a'), output }))
    expect(rows['a']).toMatchObject({ outcome: 'semantic', error: { code: 'empty_answer' } })
  })
})

describe('statuses', () => {
  test('F-08 an expired batch yields what was answered, and the rest is sent again', async () => {
    const plan = { ending: { status: 'expired', afterShare: 0.5 } } as const
    await withFinished({ ids: ['a', 'b'], plan }, async (workspace, { provider }) => {
      expect((await pass(workspace, { provider })).outcome.type).toBe('done')
      expect(outcomesOf(workspace, '4')).toEqual({ a: 'success', b: 'not-executed' })
      expect(retryInput(workspace).text).toBe(requests('b'))
    })
  })

  test('F-08 a cancelled batch yields what was answered, and the rest is sent again only when a person asks', async () => {
    const plan = { ending: { status: 'cancelled', afterShare: 0.5 }, unexecuted: 'nothing' } as const
    await withFinished({ ids: ['a', 'b'], plan }, async (workspace, { provider }) => {
      expect((await pass(workspace, { provider })).outcome.type).toBe('done')
      expect(outcomesOf(workspace, '4')).toEqual({ a: 'success', b: 'not-executed' })
      expect(namesIn(workspace, 'workdir')).toEqual([])
    })
  })

  test('F-09 a status nobody knows leaves the triple pending with a warning, and the pass ends', async () => {
    await withWorkspace({}, async (workspace) => {
      const world = online()
      await putSubmitted(workspace, world, { index: '4', ids: ['a'] })
      world.server.script(faults.unknownStatus('meditating'))
      const events: ReconciliationEvent[] = []
      const { outcome } = await pass(workspace, {
        provider: world.provider,
        onEvent: (event) => void events.push(event),
      })
      expect(outcome).toMatchObject({ type: 'pending', remoteStatus: 'meditating' })
      expect(events).toContainEqual(
        expect.objectContaining({ type: 'warning', message: expect.stringContaining('meditating') }),
      )
    })
  })

  test('F-10 a failed batch says why: code, message and line', async () => {
    const errors = [{ code: 'invalid_json_line', message: 'Not parseable.', param: null, line: 17 }]
    const plan = { ending: { status: 'failed', errors } } as const
    await withFinished({ ids: ['a'], plan }, async (workspace, { provider }) => {
      const { problem } = await pass(workspace, { provider })
      expect(problem?.message).toMatch(/invalid_json_line: Not parseable\..*line 17/)
      expect(problem?.facts).toMatchObject({ errors })
    })
  })

  test('F-11 a batch that completed without files needs a person, after a few more looks', async () => {
    await withFinished({ ids: ['a'], plan: nothingAnswered }, async (workspace, { provider, server }) => {
      const { outcome } = await pass(workspace, { provider, limits: { maxLooksAgain: 2 } })
      expect(outcome).toMatchObject({
        type: 'needs-attention',
        problem: { code: 'BatchEndedWithoutFiles' },
      })
      expect(server.requests('batches.retrieve')).toHaveLength(3)
    })
  })
})

describe('crashes', () => {
  test('F-12 a download that is cut never stands under the final name', async () => {
    await withFinished({ ids: ['a', 'b', 'c'] }, async (workspace, { provider, server }) => {
      server.script({
        on: 'files.content',
        times: Infinity,
        effect: { type: 'body', ending: 'close', atLineEnd: true },
      })
      const { outcome } = await pass(workspace, { provider, limits: { maxRetries: 1 } })
      expect(outcome).toMatchObject({ type: 'failed', problem: { code: 'NetworkError' } })
      expect(namesIn(workspace, 'workdir')).not.toContain('batch_output_4.jsonl')
    })
  })

  test('F-13 a crash between the two downloads: the next run fetches the second before it processes', async () => {
    await withFinished({ ids: ['a', 'b'], plan: secondFails }, async (workspace, world, batchId) => {
      const batch = world.server.batches().find(({ id }) => id === batchId)
      await updateMetadata(workspace, workspace.layout.workdirFile('metadata', '4'), {
        remote_status: 'completed',
        output_file_id: batch?.output_file_id ?? null,
        error_file_id: batch?.error_file_id ?? null,
      })
      putFiles(workspace.root, tripleFiles('4', { output: serverFile(world, batchId, 'output') ?? '' }))
      const [plan] = (await planWorkspace(workspace, { shouldCheckIds: true })).triples
      expect(plan?.operations[0]).toBe('CheckForBatchErrorFileOnline')
      expect((await pass(workspace, { provider: world.provider })).outcome.type).toBe('done')
      expect(outcomesOf(workspace, '4')).toEqual({ a: 'success', b: 'permanent' })
    })
  })

  test('F-14 a creation whose answer was lost is found again: one batch, not two', async () => {
    await withWorkspace(tripleFiles('4', { input: requests('a') }), async (workspace) => {
      const { provider, server } = online()
      server.script(faults.createAnswerLost())
      const { outcome } = await pass(workspace, { provider, shouldSubmit: true })
      expect(outcome.type).toBe('pending')
      expect(server.batches()).toHaveLength(1)
      const metadata = await readMetadata(workspace, await locateTriple(workspace, '4'))
      expect(metadata?.batch_id).toBe(server.batches()[0]?.id)
    })
  })

  test('F-15 an input that was never sent is told apart from one that was', async () => {
    await withWorkspace(tripleFiles('5', { input: requests('a') }), async (workspace) => {
      const world = online()
      await putSubmitted(workspace, world, { index: '4', ids: ['a'] })
      const { triples } = await reconcileWorkspace(workspace, { provider: world.provider })
      expect(triples.map(({ outcome }) => outcome.type)).toEqual(['pending', 'not-submitted'])
    })
  })

  test('F-16 a crash while metadata is rewritten leaves the old metadata whole', async () => {
    const files = tripleFiles('4', { metadata: metadataText({ batch_id: 'batch_paid_for' }) })
    await withWorkspace(files, async (workspace) => {
      const disk = crashing({ operation: 'write', path: 'batch_metadata_4', error: 'crash', partialBytes: 5 })
      const path = workspace.layout.workdirFile('metadata', '4')
      const update = updateMetadata(onDisk(workspace, disk), path, { output_file_id: 'file-out' })
      await expect(update).rejects.toThrow(CrashError)
      expect((await readMetadata(workspace, path))?.batch_id).toBe('batch_paid_for')
    })
  })

  test('F-17 a move that another tool left half done is finished', async () => {
    const files = {
      ...tripleFiles('4', { output: answers('a'), metadata: metadataText({}) }),
      'done/batch_input_4.jsonl': requests('a'),
    }
    await withWorkspace(files, async (workspace) => {
      expect((await pass(workspace)).outcome.type).toBe('done')
      expect(namesIn(workspace, 'workdir')).toEqual([])
      expect(namesIn(workspace, 'done')).toEqual([
        'batch_input_4.jsonl',
        'batch_metadata_4.jsonl',
        'batch_output_4.jsonl',
      ])
    })
  })

  test('F-18 a restart goes on at the row where it stopped, with the same idempotency keys', async () => {
    const files = tripleFiles('4', { input: requests('a', 'b', 'c'), output: answers('a', 'b', 'c') })
    await withWorkspace(files, async (workspace) => {
      const keys: string[] = []
      await pass(workspace, {
        processOutput: (row, { idempotencyKey }) => {
          if (row.customId === 'c') throw new Error('the database is down')
          keys.push(idempotencyKey)
        },
      })
      const { outcome } = await pass(workspace, {
        processOutput: (_, { idempotencyKey }) => void keys.push(idempotencyKey),
      })
      expect(outcome.type).toBe('done')
      expect(keys).toEqual(['4/a', '4/b', '4/c'])
    })
  })

  test('F-19 results are synced before they get their name, and the name before the triple moves', async () => {
    const files = tripleFiles('4', { input: requests('a'), output: answers('a') })
    await withWorkspace(files, async (workspace) => {
      const disk = crashing()
      await pass(onDisk(workspace, disk))
      const place = (operation: string, path: string) =>
        disk.log.findIndex(
          (entry) => entry.operation === operation && `${entry.path} ${entry.to ?? ''}`.includes(path),
        )
      const steps = [
        place('write', 'batch_results_4'),
        place('sync', 'batch_results_4'),
        place('rename', 'batch_results_4'),
        place('syncDirectory', 'target'),
        place('link', 'done'),
      ]
      expect(steps).toEqual(steps.toSorted((left, right) => left - right))
      expect(Math.min(...steps)).toBeGreaterThan(-1)
    })
  })
})

describe('names and workspaces', () => {
  test('F-20 a number is not confused with a UUID that begins with it', async () => {
    const files = {
      ...tripleFiles('550', { input: requests('a') }),
      ...tripleFiles(uuid, { input: requests('b'), output: answers('b') }),
    }
    await withWorkspace(files, async (workspace) => {
      expect(await locateTriple(workspace, '550')).toMatchObject({ output: null })
      const { triples } = await reconcileWorkspace(workspace)
      expect(triples.map(({ index, outcome }) => [index, outcome.type])).toEqual([
        ['550', 'not-submitted'],
        [uuid, 'done'],
      ])
    })
  })

  test('F-21 a number too big for 64 bits stops nothing: it is reported', async () => {
    const files = {
      'workdir/batch_input_18446744073709551616.jsonl': requests('a'),
      ...tripleFiles('18446744073709551615', { input: requests('a') }),
    }
    await withWorkspace(files, async (workspace) => {
      const { triples, warnings } = await scanWorkspace(workspace)
      expect(triples.map(({ index }) => index)).toEqual(['18446744073709551615'])
      expect(warnings).toMatchObject([{ message: expect.stringContaining('18446744073709551616') }])
    })
  })

  test('F-22 near misses are never adopted and always reported', async () => {
    const nearMisses = [
      'batch_input_4_duplicate.jsonl',
      'batch_output_4.bak.jsonl',
      'batch_output_04.jsonl',
      'batch_output_4 (1).jsonl',
    ]
    const files = {
      ...tripleFiles('4', { input: requests('a') }),
      ...Object.fromEntries(nearMisses.map((name) => [`workdir/${name}`, answers('a')])),
    }
    await withWorkspace(files, async (workspace) => {
      const { triples, warnings } = await reconcileWorkspace(workspace)
      expect(triples.map(({ outcome }) => outcome.type)).toEqual(['not-submitted'])
      const unreported = nearMisses.filter((name) => !warnings.some((warning) => warning.includes(name)))
      expect(unreported).toEqual([])
    })
  })

  test('F-23 names are matched from beginning to end, and an upper-case UUID is one triple with its lower-case twin', async () => {
    const files = {
      'workdir/old_batch_input_4.jsonl': requests('a'),
      [`workdir/batch_input_${uuid.toUpperCase()}.jsonl`]: requests('a'),
      [`workdir/batch_output_${uuid}.jsonl`]: answers('a'),
    }
    await withWorkspace(files, async (workspace) => {
      const { triples } = await reconcileWorkspace(workspace)
      expect(triples.map(({ index, outcome }) => [index, outcome.type])).toEqual([[uuid, 'done']])
      expect(namesIn(workspace, 'done')).toContain(`batch_input_${uuid}.jsonl`)
    })
  })

  test('F-24 a file that stands in done is never overwritten', async () => {
    const files = {
      ...tripleFiles('4', { input: requests('a'), output: answers('a') }),
      'done/batch_output_4.jsonl': 'of another batch 4\n',
    }
    await withWorkspace(files, async (workspace) => {
      const before = filesBelow(workspace.root, 'done')
      const { outcome } = await pass(workspace)
      expect(outcome).toMatchObject({ type: 'needs-attention', problem: { code: 'DoneFileConflict' } })
      expect(filesBelow(workspace.root, 'done')).toEqual(before)
      expect(namesIn(workspace, 'workdir')).toEqual(['batch_input_4.jsonl', 'batch_output_4.jsonl'])
    })
  })

  test('F-24 a done directory on another disk gets copies', async () => {
    const files = tripleFiles('4', { input: requests('a'), output: answers('a') })
    await withWorkspace(files, async (workspace) => {
      const disk = crashing({ operation: 'link', error: 'EXDEV' })
      expect((await pass(onDisk(workspace, disk))).outcome.type).toBe('done')
      expect(filesBelow(workspace.root)['done/batch_output_4.jsonl']).toBe(answers('a'))
      expect(namesIn(workspace, 'workdir')).toEqual([])
    })
  })

  test('F-25 a second process is turned away', async () => {
    await withWorkspace(tripleFiles('4', { input: requests('a') }), async (workspace) => {
      const lock = await acquireWorkspaceLock(workspace, { clock: impatientClock })
      try {
        expect((await rejection(reconcileWorkspace(workspace))).code).toBe('WorkspaceLocked')
      } finally {
        await lock.release()
      }
    })
  })

  test('F-26 no variable of the environment turns failures into successes', async () => {
    const files = {
      ...tripleFiles('4', { input: requests('a'), error: '' }),
      ...tripleFiles('5', { input: requests('a'), output: answers('a') }),
      'done/batch_input_5.jsonl': 'of another batch 5\n',
    }
    process.env['CARGO_RUNNING_TEST'] = '1'
    try {
      await withWorkspace(files, async (workspace) => {
        const { triples } = await reconcileWorkspace(workspace)
        expect(triples.map(({ problem }) => problem?.code)).toEqual([
          'RequestIdsMismatch',
          'DoneFileConflict',
        ])
      })
    } finally {
      delete process.env['CARGO_RUNNING_TEST']
    }
  })

  test('F-27 metadata moves with its triple, also where the seed left it behind', async () => {
    const files = {
      ...tripleFiles('4', { metadata: metadataText({}) }),
      'done/batch_input_4.jsonl': requests('a'),
      'done/batch_output_4.jsonl': answers('a'),
    }
    await withWorkspace(files, async (workspace) => {
      expect((await pass(workspace)).outcome.type).toBe('done')
      expect(namesIn(workspace, 'workdir')).toEqual([])
      expect(namesIn(workspace, 'done')).toContain('batch_metadata_4.jsonl')
    })
  })

  test('F-28 an output in done whose input is in workdir keeps its bytes', async () => {
    await withFinished({ ids: ['a'] }, async (workspace, { provider }) => {
      putFiles(workspace.root, { 'done/batch_output_4.jsonl': answers('a') })
      const { outcome } = await pass(workspace, { provider })
      expect(outcome.type).toBe('done')
      expect(filesBelow(workspace.root, 'done')).toMatchObject({ 'done/batch_output_4.jsonl': answers('a') })
      expect(outcomesOf(workspace, '4')).toEqual({ a: 'success' })
    })
  })
})

describe('parsing and matching', () => {
  test('F-29 duplicates and ids in both files are counted and reported', async () => {
    const files = tripleFiles('4', {
      input: requests('a', 'b'),
      output: jsonl(answerLine('a', 'yes'), answerLine('a', 'yes'), answerLine('b', 'yes')),
      error: jsonl(errorLine('b')),
    })
    await withWorkspace(files, async (workspace) => {
      const warnings: string[] = []
      const { counts } = await pass(workspace, {
        onEvent: (event) => void (event.type === 'warning' && warnings.push(event.message)),
      })
      expect(counts).toMatchObject({ output: 3, error: 1, matched: 2, duplicate: 1, inBoth: 1 })
      expect(warnings.join(' ')).toMatch(/1 answer row repeats.*both answer 1 request/s)
      expect(outcomesOf(workspace, '4')).toEqual({ a: 'success', b: 'success' })
    })
  })

  test('F-29 two different answers to one request need a person', async () => {
    const files = tripleFiles('4', {
      input: requests('a'),
      output: jsonl(answerLine('a', 'yes'), answerLine('a', 'no')),
    })
    await withWorkspace(files, async (workspace) => {
      const { outcome } = await pass(workspace)
      expect(outcome).toMatchObject({ type: 'needs-attention', problem: { code: 'ConflictingAnswers' } })
    })
  })

  test('F-30 lines without a response are read', async () => {
    const files = tripleFiles('4', {
      input: requests('a', 'b'),
      output: answers('a'),
      error: jsonl(unansweredLine('b')),
    })
    const rows = await rowsAfter(files)
    expect(rows['b']).toMatchObject({ outcome: 'not-executed', error: { code: 'batch_expired' } })
  })

  test('F-31 a line nobody can read costs that line: it is kept with its place, its request is missing, nothing moves', async () => {
    const cut = answerLine('b', 'yes').slice(0, 40)
    const files = tripleFiles('4', { input: requests('a', 'b'), output: `${answers('a')}${cut}` })
    await withWorkspace(files, async (workspace) => {
      const { outcome, counts } = await pass(workspace)
      expect(outcome).toMatchObject({ type: 'failed', problem: { code: 'RequestIdsMismatch' } })
      expect(counts).toMatchObject({ matched: 1, missing: 1, unreadable: 1 })
      expect(rowsOf(workspace, 'failed-items/batch_unreadable_4.jsonl')).toHaveLength(1)
      expect(namesIn(workspace, 'done')).toEqual([])
    })
  })

  test('F-31 a refusal is a row of its own', async () => {
    const output = jsonl(answerLine('a', null, { message: { refusal: 'I cannot help with that.' } }))
    const rows = await rowsAfter(tripleFiles('4', { input: requests('a'), output }))
    expect(rows['a']).toMatchObject({ outcome: 'semantic', error: { code: 'refusal' } })
  })

  test('F-32 an error inside of the output file is a failed request', async () => {
    const output = jsonl(answerLine('a', 'yes'), errorLine('b'))
    await withWorkspace(tripleFiles('4', { input: requests('a', 'b'), output }), async (workspace) => {
      const errors: string[] = []
      await pass(workspace, { processErrors: ({ customId }) => void errors.push(customId) })
      expect(errors).toEqual(['b'])
      expect(outcomesOf(workspace, '4')).toEqual({ a: 'success', b: 'permanent' })
    })
  })

  test('F-33 failed items can be read again: index, reason and the line as the server wrote it', async () => {
    const line = JSON.stringify({ ...(JSON.parse(errorLine('a')) as object), extra: { kept: true } })
    const files = tripleFiles('4', { input: requests('a'), error: jsonl(line) })
    await withWorkspace(files, async (workspace) => {
      await pass(workspace)
      expect(rowsOf(workspace, 'failed-items/batch_failed_4.jsonl')).toEqual([
        {
          custom_id: 'a',
          outcome: 'permanent',
          error: { code: 'invalid_value', message: 'No a for you.' },
          attempt: 1,
          source: { index: '4', file: 'error', line: 1 },
          row: JSON.parse(line),
        },
      ])
    })
  })

  test('F-34 a body with an error of null is an answer', async () => {
    const body = {
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      error: null,
      output: [{ type: 'message', content: [{ type: 'output_text', text: 'Yes.' }] }],
    }
    const files = tripleFiles('4', {
      input: jsonl(requestLine('a', {}, '/v1/responses')),
      output: jsonl(lineWith('a', 200, body)),
    })
    expect((await rowsAfter(files))['a']).toMatchObject({ outcome: 'success', content: 'Yes.' })
  })

  test('F-35 any model, endpoint and parameter may stand in the input', async () => {
    const input = jsonl(
      requestLine('a', { model: 'llama-4-maverick', temperature: 0, tools: [] }),
      requestLine('b', { model: 'text-embedding-3-small', input: 'words' }, '/v1/embeddings'),
    )
    const vector = { object: 'list', data: [{ object: 'embedding', index: 0, embedding: [0.5, -0.5] }] }
    const output = jsonl(answerLine('a', 'Yes.'), lineWith('b', 200, vector))
    const rows = await rowsAfter(tripleFiles('4', { input, output }))
    expect(rows).toMatchObject({ a: { content: 'Yes.' }, b: { content: [0.5, -0.5] } })
  })

  test('F-36 cut, filtered and refused answers are no successes, and never mended into one', async () => {
    const output = jsonl(
      answerLine('a', '{"name":"An', { finishReason: 'length' }),
      answerLine('b', '{"name":"An', { finishReason: 'content_filter' }),
    )
    const files = tripleFiles('4', { input: requests('a', 'b'), output })
    const rows = await rowsAfter(files, { expectedContentType: 'json', repairJson: true })
    expect(rows).toMatchObject({
      a: { outcome: 'semantic', error: { code: 'truncated' }, content: '{"name":"An' },
      b: { outcome: 'semantic', error: { code: 'content_filter' } },
    })
  })

  test('F-37 JSON is mended only when told to, and mended rows are marked', async () => {
    const files = tripleFiles('4', {
      input: requests('a'),
      output: jsonl(answerLine('a', '{"name": "Anna",}')),
    })
    const strict = await rowsAfter(files, { expectedContentType: 'json' })
    expect(strict['a']).toMatchObject({ outcome: 'rejected', error: { code: 'not_json' } })
    const mended = await rowsAfter(files, { expectedContentType: 'json', repairJson: true })
    expect(mended['a']).toMatchObject({ outcome: 'success', content: { name: 'Anna' }, repaired: true })
  })

  test('F-37 mending merges no strings and makes no object of an empty text', async () => {
    const files = tripleFiles('4', {
      input: requests('a', 'b'),
      output: jsonl(answerLine('a', '["alpha","beta",]'), answerLine('b', '  ')),
    })
    const rows = await rowsAfter(files, { expectedContentType: 'json', repairJson: true })
    expect(rows['a']).toMatchObject({ outcome: 'success', content: ['alpha', 'beta'] })
    expect(rows['b']).toMatchObject({ outcome: 'semantic' })
  })

  test('F-38 results are named by custom_id: two answers with the same name both stay', async () => {
    const files = tripleFiles('4', {
      input: requests('a', 'b'),
      output: jsonl(answerLine('a', '{"name":"Twin"}'), answerLine('b', '{"name":"Twin"}')),
    })
    const rows = await rowsAfter(files, {
      expectedContentType: 'json',
      schema: z.object({ name: z.string() }),
    })
    expect(Object.keys(rows)).toEqual(['a', 'b'])
  })

  test('F-39 no id can name a place outside of failed-json-repairs', async () => {
    const id = '../../etc/passwd\u0000'
    const files = tripleFiles('4', { input: requests(id), output: jsonl(answerLine(id, 'no JSON')) })
    await withWorkspace(files, async (workspace) => {
      await pass(workspace, { expectedContentType: 'json' })
      const [name, ...more] = namesIn(workspace, 'failed-json-repairs')
      expect(more).toEqual([])
      expect(name).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]*\.txt$/)
    })
  })

  test('F-40 text and json-lines work with the ids that servers give', async () => {
    const files = tripleFiles('4', {
      input: requests('a'),
      output: jsonl(answerLine('a', '{"n":1}\n{"n":2}')),
    })
    const text = await rowsAfter(files, { expectedContentType: 'text' })
    expect(text['a']).toMatchObject({ outcome: 'success', content: '{"n":1}\n{"n":2}' })
    const lines = await rowsAfter(files, { expectedContentType: 'json-lines' })
    expect(lines['a']).toMatchObject({ outcome: 'success', content: [{ n: 1 }, { n: 2 }] })
  })

  test('F-41 each batch keeps its own content type', async () => {
    const files = { ...tripleFiles('4', numberOf('json')), ...tripleFiles('5', numberOf('text')) }
    await withWorkspace(files, async (workspace) => {
      await reconcileWorkspace(workspace)
      const contents = ['4', '5'].map((index) => rowsOf(workspace, `target/batch_results_${index}.jsonl`)[0])
      expect(contents).toMatchObject([{ content: { n: 1 } }, { content: '{"n":1}' }])
    })
  })
})

describe('retries', () => {
  test('F-42 failed requests are really sent again, byte for byte, and end in one row each', async () => {
    const plan = { rows: [{ when: 'b', times: 1, answer: 'server-error' }] } as const
    await withFinished({ ids: ['a', 'b'], plan }, async (workspace, { provider, server }) => {
      await pass(workspace, { provider })
      const retry = retryInput(workspace)
      expect(retry.text).toBe(requests('b'))
      await reconcileWorkspace(workspace, { provider, clock: impatientClock })
      server.finishBatches()
      const { triples } = await reconcileWorkspace(workspace, { provider, clock: impatientClock })
      expect(triples.map(({ index, outcome }) => [index, outcome.type])).toEqual([[retry.index, 'done']])
      const rows = rowsOf(workspace, 'target/batch_results_4.jsonl')
      expect(rows.map((row) => [row['custom_id'], row['outcome'], row['attempt']])).toEqual([
        ['a', 'success', 1],
        ['b', 'success', 2],
      ])
    })
  })

  test('F-42 requests that failed in either file go into one retry, made after both were read', async () => {
    const files = tripleFiles('4', {
      input: requests('a', 'b', 'c'),
      output: jsonl(answerLine('a', 'yes'), errorLine('b', 500, 'server_error')),
      error: jsonl(errorLine('c', 429, 'rate_limit_exceeded')),
    })
    await withWorkspace(files, async (workspace) => {
      const steps: string[] = []
      await pass(workspace, {
        onEvent: (event) => void (event.type === 'triple.changed' && steps.push(event.to)),
      })
      expect(retryInput(workspace).text).toBe(requests('b', 'c'))
      const acts = steps.filter((step) => /logging|processing$|retrying/.test(step))
      expect(acts).toEqual([
        'processing-errors.logging',
        'processing-outputs.processing',
        'processing-errors.retrying',
      ])
    })
  })

  test('F-48 a finished workspace sends nothing: no request is paid for twice', async () => {
    await withFinished({ ids: ['a'] }, async (workspace, { provider, server }) => {
      const options = { provider, clock: impatientClock, shouldSubmit: true }
      await reconcileWorkspace(workspace, options)
      const calls = server.requests().length
      expect((await reconcileWorkspace(workspace, options)).triples).toEqual([])
      expect(server.requests()).toHaveLength(calls)
      expect(server.executions()).toHaveLength(1)
    })
  })
})

describe('size', () => {
  test('F-43 a thousand triples are gathered with one listing of each directory', async () => {
    const indices = Array.from({ length: 1_000 }, (_, number) => String(number))
    const files = Object.fromEntries(indices.map((index) => [`workdir/batch_input_${index}.jsonl`, '']))
    await withWorkspace(files, async (workspace) => {
      const disk = crashing()
      expect((await scanWorkspace(onDisk(workspace, disk))).triples).toHaveLength(1_000)
      expect(disk.log.map(({ operation }) => operation)).toEqual(['list', 'list'])
    })
  })

  test('F-44 rows reach the callback while the rest of the file is still unread', async () => {
    const ids = Array.from({ length: 2_000 }, (_, number) => `request-${number}`)
    const output = jsonl(...ids.map((id) => answerLine(id, 'x'.repeat(2_000))))
    await withWorkspace(tripleFiles('4', { input: requests(...ids), output }), async (workspace) => {
      const disk = crashing()
      const readsAtRow: number[] = []
      const reads = () =>
        disk.log.filter(({ operation, path }) => operation === 'read' && path.includes('batch_output_4'))
          .length
      await pass(onDisk(workspace, disk), { processOutput: () => void readsAtRow.push(reads()) })
      expect(readsAtRow).toHaveLength(2_000)
      expect(readsAtRow[0]).toBeLessThan(readsAtRow.at(-1) ?? 0)
    })
  })

  test('F-45 triples are worked on at the same time, and none waits for a batch at the server', async () => {
    const three = ['4', '5', '6']
    const files = Object.assign(
      {},
      ...three.map((index) => tripleFiles(index, { input: requests('a'), output: answers('a') })),
    ) as Record<string, string>
    await withWorkspace(files, async (workspace) => {
      const processOutput = barrier(three.length)
      const { triples } = await reconcileWorkspace(workspace, { processOutput, concurrency: 3 })
      expect(triples.map(({ outcome }) => outcome.type)).toEqual(['done', 'done', 'done'])
    })
  })

  test('F-46 ids are compared exactly: item_1 is no answer to item_2', async () => {
    const files = tripleFiles('4', { input: requests('item_1', 'item_2'), output: answers('item_1') })
    await withWorkspace(files, async (workspace) => {
      expect((await pass(workspace)).counts).toMatchObject({ matched: 1, missing: 1 })
    })
  })

  test('F-47 logs and events hold no prompts and no answers', async () => {
    const files = tripleFiles('4', {
      input: jsonl(requestLine('a', { messages: [{ role: 'user', content: 'a secret prompt' }] })),
      output: jsonl(answerLine('a', 'a secret answer')),
    })
    await withWorkspace(files, async (workspace) => {
      const events: ReconciliationEvent[] = []
      await reconcileWorkspace(workspace, { onEvent: (event) => void events.push(event) })
      const logs = filesBelow(workspace.root, 'logs')
      expect(Object.keys(logs)).not.toEqual([])
      expect(JSON.stringify([logs, events])).not.toContain('secret')
    })
  })
})
