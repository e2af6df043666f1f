import { appendFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  acceptTriple,
  planWorkspace,
  reconcileWorkspace,
  removeWorkspaceLock,
  retryByHand,
  verifyWorkspace,
  type AcceptOptions,
  type BatchWorkspace,
} from '../../src/index.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { rejection, withScene } from '../server/scene.js'
import { onDisk, withWorkspace } from '../workspace/support.js'
import { answerLine, errorLine, jsonl, metadataText, requestLine } from './lines.js'
import {
  impatientClock,
  namesIn,
  outcomes,
  outcomesOf,
  reportOf,
  rowsOf,
  stands,
  textOf,
} from './workspaces.js'

const input = jsonl(requestLine('a'), requestLine('b'), requestLine('c'))
const answered = (...ids: readonly string[]): string =>
  jsonl(...ids.map((id) => answerLine(id, `It is ${id}.`)))

/** Ids b and c have no answer, and the server says nothing that could explain it. */
const half = {
  'workdir/batch_input_4.jsonl': input,
  'workdir/batch_output_4.jsonl': answered('a'),
}

const options: AcceptOptions = { clock: impatientClock }
const accept = (workspace: BatchWorkspace, more: AcceptOptions = {}) =>
  acceptTriple(workspace, '4', { ...options, ...more })
const run = (workspace: BatchWorkspace) => reconcileWorkspace(workspace, options)

describe('answers that are missing', () => {
  test('stay missing for now: what is here is delivered, and one row stands for each request', () =>
    withWorkspace(half, async (workspace) => {
      expect(outcomes(await run(workspace))).toEqual(['4 failed'])
      const report = await accept(workspace)
      expect(report).toMatchObject({ index: '4', accepted: { missing: 2, unrecognised: 0, conflicting: 0 } })
      expect(reportOf(report, '4').outcome.type).toBe('done')
      expect(outcomesOf(workspace, '4')).toEqual([
        ['a', 'success'],
        ['b', 'not-executed'],
        ['c', 'not-executed'],
      ])
      expect(await verifyWorkspace(workspace)).toMatchObject([{ index: '4', isProven: true }])
    }))

  test('become the retry of the same lineage, byte for byte, which waits for leave', () =>
    withWorkspace(half, async (workspace) => {
      const report = await accept(workspace)
      const [retryIndex = ''] = report.triples.map(({ index }) => index).filter((index) => index !== '4')
      expect(reportOf(report, retryIndex)).toMatchObject({
        outcome: {
          type: 'not-submitted',
          note: expect.stringContaining(`\`batch-reconciler retry ${workspace.root} ${retryIndex}\``),
        },
        attempt: 2,
        rootIndex: '4',
      })
      expect(textOf(workspace, `workdir/batch_input_${retryIndex}.jsonl`)).toBe(
        jsonl(requestLine('b'), requestLine('c')),
      )
    }))

  test('have the leave when somebody retries the triple they were missing from, too', () =>
    withWorkspace(half, async (workspace) => {
      await accept(workspace)
      const { retried, triples } = await retryByHand(workspace, '4', options)
      expect(retried).toMatchObject([{ requests: 2, isKnown: true }])
      // There is no server here; nothing else keeps it back any more.
      expect(triples.map(({ outcome }) => outcome)).toEqual([{ type: 'not-submitted' }])
    }))

  test('all stand in a file until then, not five samples', () =>
    withWorkspace(
      {
        ...half,
        'workdir/batch_input_4.jsonl': jsonl(
          ...Array.from({ length: 40 }, (_, at) => requestLine(at === 0 ? 'a' : `r${at}`)),
        ),
      },
      async (workspace) => {
        const { problem } = reportOf(await run(workspace), '4')
        expect(problem?.hint).toContain(workspace.layout.missingFile('4'))
        expect(rowsOf(workspace, 'failed-items/batch_missing_4.jsonl')).toHaveLength(39)
      },
    ))

  test('are accepted for these files only: other ones that take their place are judged anew', () =>
    withWorkspace(half, async (workspace) => {
      const fs = faultFileSystem(workspace.fileSystem, [
        { operation: 'open', path: 'batch_results_', error: 'crash' },
      ])
      await expect(accept(onDisk(workspace, fs))).rejects.toThrow('the process is gone')
      await removeWorkspaceLock(workspace)
      writeFileSync(workspace.layout.workdirFile('output', '4'), answered('b'))
      expect(reportOf(await run(workspace), '4')).toMatchObject({
        outcome: { type: 'failed' },
        problem: { code: 'RequestIdsMismatch', facts: { counts: { missing: 2 } } },
      })
      const [plan] = (await planWorkspace(workspace, { shouldCheckIds: true })).triples
      expect(plan).toMatchObject({ problem: { code: 'RequestIdsMismatch' } })
    }))

  test('may be all: a batch that ended without a file, or is gone, is no dead end', () =>
    withWorkspace(
      {
        'workdir/batch_input_4.jsonl': input,
        'workdir/batch_metadata_4.jsonl': metadataText({
          remote_status: 'completed',
          output_file_id: 'file-gone',
        }),
      },
      async (workspace) => {
        const report = await accept(workspace)
        expect(reportOf(report, '4').outcome.type).toBe('done')
        expect(outcomesOf(workspace, '4').map(([, outcome]) => outcome)).toEqual(
          Array(3).fill('not-executed'),
        )
        expect(namesIn(workspace, 'done')).toContain('batch_input_4.jsonl')
        expect(await verifyWorkspace(workspace)).toMatchObject([{ isProven: true }])
      },
    ))

  test('of an expired batch that completed more than the file holds are a person’s to accept', () =>
    withWorkspace(
      {
        ...half,
        'workdir/batch_metadata_4.jsonl': metadataText({
          remote_status: 'expired',
          request_counts: { total: 3, completed: 2, failed: 0 },
        }),
      },
      async (workspace) => {
        expect(outcomes(await run(workspace))).toEqual(['4 needs-attention'])
        expect(reportOf(await accept(workspace), '4').outcome.type).toBe('done')
        expect(rowsOf(workspace, 'target/batch_results_4.jsonl')[1]).toMatchObject({
          error: { code: 'batch_expired', message: expect.not.stringContaining('was not executed') },
        })
      },
    ))
})

describe('two different answers to one request', () => {
  const twice = {
    ...half,
    'workdir/batch_output_4.jsonl': answered('a', 'b', 'c') + jsonl(answerLine('b', 'No: other.')),
  }

  test('need a word: which of them counts', () =>
    withWorkspace(twice, async (workspace) => {
      expect(await rejection(accept(workspace))).toMatchObject({ code: 'ConflictingAnswers' })
      expect(stands(workspace, 'done/batch_input_4.jsonl')).toBe(false)
    }))

  test.each([
    ['first', 'It is b.'],
    ['last', 'No: other.'],
  ] as const)('the %s counts when told so', (keep, content) =>
    withWorkspace(twice, async (workspace) => {
      const report = await accept(workspace, { keep })
      expect(report.accepted).toEqual({ missing: 0, unrecognised: 0, conflicting: 1 })
      expect(outcomes(report)).toEqual(['4 done'])
      expect(rowsOf(workspace, 'target/batch_results_4.jsonl')[1]).toMatchObject({ content })
      expect(await verifyWorkspace(workspace)).toMatchObject([{ isProven: true }])
    }),
  )
})

test('rows that nobody can read stay so, and are not sent again', () =>
  withWorkspace(
    {
      ...half,
      'workdir/batch_output_4.jsonl': jsonl(
        ...['a', 'b', 'c'].map((id) =>
          JSON.stringify({ custom_id: id, result: { type: 'succeeded', message: {} } }),
        ),
      ),
    },
    async (workspace) => {
      expect(reportOf(await run(workspace), '4').problem?.code).toBe('UnrecognisedAnswers')
      const report = await accept(workspace)
      expect(report.accepted).toMatchObject({ missing: 0, unrecognised: 3 })
      expect(outcomesOf(workspace, '4').map(([, outcome]) => outcome)).toEqual(Array(3).fill('unrecognised'))
      expect(namesIn(workspace, 'workdir')).toEqual([])
      expect(await rejection(retryByHand(workspace, '4', options))).toMatchObject({ code: 'NothingToRetry' })
    },
  ))

describe('nothing is accepted', () => {
  test.each([
    [
      'where every request has its answer',
      { ...half, 'workdir/batch_output_4.jsonl': answered('a', 'b', 'c') },
    ],
    [
      'where what is missing is known not to have run',
      { ...half, 'workdir/batch_metadata_4.jsonl': metadataText({ remote_status: 'expired' }) },
    ],
    ['of an input that was never sent', { 'workdir/batch_input_4.jsonl': input }],
    [
      'of a submission that is not confirmed',
      {
        'workdir/batch_input_4.jsonl': input,
        'workdir/batch_metadata_4.jsonl': metadataText({
          batch_id: '',
          submission: { intent_key: 'k', intended_at_ms: 1 },
        }),
      },
    ],
    [
      'while the server works, as far as is known',
      {
        'workdir/batch_input_4.jsonl': input,
        'workdir/batch_metadata_4.jsonl': metadataText({ remote_status: 'in_progress' }),
      },
    ],
  ] as const)('%s', (_, files) =>
    withWorkspace(files, async (workspace) => {
      const error = await rejection(accept(workspace))
      expect(error).toMatchObject({ code: 'NothingToAccept', problem: { hint: expect.any(String) } })
      expect(namesIn(workspace, 'done')).toEqual([])
      expect(
        stands(workspace, 'workdir/batch_metadata_4.jsonl')
          ? textOf(workspace, 'workdir/batch_metadata_4.jsonl')
          : '',
      ).not.toContain('accepted')
    }),
  )

  test.each([
    [
      'answers of another batch',
      { ...half, 'workdir/batch_output_4.jsonl': answered('x', 'y') },
      'RequestIdsMismatch',
    ],
    [
      'an input nobody can read',
      { ...half, 'workdir/batch_input_4.jsonl': `${input}{"custom_id":\n` },
      'UnreadableInputLines',
    ],
    [
      'one id on two requests',
      { ...half, 'workdir/batch_input_4.jsonl': input + jsonl(requestLine('a', 'Other.')) },
      'DuplicateRequestIds',
    ],
  ] as const)('%s cannot be: the fault itself is said', (_, files, code) =>
    withWorkspace(files, async (workspace) => {
      expect(await rejection(accept(workspace, { keep: 'first' }))).toMatchObject({ code })
      expect(namesIn(workspace, 'done')).toEqual([])
    }),
  )
})

test(
  'a crash at any operation, and then the same word again, ends as if nothing had happened',
  () =>
    withWorkspace(half, async (quiet) => {
      const counting = faultFileSystem(quiet.fileSystem)
      await accept(onDisk(quiet, counting))
      const wanted = textOf(quiet, 'target/batch_results_4.jsonl')
      for (let nth = 1; nth <= counting.log.length; nth += 11) {
        await withWorkspace(half, async (workspace) => {
          const crashing = faultFileSystem(workspace.fileSystem, [{ nth, error: 'crash' }])
          await accept(onDisk(workspace, crashing)).catch(() => {})
          await removeWorkspaceLock(workspace)
          // Once the decision is durable the next run goes on with it; before that it has to be taken again.
          await run(workspace)
          if (stands(workspace, 'workdir/batch_output_4.jsonl')) await accept(workspace)
          expect(textOf(workspace, 'target/batch_results_4.jsonl')).toBe(wanted)
          expect(namesIn(workspace, 'workdir').filter((name) => name.includes('input'))).toHaveLength(1)
        })
      }
    }),
  180_000,
)

describe('with a server', () => {
  test('the requests without an answer are sent with leave only, once, and their answers take their place', () =>
    withScene({}, async (scene) => {
      const [index = ''] = (await scene.submit(scene.requests(4))).triples.map((triple) => triple.index)
      await scene.watch({ maxAttempts: 1 })
      const output = scene.workspace.layout.doneFile('output', index)
      expect(stands(scene.workspace, `done/batch_output_${index}.jsonl`)).toBe(true)
      // As if two answers had been cut off before anything was processed.
      for (const kind of ['input', 'metadata', 'output'] as const) {
        const kept = scene.workspace.layout.workdirFile(kind, index)
        renameSync(scene.workspace.layout.doneFile(kind, index), kept)
      }
      const lines = textOf(scene.workspace, `workdir/batch_output_${index}.jsonl`).split('\n')
      writeFileSync(scene.workspace.layout.workdirFile('output', index), jsonl(...lines.slice(0, 2)))
      rmSync(output, { force: true })
      rmSync(scene.workspace.layout.resultsFile(index))
      await acceptTriple(scene.workspace, index, { client: scene.client, clock: scene.clock })
      expect(scene.server.batches()).toHaveLength(1)
      await scene.watch()
      expect(scene.server.batches()).toHaveLength(1)
      await scene.watch({ shouldSubmit: true })
      expect(scene.server.batches()).toHaveLength(2)
      expect(outcomesOf(scene.workspace, index).map(([, outcome]) => outcome)).toEqual(
        Array(4).fill('success'),
      )
    }))
})

test('an error row is no missing answer: it stays what it is', () =>
  withWorkspace(half, async (workspace) => {
    appendFileSync(workspace.layout.workdirFile('error', '4'), jsonl(errorLine('b')))
    await accept(workspace)
    expect(outcomesOf(workspace, '4')).toEqual([
      ['a', 'success'],
      ['b', 'permanent'],
      ['c', 'not-executed'],
    ])
  }))
