import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  removeWorkspaceLock,
  retryByHand,
  type ReconciliationEvent,
  type RetryByHandOptions,
} from '../../src/index.js'
import { faultFileSystem, type FaultOperation } from '../fakes/fault-file-system.js'
import { withWorkspace as withFiles } from '../workspace/support.js'
import {
  answeredTwice,
  expectSettled,
  idsUpTo,
  indexOf,
  metadataOf,
  namesIn,
  outcomes,
  rejection,
  requestLine,
  resultsOf,
  resultTexts,
  warningsOf,
  withScene,
  type Scene,
} from '../server/scene.js'

/** Two of five requests fail for a reason that only a person can cure, until `isCured`. */
function troubled() {
  let isCured = false
  const refusing = new Set(['row-2', 'row-4'])
  return {
    options: {
      answer: ({ custom_id: id }: { custom_id: string }) =>
        !isCured && refusing.has(id) ? ('unauthorized' as const) : undefined,
    },
    cure: () => void (isCured = true),
  }
}

const retry = (scene: Scene, index: string, options: RetryByHandOptions = {}) =>
  retryByHand(scene.workspace, index, { client: scene.client, clock: scene.clock, ...options })

/** Submits five requests and waits for their end; gives the root's index. */
async function finished(scene: Scene): Promise<string> {
  const index = indexOf(await scene.submit(scene.requests(5)))
  await scene.watch()
  return index
}

describe('what failed for good in a finished triple', () => {
  test('is sent again as one triple with lineage, byte for byte, and its answers take their place', () => {
    const { options, cure } = troubled()
    return withScene(options, async (scene) => {
      const root = await finished(scene)
      expect(resultsOf(scene, root).map(({ outcome }) => outcome)).toEqual([
        'success',
        'needs-person',
        'success',
        'needs-person',
        'success',
      ])
      cure()
      const report = await retry(scene, root)
      expect(outcomes(report)).toEqual(['pending'])
      expect(report.retried).toMatchObject([{ requests: 2, isKnown: false }])
      const retryIndex = report.retried[0]?.retryIndex ?? ''
      const input = readFileSync(scene.workspace.layout.workdirFile('input', retryIndex), 'utf8')
      expect(input).toBe(`${requestLine('row-2')}\n${requestLine('row-4')}\n`)
      expect(await metadataOf(scene, retryIndex)).toMatchObject({
        parent_index: root,
        root_index: root,
        attempt: 2,
        request_count: 2,
        endpoint: '/v1/chat/completions',
        model: 'gpt-4o-mini',
      })
      await scene.watch()
      await expectSettled(scene, root, idsUpTo(5))
      expect(resultsOf(scene, root).map(({ outcome }) => outcome)).toEqual(Array(5).fill('success'))
      expect(resultsOf(scene, root).filter((row) => 'retry' in row)).toEqual([])
      expect(scene.server.batches()).toHaveLength(2)
      expect(answeredTwice(scene)).toEqual([])
    })
  })

  test('is marked in the results, and nothing else of them changes', () =>
    withScene(troubled().options, async (scene) => {
      const root = await finished(scene)
      const path = scene.workspace.layout.resultsFile(root)
      const before = readFileSync(path, 'utf8').replace('"usage":{', '"usage":{"ids":12345678901234567890,')
      writeFileSync(path, before)
      const { retried } = await retry(scene, root)
      const mark = `,"retry":"${retried[0]?.retryIndex}"}`
      const expected = before
        .split('\n')
        .map((line) => (line.includes('needs-person') ? `${line.slice(0, -1)}${mark}` : line))
      expect(readFileSync(path, 'utf8')).toBe(expected.join('\n'))
    }))

  test('goes into no second batch when it is asked for again, before and after the answer', () => {
    const { options, cure } = troubled()
    return withScene(options, async (scene) => {
      const root = await finished(scene)
      const first = await retry(scene, root)
      const second = await retry(scene, root)
      expect(second.retried).toEqual([{ ...first.retried[0], isKnown: true }])
      expect(scene.server.batches()).toHaveLength(2)
      cure()
      await scene.watch()
      expect((await rejection(retry(scene, root))).code).toBe('NothingToRetry')
      expect(scene.server.batches()).toHaveLength(2)
    })
  })

  test('is sent a third and a fourth time when a person insists, beyond the attempts a run makes', () => {
    const { options, cure } = troubled()
    return withScene(options, async (scene) => {
      const root = await finished(scene)
      for (const attempt of [2, 3, 4]) {
        if (attempt === 4) cure()
        const { retried } = await retry(scene, root)
        expect((await metadataOf(scene, retried[0]?.retryIndex ?? '')).attempt).toBe(attempt)
        await scene.watch()
        expect(resultsOf(scene, root)[1]?.attempt).toBe(attempt)
      }
      await expectSettled(scene, root, idsUpTo(5))
      expect(resultTexts(scene, root)).toEqual(idsUpTo(5).map((id) => `${id} success`))
      expect(answeredTwice(scene)).toEqual([])
    })
  })

  test('may be asked for by the index of any triple of the lineage', () => {
    const { options, cure } = troubled()
    return withScene(options, async (scene) => {
      const root = await finished(scene)
      const first = (await retry(scene, root)).retried[0]?.retryIndex ?? ''
      await scene.watch()
      cure()
      const second = (await retry(scene, first)).retried[0]?.retryIndex ?? ''
      expect(await metadataOf(scene, second)).toMatchObject({ parent_index: first, root_index: root })
      await scene.watch()
      expect(resultTexts(scene, root)).toEqual(idsUpTo(5).map((id) => `${id} success`))
    })
  })

  test('waits in workdir/ when there is no server, and the next run with one sends it', () => {
    const { options, cure } = troubled()
    return withScene(options, async (scene) => {
      const root = await finished(scene)
      const report = await retry(scene, root, { client: undefined })
      expect(outcomes(report)).toEqual(['not-submitted'])
      expect(scene.server.batches()).toHaveLength(1)
      cure()
      await scene.watch()
      await expectSettled(scene, root, idsUpTo(5))
      expect(scene.server.batches()).toHaveLength(2)
    })
  })

  test('leaves answers that are cut alone, unless those are asked for', () =>
    withScene({ answer: (_, { run }) => (run === 1 ? 'truncated' : undefined) }, async (scene) => {
      const root = await finished(scene)
      const error = await rejection(retry(scene, root))
      expect(error.code).toBe('NothingToRetry')
      expect(error.hint).toContain('--all')
      const { retried } = await retry(scene, root, { shouldRetryAnswers: true })
      expect(retried).toMatchObject([{ requests: 5 }])
      await scene.watch()
      expect(resultTexts(scene, root)).toEqual(idsUpTo(5).map((id) => `${id} success`))
    }))
})

/** A crash at the nth operation of a kind, then the same call again; whether there was such an operation. */
function isStruckAndMended(operation: FaultOperation, nth: number): Promise<boolean> {
  const { options, cure } = troubled()
  return withScene(options, async (scene) => {
    const root = await finished(scene)
    cure()
    const disk = faultFileSystem(scene.workspace.fileSystem, [{ operation, nth, error: 'crash' }])
    await retry(scene.on(disk), root).catch(() => {})
    await removeWorkspaceLock(scene.workspace)
    await retry(scene, root)
    await scene.watch()
    await expectSettled(scene, root, idsUpTo(5))
    expect(resultTexts(scene, root)).toEqual(idsUpTo(5).map((id) => `${id} success`))
    expect(scene.server.batches()).toHaveLength(2)
    expect(answeredTwice(scene)).toEqual([])
    return disk.isCrashed()
  })
}

describe('what failed here and was sent by other means since', () => {
  const half = { defaults: { ending: { status: 'cancelled', afterShare: 0.5 } } } as const

  test('is left out and named: each request is paid for once', () =>
    withScene({}, async (scene) => {
      scene.server.plan(half.defaults)
      const root = indexOf(await scene.submit(scene.requests(4)))
      await scene.watch()
      const others = (await scene.submit(scene.requests(['row-3']))).prepared
      const other = others.find(({ isKnown }) => !isKnown)?.index ?? ''
      const onEvent = (event: ReconciliationEvent): void => void scene.events.push(event)
      expect((await retry(scene, root, { onEvent })).retried).toMatchObject([{ requests: 1 }])
      expect(warningsOf(scene).join('\n')).toContain(
        `1 failed request of triple ${root} is not sent again: triple ${other}`,
      )
      await scene.watch()
      expect(answeredTwice(scene)).toEqual([])
      expect(await rejection(retry(scene, root))).toMatchObject({
        code: 'NothingToRetry',
        message: expect.stringContaining(other),
      })
    }))

  test('is sent when the other one failed, too', () =>
    withScene({}, async (scene) => {
      scene.server.plan(half.defaults, { ending: { status: 'cancelled', afterShare: 0 } })
      const root = indexOf(await scene.submit(scene.requests(4)))
      await scene.watch()
      await scene.submit(scene.requests(4))
      await scene.watch()
      expect((await retry(scene, root)).retried).toMatchObject([{ requests: 2 }])
      await scene.watch()
      expect(answeredTwice(scene)).toEqual([])
    }))

  test('is sent when only the register of a triple that was taken away has it', () =>
    withScene({}, async (scene) => {
      scene.server.plan(half.defaults, half.defaults)
      const first = indexOf(await scene.submit(scene.requests(4)))
      await scene.watch()
      const { layout } = scene.workspace
      for (const kind of ['input', 'output', 'metadata'] as const) rmSync(layout.doneFile(kind, first))
      rmSync(layout.resultsFile(first))
      const again = indexOf(await scene.submit(scene.requests(4), { shouldSubmitAgain: true }))
      await scene.watch()
      expect((await retry(scene, again)).retried).toMatchObject([{ requests: 2 }])
    }))
})

describe('a retry that was cut short', () => {
  test.each(['write', 'rename', 'syncDirectory'] as const)(
    'is finished by the next call, and makes one batch: %s',
    async (operation) => {
      let strikes = 0
      while (await isStruckAndMended(operation, strikes + 1)) strikes += 1
      expect(strikes).toBeGreaterThan(3)
    },
  )

  test('between the marks and the triple: the marked requests become that very triple', () =>
    withScene(troubled().options, async (scene) => {
      const root = await finished(scene)
      const offline = { client: undefined }
      const first = await retry(scene, root, offline)
      const retryIndex = first.retried[0]?.retryIndex ?? ''
      const input = scene.workspace.layout.workdirFile('input', retryIndex)
      const bytes = readFileSync(input, 'utf8')
      rmSync(input)
      rmSync(scene.workspace.layout.workdirFile('metadata', retryIndex))
      expect((await retry(scene, root, offline)).retried).toEqual(first.retried)
      expect(readFileSync(input, 'utf8')).toBe(bytes)
    }))
})

describe('refusals', () => {
  test('nothing failed: says so, and nothing is written or sent', () =>
    withScene({}, async (scene) => {
      const root = await finished(scene)
      const error = await rejection(retry(scene, root))
      expect(error.code).toBe('NothingToRetry')
      expect(error.message).toContain(`batch_results_${root}.jsonl`)
      expect(namesIn(scene, 'workdir')).toEqual([])
      expect(scene.server.batches()).toHaveLength(1)
    }))

  test('an index nobody knows, or that is none', () =>
    withScene({}, async (scene) => {
      expect((await rejection(retry(scene, '77'))).code).toBe('NoBatchFileTripleAtIndex')
      expect((await rejection(retry(scene, '07'))).code).toBe('InvalidBatchIndex')
    }))

  test('results or input that are gone: names the file, and changes nothing', () =>
    withScene(troubled().options, async (scene) => {
      const root = await finished(scene)
      const { layout } = scene.workspace
      const results = readFileSync(layout.resultsFile(root), 'utf8')
      renameSync(layout.resultsFile(root), `${layout.resultsFile(root)}.away`)
      const error = await rejection(retry(scene, root))
      expect(error.code).toBe('ReconciliationFailed')
      expect(error.message).toContain(`batch_results_${root}.jsonl is gone`)
      renameSync(`${layout.resultsFile(root)}.away`, layout.resultsFile(root))

      const first = (await retry(scene, root)).retried[0]?.retryIndex ?? ''
      await scene.watch()
      rmSync(layout.doneFile('input', root))
      const gone = await rejection(retry(scene, first))
      expect(gone.code).toBe('NoBatchFileTripleAtIndex')
      expect(gone.message).toContain(`root triple ${root}`)
      expect(results).not.toContain('"retry"')
      expect(readFileSync(layout.resultsFile(root), 'utf8')).not.toContain('"retry"')
    }))
})

describe('a triple that stands in workdir/', () => {
  test('is run again, and no other', () =>
    withFiles(
      {
        'workdir/batch_input_1.jsonl': `${requestLine('a')}\n${requestLine('b')}\n`,
        'workdir/batch_input_2.jsonl': `${requestLine('a')}\n`,
      },
      async (workspace) => {
        const report = await retryByHand(workspace, '1')
        expect(report.triples.map(({ index, outcome }) => `${index} ${outcome.type}`)).toEqual([
          '1 not-submitted',
        ])
        expect(report.retried).toEqual([])
        expect(existsSync(workspace.layout.journalFile('2'))).toBe(false)
      },
    ))
})
