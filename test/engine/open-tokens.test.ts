import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import {
  adoptBatch,
  removeWorkspaceLock,
  workspaceStatus,
  type ReconciliationEvent,
  type WatchOptions,
} from '../../src/index.js'
import { faults } from '../../src/testing/index.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import {
  countOf,
  metadataOf,
  outcomes,
  reportOf,
  requestLine,
  withScene,
  type Scene,
} from '../server/scene.js'
import { unsyncedFileSystem } from '../workspace/support.js'

const mini = 'gpt-4o-mini'
const other = 'gpt-4o'

function put({ workspace }: Scene, index: string, model = mini): void {
  writeFileSync(workspace.layout.workdirFile('input', index), `${requestLine(`r${index}`, model)}\n`)
}

/** Of one input of `put`: its text, what a chat adds to a message, and what begins the answer. */
const unit = countTokens('user') + countTokens('Say r1.') + 3 + 3

const send = (scene: Scene, options: WatchOptions): ReturnType<Scene['run']> =>
  scene.run({ shouldSubmit: true, ...options })
const watch = (scene: Scene, options: WatchOptions): ReturnType<Scene['watch']> =>
  scene.watch({ shouldSubmit: true, ...options })
const created = (scene: Scene): number => countOf(scene, 'batches.create')

/** The most batches of each model that were at work at once, seen whenever something is reported. */
function mostAtOnce(scene: Scene) {
  const most = new Map<string, number>()
  const look = (): void => {
    const now = new Map<string, number>()
    for (const { status, input_file_id: fileId } of scene.server.batches()) {
      if (!['validating', 'in_progress', 'finalizing'].includes(status)) continue
      const [line = ''] = Buffer.from(scene.server.fileBytes(fileId ?? '') ?? [])
        .toString()
        .split('\n')
      const { model } = (JSON.parse(line) as { body: { model: string } }).body
      now.set(model, (now.get(model) ?? 0) + 1)
    }
    for (const [model, count] of now) most.set(model, Math.max(most.get(model) ?? 0, count))
  }
  const onEvent = (event: ReconciliationEvent): void => {
    scene.events.push(event)
    look()
  }
  return { onEvent, most }
}

describe('a limit of tokens at the server at once', () => {
  test('lets through what fits; the rest waits, and goes by itself when others have ended', () =>
    withScene({}, async (scene) => {
      for (const index of ['1', '2', '3', '4', '5']) put(scene, index)
      const options = { maxOpenTokens: 2 * unit }
      const first = await send(scene, options)
      expect(outcomes(first)).toEqual(['pending', 'pending', ...Array(3).fill('pending RateLimited')])
      expect(reportOf(first, '3')).toMatchObject({
        state: 'submitting.waiting-for-room',
        problem: {
          message: `Triple 3 waits: it takes about ${unit} tokens of input of ${mini}, ${2 * unit} are under way, and ${2 * unit} may be (--max-open-tokens).`,
          isPassing: true,
        },
      })
      expect((await workspaceStatus(scene.workspace)).triples[2]?.state).toBe('submitting.waiting-for-room')
      const { onEvent, most } = mostAtOnce(scene)
      expect(outcomes(await watch(scene, { ...options, onEvent }))).toEqual(Array(5).fill('done'))
      expect(created(scene)).toBe(5)
      expect(most.get(mini)).toBe(2)
    }))

  test('is of each model by itself', () =>
    withScene({}, async (scene) => {
      for (const index of ['1', '3', '5']) put(scene, index, mini)
      for (const index of ['2', '4', '6']) put(scene, index, other)
      const { onEvent, most } = mostAtOnce(scene)
      expect(outcomes(await send(scene, { maxOpenTokens: 2 * unit, onEvent }))).toEqual([
        ...Array(4).fill('pending'),
        ...Array(2).fill('pending RateLimited'),
      ])
      expect(outcomes(await watch(scene, { maxOpenTokens: 2 * unit, onEvent }))).toEqual(
        Array(6).fill('done'),
      )
      expect([...most]).toEqual([
        [mini, 2],
        [other, 2],
      ])
    }))

  test('counts what was sent without one, and a batch that was made elsewhere by the bytes of its input', () =>
    withScene({}, async (scene) => {
      put(scene, '1')
      await send(scene, {})
      expect((await metadataOf(scene, '1')).submission?.input_tokens).toBeNull()
      put(scene, '2')
      const file = new File([`${requestLine('r2')}\n`], 'theirs.jsonl')
      const { id: input_file_id } = await scene.client.files.create({ file, purpose: 'batch' })
      const { id } = await scene.client.batches.create({
        input_file_id,
        endpoint: '/v1/chat/completions',
        completion_window: '24h',
      })
      const { client, clock } = scene
      await adoptBatch(scene.workspace, '2', id, { client, clock })
      put(scene, '3')
      const bytes = requestLine('r1').length
      const waiting = await send(scene, { maxOpenTokens: 2 * bytes + unit })
      expect(reportOf(waiting, '3').problem?.message).toContain(`${2 * bytes + 1} are under way`)
      expect(reportOf(await send(scene, { maxOpenTokens: 2 * bytes + unit + 1 }), '3').outcome).toMatchObject(
        { type: 'pending', problem: null },
      )
    }))

  test('holds for `submit`, and for retries', () =>
    withScene({ answer: () => 'server-error' as const }, async (scene) => {
      const path = scene.requests(3)
      const all = 3 * unit + 2 * 3
      const { onEvent, most } = mostAtOnce(scene)
      expect(outcomes(await scene.submit(path, { maxOpenTokens: all, onEvent }))).toEqual(['pending'])
      await scene.submit(scene.requests(['x'], 'x.jsonl'), { maxOpenTokens: all, onEvent })
      expect(created(scene)).toBe(1)
      const report = await watch(scene, { maxOpenTokens: all, onEvent })
      expect(report.triples.map(({ attempt }) => attempt).toSorted()).toEqual([1, 1, 2, 2, 3, 3])
      expect(most.get(mini)).toBe(1)
    }))
})

describe('a batch that is larger than the whole limit', () => {
  test('is said to be so, for a person, and nothing of it is uploaded; others go', () =>
    withScene({}, async (scene) => {
      writeFileSync(
        scene.workspace.layout.workdirFile('input', '1'),
        ['a', 'b', 'c'].map((id) => `${requestLine(id)}\n`).join(''),
      )
      put(scene, '2')
      const report = await watch(scene, { maxOpenTokens: unit + 1 })
      expect(outcomes(report)).toEqual(['needs-attention OverBudget', 'done'])
      const { problem } = reportOf(report, '1')
      expect(problem?.message).toContain('never fits')
      const [, most = ''] = /--max-open-tokens (\d+)`/.exec(problem?.hint ?? '') ?? []
      expect(outcomes(await watch(scene, { maxOpenTokens: Number(most) - 1 }))).toEqual([
        'needs-attention OverBudget',
      ])
      expect(countOf(scene, 'files.create')).toBe(1)
      expect(outcomes(await watch(scene, { maxOpenTokens: Number(most) }))).toEqual(['done'])
    }))
})

describe('what is open', () => {
  test('is known after a crash at any write, and what was reserved is sent', async () => {
    let struck = 0
    for (let nth = 1; struck === nth - 1; nth += 1) {
      await withScene({}, async (scene) => {
        for (const index of ['1', '2', '3']) put(scene, index)
        const disk = faultFileSystem(unsyncedFileSystem, [{ operation: 'rename', nth, error: 'crash' }])
        const { onEvent, most } = mostAtOnce(scene)
        const options = { maxOpenTokens: unit, onEvent }
        await send(scene.on(disk), options).catch(() => {})
        struck += disk.strikes()
        await removeWorkspaceLock(scene.workspace)
        expect(outcomes(await watch(scene, options))).toEqual(Array(3).fill('done'))
        expect([created(scene), most.get(mini)]).toEqual([3, 1])
      })
    }
    expect(struck).toBeGreaterThan(3)
  }, 120_000)

  test('has a batch that may have been made, until it is known that it was not', () =>
    withScene({}, async (scene) => {
      put(scene, '1')
      put(scene, '2')
      const fault = scene.server.script(faults.createAnswerLost({ times: 100 }))
      const options = { maxOpenTokens: 2 * unit - 1, concurrency: 1 }
      await send(scene, options)
      expect(fault.hits()).toBeGreaterThan(0)
      expect(reportOf(await send(scene, options), '2').problem?.code).toBe('RateLimited')
    }))

  test('has nothing of two that a crash left on their way, when a lower limit has room for one', () =>
    withScene({}, async (scene) => {
      for (const index of ['1', '2']) {
        put(scene, index)
        const bound = { requests: 1, input_tokens: 200, output_tokens: 0, unbounded_requests: 0 }
        const submission = { intent_key: `key-${index}`, intended_at_ms: 1, bound, input_tokens: unit }
        const metadata = { batch_id: '', input_file_id: '', root_index: index, model: mini, submission }
        writeFileSync(scene.workspace.layout.workdirFile('metadata', index), JSON.stringify(metadata))
      }
      const { onEvent, most } = mostAtOnce(scene)
      expect(outcomes(await watch(scene, { maxOpenTokens: unit, onEvent }))).toEqual(['done', 'done'])
      expect([created(scene), most.get(mini)]).toEqual([2, 1])
    }))

  test('is not read again from inputs that wait, however often the server is polled', () =>
    withScene({ defaults: { inProgressMs: 3_600_000 } }, async (scene) => {
      put(scene, '1')
      put(scene, '2')
      const disk = faultFileSystem(unsyncedFileSystem)
      const input = scene.workspace.layout.workdirFile('input', '2')
      await watch(scene.on(disk), { maxOpenTokens: unit })
      const polls = countOf(scene, 'batches.retrieve') + countOf(scene, 'batches.list')
      const reads = disk.log.filter(({ operation, path }) => operation === 'open' && path === input).length
      expect(polls).toBeGreaterThan(50)
      expect(reads).toBeLessThan(20)
    }))
})
