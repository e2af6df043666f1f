import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createActor, waitFor } from 'xstate'
import { statePathOf, type TripleActor } from '../../machines/index.js'
import {
  nodeFileSystem,
  openWorkspace,
  planWorkspace,
  reconcileWorkspace,
  removeWorkspaceLock,
  retryByHand,
  verifyWorkspace,
  type BatchWorkspace,
} from '../../src/index.js'
import { withRun } from '../../src/engine/run.js'
import { faultFileSystem, type FaultRule } from '../fakes/fault-file-system.js'
import { onDisk, putFiles, withWorkspace } from '../workspace/support.js'
import { answeredTriple, answerLine, errorLine, jsonl, metadataText, requestLine } from './lines.js'
import {
  impatientClock,
  namesIn,
  outcomes,
  outcomesOf,
  reportOf,
  rowsOf,
  textOf,
  userFiles,
} from './workspaces.js'

const input = jsonl(requestLine('a'), requestLine('b'))
const output = jsonl(answerLine('a', 'yes'), answerLine('b', 'no'))

/** Runs and gives the ids that reached the callback. */
async function handedOver(workspace: BatchWorkspace): Promise<string[]> {
  const handed: string[] = []
  const report = await reconcileWorkspace(workspace, {
    processOutput: (row) => void handed.push(row.customId),
  })
  expect(outcomes(report)).toEqual(['4 done'])
  expect(namesIn(workspace, 'workdir')).toEqual([])
  return handed
}

describe('a move that was cut short', () => {
  const cuts: readonly [string, FaultRule][] = [
    ['before the first file', { operation: 'link', path: 'done/batch_input_4', error: 'crash' }],
    [
      'after the input has its second name',
      { operation: 'link', path: 'done/batch_output_4', error: 'crash' },
    ],
    [
      'before the first name is given up',
      { operation: 'remove', path: 'workdir/batch_input_4', error: 'crash' },
    ],
    ['between input and output', { operation: 'remove', path: 'workdir/batch_output_4', error: 'crash' }],
    ['before the metadata', { operation: 'link', path: 'done/batch_metadata_4', error: 'crash' }],
    [
      'with the metadata in both places',
      { operation: 'remove', path: 'workdir/batch_metadata_4', error: 'crash' },
    ],
  ]

  test.each(cuts)('%s is finished, and no row is handed over again', (_, rule) =>
    withWorkspace(answeredTriple('4', ['a', 'b']), async (workspace) => {
      const before = userFiles(workspace)
      const disk = faultFileSystem(nodeFileSystem, [rule])
      await reconcileWorkspace(onDisk(workspace, disk)).catch(() => {})
      expect(disk.isCrashed()).toBe(true)
      await removeWorkspaceLock(workspace)
      expect(await handedOver(workspace)).toEqual([])
      expect(userFiles(workspace)).toEqual(before)
      expect(outcomesOf(workspace, '4')).toEqual([
        ['a', 'success'],
        ['b', 'success'],
      ])
      expect(await verifyWorkspace(workspace)).toMatchObject([{ isProven: true }])
    }),
  )

  test.each([
    ['by one of another length', 'Now something longer.'],
    ['by one of the same length', 'Not.'],
  ])('before its first file, and whose output is then replaced %s, starts over', (_, answer) =>
    withWorkspace(
      {
        'workdir/batch_input_4.jsonl': jsonl(requestLine('a')),
        'workdir/batch_output_4.jsonl': jsonl(answerLine('a', 'Yes.')),
      },
      async (workspace) => {
        const rule: FaultRule = { operation: 'link', path: 'done/batch_input_4', error: 'crash' }
        await reconcileWorkspace(onDisk(workspace, faultFileSystem(nodeFileSystem, [rule]))).catch(() => {})
        await removeWorkspaceLock(workspace)
        expect(rowsOf(workspace, 'workdir/batch_metadata_4.jsonl')[0]?.['move']).toBeTruthy()
        putFiles(workspace.root, { 'workdir/batch_output_4.jsonl': jsonl(answerLine('a', answer)) })
        expect(await handedOver(workspace)).toEqual(['a'])
        expect(rowsOf(workspace, 'target/batch_results_4.jsonl')).toMatchObject([{ content: answer }])
        expect(await verifyWorkspace(workspace)).toMatchObject([{ isProven: true }])
      },
    ),
  )

  test('before its first file, and beside which an error file then appears, starts over', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      const rule: FaultRule = { operation: 'link', path: 'done/batch_input_4', error: 'crash' }
      await reconcileWorkspace(onDisk(workspace, faultFileSystem(nodeFileSystem, [rule]))).catch(() => {})
      await removeWorkspaceLock(workspace)
      putFiles(workspace.root, { 'workdir/batch_error_4.jsonl': jsonl(errorLine('stranger')) })
      const report = reportOf(await reconcileWorkspace(workspace), '4')
      expect(report.problem?.code).toBe('RequestIdsMismatch')
      expect(namesIn(workspace, 'done')).toEqual([])
    }))

  test('by the seed, which notes no intent, is processed from where its files stand', () =>
    withWorkspace(
      {
        'done/batch_input_4.jsonl': input,
        'workdir/batch_output_4.jsonl': output,
        'workdir/batch_metadata_4.jsonl': metadataText({}),
      },
      async (workspace) => {
        expect(await handedOver(workspace)).toEqual(['a', 'b'])
        expect(namesIn(workspace, 'done')).toEqual([
          'batch_input_4.jsonl',
          'batch_metadata_4.jsonl',
          'batch_output_4.jsonl',
        ])
        expect(textOf(workspace, 'done/batch_output_4.jsonl')).toBe(output)
        expect(outcomesOf(workspace, '4')).toHaveLength(2)
      },
    ))

  test('by hand, of which only the metadata is left, is counted and handed over like any other', () =>
    withWorkspace(
      {
        'done/batch_input_4.jsonl': input,
        'done/batch_output_4.jsonl': output,
        'workdir/batch_metadata_4.jsonl': metadataText({ remote_status: 'completed' }),
      },
      async (workspace) => {
        expect(await handedOver(workspace)).toHaveLength(2)
        expect(namesIn(workspace, 'done')).toContain('batch_metadata_4.jsonl')
        expect(outcomesOf(workspace, '4')).toHaveLength(2)
      },
    ))
})

describe('a name that is taken in done/', () => {
  test('by other bytes stops the triple before any row is handed over', () =>
    withWorkspace(
      { ...answeredTriple('4', ['a']), 'done/batch_output_4.jsonl': 'older answers\n' },
      async (workspace) => {
        const handed: string[] = []
        const before = userFiles(workspace)
        const report = await reconcileWorkspace(workspace, {
          processOutput: (row) => void handed.push(row.customId),
        })
        expect(reportOf(report, '4').outcome.type).toBe('needs-attention')
        expect(reportOf(report, '4').problem?.code).toBe('DoneFileConflict')
        expect(reportOf(report, '4').problem?.message).toContain('done/batch_output_4.jsonl')
        expect(handed).toEqual([])
        expect(userFiles(workspace)).toEqual(before)
        expect(textOf(workspace, 'done/batch_output_4.jsonl')).toBe('older answers\n')
      },
    ))

  test('by the same bytes is fine', () =>
    withWorkspace(
      { ...answeredTriple('4', ['a']), 'done/batch_input_4.jsonl': jsonl(requestLine('a')) },
      async (workspace) => {
        expect(await handedOver(workspace)).toEqual(['a'])
      },
    ))
})

async function seenOf(workspace: BatchWorkspace, status: string) {
  const failed: string[] = []
  const report = reportOf(
    await reconcileWorkspace(workspace, {
      processErrors: (row) => void failed.push(`${row.customId} ${row.error?.code}`),
    }),
    '4',
  )
  expect(report.outcome.type).toBe('done')
  expect(report.counts).toMatchObject({ matched: 1, missing: 1 })
  expect(failed).toEqual([`b batch_${status}`])
  const [, missing] = rowsOf(workspace, 'target/batch_results_4.jsonl')
  const source = { index: '4', file: null, line: null }
  expect(missing).toMatchObject({ custom_id: 'b', outcome: 'not-executed', source })
  return report
}

describe('a batch that ended early', () => {
  const half = {
    'workdir/batch_input_4.jsonl': input,
    'workdir/batch_output_4.jsonl': jsonl(answerLine('a', 'yes')),
  }

  test('expired: what no file mentions was not executed, and is sent again', () =>
    withWorkspace(ended('expired'), async (workspace) => {
      const { outcome, rows } = await seenOf(workspace, 'expired')
      expect(rows).toMatchObject({ success: 1, notExecuted: 1, retryable: 1 })
      const retryIndex = outcome.type === 'done' ? outcome.retryIndex : null
      expect(textOf(workspace, `workdir/batch_input_${retryIndex}.jsonl`)).toBe(jsonl(requestLine('b')))
      expect(await verifyWorkspace(workspace)).toMatchObject([{ isProven: true }])
    }))

  test('cancelled: what no file mentions was not executed, and is sent again only when a person asks', () =>
    withWorkspace(ended('cancelled'), async (workspace) => {
      const { outcome, rows } = await seenOf(workspace, 'cancelled')
      expect(rows).toMatchObject({ success: 1, notExecuted: 1, retryable: 0 })
      expect(outcome).toMatchObject({
        type: 'done',
        retryIndex: null,
        note: expect.stringContaining('1 of 2 requests'),
      })
      expect(namesIn(workspace, 'workdir')).toEqual([])
      const { retried } = await retryByHand(workspace, '4')
      expect(textOf(workspace, `workdir/batch_input_${retried[0]?.retryIndex}.jsonl`)).toBe(
        jsonl(requestLine('b')),
      )
    }))

  const ended = (status: string) => ({
    ...half,
    'workdir/batch_metadata_4.jsonl': metadataText({ remote_status: status }),
  })

  test.each(['expired', 'cancelled'])(
    '%s, with a file that holds fewer answers than the server completed, waits for the whole file, also offline',
    (status) =>
      withWorkspace(
        {
          ...half,
          'workdir/batch_metadata_4.jsonl': metadataText({
            remote_status: status,
            request_counts: { total: 2, completed: 2, failed: 0 },
          }),
        },
        async (workspace) => {
          const before = userFiles(workspace)
          const [plan] = (await planWorkspace(workspace, { shouldCheckIds: true })).triples
          expect(plan).toMatchObject({
            outcome: 'needs-attention',
            problem: { facts: { completed: 2, answered: 1 } },
          })
          const report = reportOf(await reconcileWorkspace(workspace, { clock: impatientClock }), '4')
          expect(report.outcome).toMatchObject({
            type: 'needs-attention',
            problem: { code: 'RequestIdsMismatch', facts: { completed: 2, answered: 1, missing: 1 } },
          })
          expect(userFiles(workspace)).toEqual(before)
          writeFileSync(workspace.layout.workdirFile('output', '4'), output)
          expect(reportOf(await reconcileWorkspace(workspace), '4').outcome.type).toBe('done')
        },
      ),
  )

  test('completed with an answer missing is a mismatch: nobody knows what became of it', () =>
    withWorkspace(
      { ...half, 'workdir/batch_metadata_4.jsonl': metadataText({ remote_status: 'completed' }) },
      async (workspace) => {
        const before = userFiles(workspace)
        const report = reportOf(await reconcileWorkspace(workspace, { clock: impatientClock }), '4')
        expect(report.outcome.type).not.toBe('done')
        expect(report.problem?.code).toBe('RequestIdsMismatch')
        expect(report.problem?.message).toContain('"b" at batch_input_4.jsonl:2')
        expect(namesIn(workspace, 'done')).toEqual([])
        expect(userFiles(workspace)).toEqual(before)
      },
    ))

  test('expired with a line nobody can read is a mismatch too: it may hold the answer that seems missing', () =>
    withWorkspace(
      {
        'workdir/batch_input_4.jsonl': input,
        'workdir/batch_output_4.jsonl': output.slice(0, -20),
        'workdir/batch_metadata_4.jsonl': metadataText({ remote_status: 'expired' }),
      },
      async (workspace) => {
        const report = reportOf(await reconcileWorkspace(workspace, { clock: impatientClock }), '4')
        expect(report.problem?.code).toBe('RequestIdsMismatch')
        expect(namesIn(workspace, 'workdir')).toHaveLength(3)
      },
    ))
})

/** The triple's own actor, without a server, until it rests. */
function restingActor(workspace: BatchWorkspace): Promise<TripleActor> {
  return withRun(workspace, { clock: impatientClock }, async (run) => {
    run.triples.begin('4')
    const actor = createActor(run.triples.machine, { input: { index: '4' }, clock: impatientClock })
    actor.start()
    await waitFor(actor, (snapshot) => snapshot.hasTag('resting'))
    return actor
  })
}

const isDone = (actor: TripleActor) => waitFor(actor, (snapshot) => snapshot.status === 'done')

describe('a parked triple', () => {
  test('that misses its input goes on when told to look again', () =>
    withWorkspace({ 'workdir/batch_output_4.jsonl': output }, async (workspace) => {
      const actor = await restingActor(workspace)
      expect(statePathOf(actor.getSnapshot())).toBe('missing-input')
      putFiles(workspace.root, { 'workdir/batch_input_4.jsonl': input })
      actor.send({ type: 'triple.rescan' })
      await isDone(actor)
      expect(outcomesOf(workspace, '4')).toHaveLength(2)
    }))

  test.each(['triple.rescan', 'triple.retry'] as const)('that failed goes on after %s', (type) =>
    withWorkspace(
      { 'workdir/batch_input_4.jsonl': input, 'workdir/batch_output_4.jsonl': output.slice(0, -20) },
      async (workspace) => {
        const actor = await restingActor(workspace)
        expect(statePathOf(actor.getSnapshot())).toBe('failed')
        writeFileSync(workspace.layout.workdirFile('output', '4'), output)
        actor.send({ type })
        await isDone(actor)
        expect(outcomesOf(workspace, '4')).toHaveLength(2)
      },
    ),
  )

  test('that looked again in vain rests again', () =>
    withWorkspace({ 'workdir/batch_output_4.jsonl': output }, async (workspace) => {
      const actor = await restingActor(workspace)
      actor.send({ type: 'triple.rescan' })
      await waitFor(actor, (snapshot) => snapshot.hasTag('resting'))
      expect(statePathOf(actor.getSnapshot())).toBe('missing-input')
      actor.stop()
    }))

  test('that a passing fault of the disk stopped came through by itself', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      const busy: FaultRule = { operation: 'open', path: 'workdir/batch_output_4', nth: 1, error: 'EBUSY' }
      const disk = faultFileSystem(nodeFileSystem, [busy])
      const path: string[] = []
      const report = await reconcileWorkspace(onDisk(workspace, disk), {
        clock: impatientClock,
        onEvent: (event) => {
          if (event.type === 'triple.changed') path.push(event.to)
        },
      })
      expect(disk.strikes()).toBe(1)
      expect(path).toContain('checking-ids.backing-off')
      expect(outcomes(report)).toEqual(['4 done'])
    }))

  test('whose fault does not pass is given up after the tries that are allowed', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      const busy: FaultRule = { operation: 'open', path: 'workdir/batch_output_4', error: 'EBUSY' }
      const disk = faultFileSystem(nodeFileSystem, [busy])
      const report = await reconcileWorkspace(onDisk(workspace, disk), {
        clock: impatientClock,
        limits: { maxRetries: 2 },
      })
      expect(disk.strikes()).toBe(3)
      expect(reportOf(report, '4')).toMatchObject({
        outcome: { type: 'failed' },
        problem: { code: 'FileSystemError' },
      })
    }))
})

test('the directories of a workspace that lacks them are made by the run', () =>
  withWorkspace({}, async (workspace) => {
    const root = join(workspace.root, 'inner')
    mkdirSync(join(root, 'workdir'), { recursive: true })
    putFiles(root, answeredTriple('4', ['a']))
    const inner = await openWorkspace(root)
    expect(outcomes(await reconcileWorkspace(inner))).toEqual(['4 done'])
  }))
