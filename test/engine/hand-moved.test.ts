import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  planWorkspace,
  reconcileWorkspace,
  removeWorkspaceLock,
  verifyWorkspace,
  type BatchWorkspace,
} from '../../src/index.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { onDisk, putFiles, unsyncedFileSystem, withWorkspace } from '../workspace/support.js'
import { answeredTriple, answerLine, errorLine, jsonl, metadataText, requestLine } from './lines.js'
import { impatientClock, namesIn, outcomes, outcomesOf, reportOf, stands, textOf } from './workspaces.js'

const input = jsonl(requestLine('a'), requestLine('b'))
const output = jsonl(answerLine('a', 'yes'), answerLine('b', 'no'))
const stranger = jsonl(answerLine('zz', 'who?'))

const name = (kind: string): string => `batch_${kind}_1.jsonl`

/** Puts each kind where the words say: `input done, output workdir`. */
function placed(where: string, contents: Readonly<Record<string, string>>): Record<string, string> {
  const places = where.split(', ').map((words) => words.split(' ') as [string, string])
  return Object.fromEntries(places.map(([kind, place]) => [`${place}/${name(kind)}`, contents[kind] ?? '']))
}

const files = { input, output, error: jsonl(errorLine('b')), metadata: metadataText({}) }
const half = { ...files, output: jsonl(answerLine('a', 'yes')) }

async function run(workspace: BatchWorkspace) {
  const handed: string[] = []
  const note = (row: { readonly customId: string }): void => void handed.push(row.customId)
  const report = await reconcileWorkspace(workspace, {
    clock: impatientClock,
    processOutput: note,
    processErrors: note,
  })
  return { ...reportOf(report, '1'), handed: handed.toSorted() }
}

describe('files that stand in done/ without an intent that fits', () => {
  test.each([
    ['input done, output done, metadata workdir', files],
    ['input done, output workdir, metadata workdir', files],
    ['input workdir, output done, metadata workdir', files],
    ['input workdir, output done', files],
    ['input done, output workdir', files],
    ['input workdir, output done, metadata done', files],
    ['input done, output workdir, metadata done', files],
    ['input done, output done, error done, metadata workdir', half],
    ['input done, output done, error workdir, metadata workdir', half],
    ['input workdir, output done, error done', half],
    ['input done, output workdir, error done, metadata workdir', half],
  ])('%s: counted, processed, proven', (where, contents) =>
    withWorkspace(placed(where, contents), async (workspace) => {
      const report = await run(workspace)
      expect(report).toMatchObject({ outcome: { type: 'done' }, handed: ['a', 'b'] })
      expect(report.resultsPath).toBe(workspace.layout.resultsFile('1'))
      expect(outcomesOf(workspace, '1').map(([id]) => id)).toEqual(['a', 'b'])
      expect(namesIn(workspace, 'workdir')).toEqual([])
      expect(await verifyWorkspace(workspace)).toMatchObject([{ index: '1', isProven: true, problems: [] }])
    }),
  )

  test.each([
    ['input done, output done, metadata workdir'],
    ['input done, output workdir, metadata workdir'],
    ['input workdir, output done, metadata workdir'],
    ['input workdir, output done'],
  ])('%s, whose ids do not match, is no done triple', (where) =>
    withWorkspace(placed(where, { ...files, output: stranger }), async (workspace) => {
      const report = await run(workspace)
      expect(report.outcome.type).not.toBe('done')
      expect(report).toMatchObject({ problem: { code: 'RequestIdsMismatch' }, resultsPath: null, handed: [] })
      expect(namesIn(workspace, 'target')).toEqual([])
      const plan = await planWorkspace(workspace, { shouldCheckIds: true })
      expect(plan.triples[0]).toMatchObject({ problem: { code: 'RequestIdsMismatch' } })
    }),
  )

  test('an error file alone beside the input, all of it in done/', () =>
    withWorkspace(
      placed('input done, error done, metadata workdir', { ...files, input: jsonl(requestLine('b')) }),
      async (workspace) => {
        expect(await run(workspace)).toMatchObject({ outcome: { type: 'done' }, handed: ['b'] })
        expect(outcomesOf(workspace, '1')).toEqual([['b', 'permanent']])
      },
    ))

  test('the metadata in both places, differing, is for a person', () =>
    withWorkspace(
      {
        ...placed('input done, output done, metadata workdir', files),
        'done/batch_metadata_1.jsonl': metadataText({ note: 'another' }),
      },
      async (workspace) => {
        expect(await run(workspace)).toMatchObject({ problem: { code: 'DoneFileConflict' }, handed: [] })
      },
    ))

  test('the metadata in both places, the same, is given up here', () =>
    withWorkspace(
      {
        ...placed('input done, output workdir, metadata workdir', files),
        'done/batch_metadata_1.jsonl': files.metadata,
      },
      async (workspace) => {
        expect(await run(workspace)).toMatchObject({ outcome: { type: 'done' }, handed: ['a', 'b'] })
        expect(namesIn(workspace, 'workdir')).toEqual([])
      },
    ))

  test('a directory in the place of the output stops it', () =>
    withWorkspace(
      { ...placed('input done, metadata workdir', files), 'done/batch_output_1.jsonl/inner': '' },
      async (workspace) => {
        expect(await run(workspace)).toMatchObject({
          outcome: { type: 'needs-attention' },
          problem: { code: 'NotARegularFile' },
        })
      },
    ))

  test('the retry of a lineage replaces its rows in the results of the root', () =>
    withWorkspace(
      {
        ...answeredTriple('1', ['a']),
        'workdir/batch_error_1.jsonl': jsonl(errorLine('b', 503, 'server_error')),
        'workdir/batch_input_1.jsonl': input,
      },
      async (workspace) => {
        const first = await run(workspace)
        const retry = first.outcome.type === 'done' ? first.outcome.retryIndex : null
        renameSync(
          join(workspace.root, `workdir/batch_input_${retry}.jsonl`),
          join(workspace.root, `done/batch_input_${retry}.jsonl`),
        )
        putFiles(workspace.root, { [`done/batch_output_${retry}.jsonl`]: jsonl(answerLine('b', 'late')) })
        expect(outcomes(await reconcileWorkspace(workspace))).toEqual([`${retry} done`])
        expect(outcomesOf(workspace, '1')).toEqual([
          ['a', 'success'],
          ['b', 'success'],
        ])
        expect((await verifyWorkspace(workspace)).map(({ isProven }) => isProven)).toEqual([true, true])
      },
    ))
})

describe('a finished input without an answer', () => {
  test.each([
    ['without metadata of a batch', metadataText({ batch_id: '' })],
    [
      'of a submission that was intended',
      metadataText({ batch_id: '', submission: { intent_key: 'k', intended_at_ms: 1 } }),
    ],
  ])('%s is never sent again', (_, metadata) =>
    withWorkspace(placed('input done, metadata workdir', { ...files, metadata }), async (workspace) => {
      const report = await reconcileWorkspace(workspace, { shouldSubmit: true })
      expect(reportOf(report, '1')).toMatchObject({
        outcome: { type: 'needs-attention' },
        problem: { code: 'NoBatchFileTripleAtIndex' },
      })
    }),
  )

  test('whose batch is known waits for its answers', () =>
    withWorkspace(placed('input done, metadata workdir', files), async (workspace) => {
      expect(await run(workspace)).toMatchObject({ outcome: { type: 'pending' }, resultsPath: null })
    }))

  test('that is put back into workdir/ beside a finished triple is not sent either', () =>
    withWorkspace(answeredTriple('1', ['a']), async (workspace) => {
      await run(workspace)
      putFiles(workspace.root, { 'workdir/batch_input_1.jsonl': jsonl(requestLine('a')) })
      const report = await reconcileWorkspace(workspace, { shouldSubmit: true })
      expect(reportOf(report, '1').outcome.type).toBe('done')
      expect(namesIn(workspace, 'workdir')).toEqual([])
    }))

  test('of another batch under the same number is a conflict before anything is sent', () =>
    withWorkspace(answeredTriple('1', ['a']), async (workspace) => {
      await run(workspace)
      putFiles(workspace.root, { 'workdir/batch_input_1.jsonl': jsonl(requestLine('other')) })
      const report = await reconcileWorkspace(workspace, { shouldSubmit: true })
      expect(reportOf(report, '1').problem?.code).toBe('DoneFileConflict')
    }))
})

/** Runs until just before the metadata follows: all rows stand in done/ with the intent that fits. */
async function cutShort(workspace: BatchWorkspace): Promise<void> {
  const rule = { operation: 'link', path: 'done/batch_metadata_1', error: 'crash' } as const
  await reconcileWorkspace(onDisk(workspace, faultFileSystem(unsyncedFileSystem, [rule]))).catch(() => {})
  await removeWorkspaceLock(workspace)
  expect(namesIn(workspace, 'workdir')).toEqual(['batch_metadata_1.jsonl'])
}

describe('an intent that fits', () => {
  const triple = placed('input workdir, output workdir', files)

  test('finishes the move, and hands nothing over again', () =>
    withWorkspace(triple, async (workspace) => {
      await cutShort(workspace)
      const report = await run(workspace)
      expect(report).toMatchObject({ outcome: { type: 'done' }, counts: null, handed: [] })
      expect(report.resultsPath).toBe(workspace.layout.resultsFile('1'))
    }))

  test.each(['target/batch_results_1.jsonl', 'logs/batch_accounting_1.json'])(
    'and %s gone: everything is counted and processed anew',
    (path) =>
      withWorkspace(triple, async (workspace) => {
        await cutShort(workspace)
        rmSync(join(workspace.root, path))
        expect(await run(workspace)).toMatchObject({ outcome: { type: 'done' }, handed: ['a', 'b'] })
        expect(stands(workspace, path)).toBe(true)
        expect(await verifyWorkspace(workspace)).toMatchObject([{ isProven: true }])
      }),
  )

  test('and a proof nobody can read: as if there were none', () =>
    withWorkspace(triple, async (workspace) => {
      await cutShort(workspace)
      putFiles(workspace.root, { 'logs/batch_accounting_1.json': '{' })
      expect(await run(workspace)).toMatchObject({ outcome: { type: 'done' }, handed: ['a', 'b'] })
    }))

  test.each([
    ['output', jsonl(answerLine('a', 'YES'), answerLine('b', 'no'))],
    ['input', jsonl(requestLine('a', 'Say A.'), requestLine('b'))],
  ])('no longer, when the %s in done/ has other bytes of the same length', (kind, text) =>
    withWorkspace(triple, async (workspace) => {
      await cutShort(workspace)
      putFiles(workspace.root, { [`done/${name(kind)}`]: text })
      expect(await run(workspace)).toMatchObject({ outcome: { type: 'done' }, handed: ['a', 'b'] })
      expect(textOf(workspace, `done/${name(kind)}`)).toBe(text)
      expect(await verifyWorkspace(workspace)).toMatchObject([{ isProven: true }])
    }),
  )

  test('no longer, when a file it lists is nowhere', () =>
    withWorkspace(placed('input workdir, output workdir, error workdir', half), async (workspace) => {
      await cutShort(workspace)
      rmSync(join(workspace.root, 'done', name('error')))
      expect(await run(workspace)).toMatchObject({ problem: { code: 'RequestIdsMismatch' }, handed: [] })
    }))

  test('no longer, when a file it does not list stands beside', () =>
    withWorkspace(triple, async (workspace) => {
      await cutShort(workspace)
      putFiles(workspace.root, { [`done/${name('error')}`]: jsonl(errorLine('stranger')) })
      expect(await run(workspace)).toMatchObject({ problem: { code: 'RequestIdsMismatch' } })
    }))
})

test('a triple wholly moved by hand is unproven, and the hint of verify brings it in', () =>
  withWorkspace(placed('input done, output done, metadata done', files), async (workspace) => {
    const [proof] = await verifyWorkspace(workspace)
    expect(proof?.problems.map(({ code }) => code)).toEqual(['ProofMissing'])
    expect(proof?.problems[0]?.hint).toContain('back into workdir/, then run')
    for (const kind of ['input', 'output', 'metadata'])
      renameSync(join(workspace.root, 'done', name(kind)), join(workspace.root, 'workdir', name(kind)))
    expect(await run(workspace)).toMatchObject({ outcome: { type: 'done' }, handed: ['a', 'b'] })
    expect(await verifyWorkspace(workspace)).toMatchObject([{ isProven: true }])
  }))

test('a report names no results that somebody took away at the last moment', () =>
  withWorkspace(placed('input workdir, output workdir', files), async (workspace) => {
    const path = workspace.layout.resultsFile('1')
    const disk = {
      ...workspace.fileSystem,
      remove: async (removed: string) => {
        await workspace.fileSystem.remove(removed)
        if (removed.endsWith('workdir/batch_metadata_1.jsonl')) rmSync(path)
      },
    }
    expect(await run(onDisk(workspace, disk))).toMatchObject({ outcome: { type: 'done' }, resultsPath: null })
  }))
