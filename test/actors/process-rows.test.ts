import { renameSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { describeAttempt, type Attempt } from '../../src/actors/attempt.js'
import { accountFor } from '../../src/actors/check-ids.js'
import type { TripleDependencies } from '../../src/actors/dependencies.js'
import { processErrorRows, processOutputRows } from '../../src/actors/process-rows.js'
import type { RowContext } from '../../src/actors/processors.js'
import { surveyFacts } from '../../src/actors/survey-triple.js'
import type { FileStat, FileSystem } from '../../src/workspace/file-system.js'
import { onDisk } from '../workspace/support.js'
import {
  answerLine,
  errorLine,
  jsonl,
  metadataText,
  noSignal,
  rejection,
  requestLine,
  rowsOf,
  stepScene,
  textOf,
  type StepScene,
} from './support.js'

const rowsPath = 'logs/batch_rows_1.part.jsonl'
const outputPath = 'workdir/batch_output_1.jsonl'

const files = {
  'workdir/batch_input_1.jsonl': jsonl(...['a', 'b', 'c'].map((id) => requestLine(id))),
  [outputPath]: jsonl(answerLine('b', 'two'), answerLine('a', 'one')),
  'workdir/batch_error_1.jsonl': jsonl(errorLine('c', 500, 'server_error')),
}

async function attemptOf({ workspace }: StepScene, dependencies: TripleDependencies): Promise<Attempt> {
  const facts = await surveyFacts(workspace, '1')
  return describeAttempt(dependencies, facts, await accountFor(dependencies, facts, noSignal))
}

/** Ids and outcomes of the rows that are kept. */
const keptRows = (scene: StepScene): string[] =>
  rowsOf(scene, rowsPath).flatMap((row) =>
    'custom_id' in row ? [`${String(row['custom_id'])} ${String(row['outcome'])}`] : [],
  )

/** A disk on which no file ever seems to change. */
function forgetful(inner: FileSystem): FileSystem {
  const same = <Found extends FileStat | null>(found: Found): Found =>
    found === null ? found : { ...found, modifiedAtMs: 1, identity: 'the same' }
  return {
    ...inner,
    stat: async (path) => same(await inner.stat(path)),
    open: async (path, mode) => {
      const file = await inner.open(path, mode)
      return { ...file, stat: async () => same(await file.stat()) }
    },
  }
}

/** A callback that notes what it gets, and does what `then` says. */
function noting(then: (id: string) => { reject: string } | undefined = () => undefined) {
  const calls: [string, RowContext][] = []
  return {
    calls,
    ids: () => calls.map(([id]) => id),
    callback: ({ customId }: { readonly customId: string }, context: RowContext) => {
      calls.push([customId, context])
      return then(customId)
    },
  }
}

describe('a file whose bytes are not those that were counted', () => {
  const other = jsonl(answerLine('b', 'two'), answerLine('a', 'one more'))

  test('stops before any row of it is handed over', async () => {
    const scene = await stepScene(files)
    const output = noting()
    const dependencies = scene.anew({ processOutput: output.callback })
    const attempt = await attemptOf(scene, dependencies)
    scene.put({ [outputPath]: other })
    expect(await rejection(processOutputRows(dependencies, attempt, noSignal))).toMatchObject({
      code: 'FileChangedDuringRun',
      problem: { facts: { path: scene.workspace.layout.workdirFile('output', '1') } },
    })
    expect(output.ids()).toEqual([])
  })

  test('also when another file was renamed into its place', async () => {
    const scene = await stepScene(files)
    const attempt = await attemptOf(scene, scene.dependencies)
    const path = scene.workspace.layout.workdirFile('output', '1')
    writeFileSync(`${path}.other`, other)
    renameSync(`${path}.other`, path)
    expect(await rejection(processOutputRows(scene.dependencies, attempt, noSignal))).toMatchObject({
      code: 'FileChangedDuringRun',
    })
    expect(keptRows(scene)).toEqual([])
  })

  test('while it is read stops at its end, and no row made from it is kept', async () => {
    const scene = await stepScene(files)
    const path = scene.workspace.layout.workdirFile('output', '1')
    const lines = [
      answerLine('b', 'two'),
      ...Array.from({ length: 3_000 }, () => answerLine('a', 'x'.repeat(300))),
    ]
    scene.put({ [outputPath]: jsonl(...lines) })
    let calls = 0
    const dependencies = scene.anew({
      processOutput: () => {
        calls += 1
        if (calls === 1) writeFileSync(path, jsonl(...lines.slice(0, -1), answerLine('a', 'y'.repeat(300))))
      },
    })
    const attempt = await attemptOf(scene, dependencies)
    expect(await rejection(processOutputRows(dependencies, attempt, noSignal))).toMatchObject({
      code: 'FileChangedDuringRun',
    })
    expect(calls).toBeGreaterThan(0)
    expect(keptRows(scene)).toEqual([])
  })

  test('that the disk takes for the same file is noticed at its end, and no row made from it is kept', async () => {
    const scene = await stepScene(files)
    const output = noting()
    const dependencies = scene.anew({
      workspace: onDisk(scene.workspace, forgetful(scene.workspace.fileSystem)),
      processOutput: output.callback,
    })
    const attempt = await attemptOf(scene, dependencies)
    scene.put({ [outputPath]: files[outputPath].replace('one', 'two') })
    expect(await rejection(processOutputRows(dependencies, attempt, noSignal))).toMatchObject({
      code: 'FileChangedDuringRun',
    })
    expect(output.ids()).toEqual(['b', 'a'])
    expect(keptRows(scene)).toEqual([])
  })

  test('of the same bytes in another file is no change', async () => {
    const scene = await stepScene(files)
    const attempt = await attemptOf(scene, scene.dependencies)
    const path = scene.workspace.layout.workdirFile('output', '1')
    writeFileSync(`${path}.other`, files[outputPath])
    renameSync(`${path}.other`, path)
    await processOutputRows(scene.dependencies, attempt, noSignal)
    expect(keptRows(scene)).toEqual(['b success', 'a success'])
  })
})

describe('each row', () => {
  test('goes to the callback of its class with its place in the lineage, in the order of its file', async () => {
    const scene = await stepScene({
      ...files,
      'workdir/batch_metadata_1.jsonl': metadataText({ attempt: 2, root_index: '7' }),
    })
    const output = noting()
    const errors = noting()
    const dependencies = scene.anew({ processOutput: output.callback, processErrors: errors.callback })
    const attempt = await attemptOf(scene, dependencies)
    await processErrorRows(dependencies, attempt, noSignal)
    const rows = await processOutputRows(dependencies, attempt, noSignal)
    const context = (id: string): RowContext => ({
      index: '1',
      rootIndex: '7',
      attempt: 2,
      idempotencyKey: `7/${id}`,
    })
    expect(output.calls).toEqual([
      ['b', context('b')],
      ['a', context('a')],
    ])
    expect(errors.calls).toEqual([['c', context('c')]])
    expect(keptRows(scene)).toEqual(['c transient', 'b success', 'a success'])
    expect(rows).toMatchObject({ success: 2, retryable: 1 })
    expect(scene.events.at(-1)).toEqual({ type: 'rows.processed', index: '1', rows })
  })

  test('that was finished is not handed over again, also after a throw at a later one', async () => {
    const scene = await stepScene(files)
    let isBroken = true
    const output = noting((id) => {
      if (id === 'a' && isBroken) throw new Error('out of paper')
      return undefined
    })
    const dependencies = scene.anew({ processOutput: output.callback })
    const attempt = await attemptOf(scene, dependencies)
    expect(await rejection(processOutputRows(dependencies, attempt, noSignal))).toMatchObject({
      code: 'ProcessorThrew',
      message: expect.stringMatching(/"a" of triple 1: out of paper/),
      problem: { facts: { index: '1', customId: 'a' } },
    })
    expect(keptRows(scene)).toEqual(['b success'])
    isBroken = false
    await processOutputRows(dependencies, attempt, noSignal)
    expect(output.ids()).toEqual(['b', 'a', 'a'])
    expect(keptRows(scene)).toEqual(['b success', 'a success'])
  })

  test('may be turned down by the callback for answers, and by no other', async () => {
    const scene = await stepScene(files)
    const turnedDown = noting((id) => (id === 'b' ? undefined : { reject: 'too short' }))
    const dependencies = scene.anew({
      processOutput: turnedDown.callback,
      processErrors: turnedDown.callback,
    })
    const attempt = await attemptOf(scene, dependencies)
    await processErrorRows(dependencies, attempt, noSignal)
    await processOutputRows(dependencies, attempt, noSignal)
    expect(keptRows(scene)).toEqual(['c transient', 'b success', 'a rejected'])
    expect(rowsOf(scene, rowsPath).at(-1)).toMatchObject({
      error: { code: 'rejected_by_processor', message: 'too short' },
    })
  })

  test('names the triple that tries it again, where one does', async () => {
    const scene = await stepScene(files)
    const attempt = await attemptOf(scene, scene.dependencies)
    await processErrorRows(scene.dependencies, attempt, noSignal)
    await processOutputRows(scene.dependencies, attempt, noSignal)
    expect(
      rowsOf(scene, rowsPath)
        .slice(1)
        .map((row) => row['retry'] ?? null),
    ).toEqual([attempt.retryIndices[0], null, null])
  })

  test('is the one that counts of several that answer one request', async () => {
    const scene = await stepScene({
      ...files,
      'workdir/batch_error_1.jsonl': jsonl(errorLine('c', 500), errorLine('b', 500)),
    })
    const errors = noting()
    const dependencies = scene.anew({ processErrors: errors.callback })
    const attempt = await attemptOf(scene, dependencies)
    await processErrorRows(dependencies, attempt, noSignal)
    await processOutputRows(dependencies, attempt, noSignal)
    expect(errors.ids()).toEqual(['c'])
    expect(keptRows(scene)).toEqual(['c transient', 'b success', 'a success'])
  })
})

describe('a request that no file mentions', () => {
  const short = {
    'workdir/batch_input_1.jsonl': files['workdir/batch_input_1.jsonl'],
    [outputPath]: files[outputPath],
  }

  test('of a batch that was cut short is a row of its own, once', async () => {
    const scene = await stepScene({
      ...short,
      'workdir/batch_metadata_1.jsonl': metadataText({ remote_status: 'expired' }),
    })
    const errors = noting()
    const dependencies = scene.anew({ processErrors: errors.callback })
    const attempt = await attemptOf(scene, dependencies)
    await processErrorRows(dependencies, attempt, noSignal)
    await processErrorRows(dependencies, attempt, noSignal)
    expect(errors.ids()).toEqual(['c'])
    expect(rowsOf(scene, rowsPath).slice(1)).toMatchObject([
      { custom_id: 'c', outcome: 'not-executed', error: { code: 'batch_expired' } },
    ])
  })

  test('of a batch that goes on in parts says so', async () => {
    const split = { parts: 2, reason: 'token_limit_exceeded', decided_at_ms: 1 }
    const scene = await stepScene({
      'workdir/batch_input_1.jsonl': files['workdir/batch_input_1.jsonl'],
      'workdir/batch_metadata_1.jsonl': metadataText({ batch_id: '', split }),
    })
    const attempt = await attemptOf(scene, scene.dependencies)
    const counts = await processErrorRows(scene.dependencies, attempt, noSignal)
    expect(counts.retryable).toBe(3)
    expect(rowsOf(scene, rowsPath)[1]).toMatchObject({
      custom_id: 'a',
      attempt: 0,
      error: { code: 'token_limit_exceeded', message: expect.stringContaining('2 parts') },
    })
  })

  test('is left for later when the run is stopped', async () => {
    const scene = await stepScene({
      ...short,
      'workdir/batch_metadata_1.jsonl': metadataText({ remote_status: 'expired' }),
    })
    const attempt = await attemptOf(scene, scene.dependencies)
    expect(await rejection(processErrorRows(scene.dependencies, attempt, AbortSignal.abort()))).toMatchObject(
      { code: 'Interrupted' },
    )
    expect(keptRows(scene)).toEqual([])
  })
})

test('a triple without one of its files has no rows of it', async () => {
  const scene = await stepScene({
    'workdir/batch_input_1.jsonl': jsonl(requestLine('a')),
    'workdir/batch_error_1.jsonl': jsonl(errorLine('a')),
  })
  const attempt = await attemptOf(scene, scene.dependencies)
  await processOutputRows(scene.dependencies, attempt, noSignal)
  expect(keptRows(scene)).toEqual([])
})

test('progress is told every 500 rows and at the end', async () => {
  const ids = Array.from({ length: 1_001 }, (_, at) => `r${at}`)
  const scene = await stepScene({
    'workdir/batch_input_1.jsonl': jsonl(...ids.map((id) => requestLine(id))),
    [outputPath]: jsonl(...ids.map((id) => answerLine(id, 'x'))),
  })
  const attempt = await attemptOf(scene, scene.dependencies)
  await processOutputRows(scene.dependencies, attempt, noSignal)
  const told = scene.events.flatMap((event) => (event.type === 'rows.processed' ? [event.rows.success] : []))
  expect(told).toEqual([500, 1_000, 1_001])
})

test('an answer that is turned down keeps its raw text', async () => {
  const scene = await stepScene(files, {
    dependencies: { processOutput: () => ({ reject: 'no' }) },
  })
  const attempt = await attemptOf(scene, scene.dependencies)
  await processOutputRows(scene.dependencies, attempt, noSignal)
  expect(textOf(scene, rowsPath)).toContain('rejected')
  const kept = (await scene.workspace.fileSystem.list(scene.workspace.layout.failedJsonRepairs)).length
  expect(kept).toBe(2)
})
