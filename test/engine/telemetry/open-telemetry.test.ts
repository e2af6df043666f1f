import { SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { describe, expect, test } from 'vitest'
import { openTelemetry, type WatchOptions, type WorkspaceReport } from '../../../src/index.js'
import { countFieldOf, rowClasses } from '../../../machines/index.js'
import { indexOf, outcomes, putInput, reportOf, withScene, type Scene } from '../../server/scene.js'
import { registerSdk, spansIn } from './sdk.js'

const hourMs = 3_600_000

/** Watches, and tells of it. */
async function watchTold(scene: Scene, options: WatchOptions = {}): Promise<WorkspaceReport> {
  const { workspace, clock } = scene
  const telemetry = await openTelemetry(workspace, { clock })
  const onEvent: WatchOptions['onEvent'] = (event) => {
    scene.events.push(event)
    telemetry.onEvent(event)
  }
  const report = await scene.watch({ ...options, onEvent })
  await telemetry.close()
  return report
}

const ofTriples = (spans: readonly ReadableSpan[]): readonly ReadableSpan[] =>
  spans.filter(({ name }) => name === 'triple')

const secondsOf = ({ duration: [seconds, nanoseconds] }: ReadableSpan): number => seconds + nanoseconds / 1e9

const onceServerError = { when: 'row-2', times: 1, answer: 'server-error' } as const

describe('the spans of one of several workers', () => {
  test('end where the triple rests, since others may go on, and so do the waits', () =>
    withScene({ defaults: { inProgressMs: 2 * hourMs } }, async (scene) => {
      const { spans, counts } = registerSdk()
      const { workspace, clock } = scene
      await scene.submit(scene.requests(3))
      const telemetry = await openTelemetry(workspace, { clock, isShared: true })
      await scene.run({ onEvent: telemetry.onEvent })
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, hourMs))
      await telemetry.close()
      const [only] = ofTriples(spans())
      expect(only?.attributes['batch_reconciler.outcome']).toBe('pending')
      expect(secondsOf(only as ReadableSpan)).toBeLessThan(3_600)
      expect(counts()['batch_reconciler.waiting']?.['batch'] ?? 0).toBeLessThan(3_600)
    }))
})

describe('the spans of a watch', () => {
  test('are one for each triple, over all polls, with one for each step in it', () =>
    withScene({ defaults: { inProgressMs: 2 * hourMs } }, async (scene) => {
      const { spans } = registerSdk()
      const index = indexOf(await scene.submit(scene.requests(3)))
      await watchTold(scene)
      const [only, ...others] = ofTriples(spans())
      expect(others).toEqual([])
      expect(only?.attributes).toEqual({
        'batch_reconciler.workspace': scene.workspace.root,
        'batch_reconciler.index': index,
        'batch_reconciler.root_index': index,
        'batch_reconciler.attempt': 1,
        'batch_reconciler.outcome': 'done',
        'batch_reconciler.state': 'done',
        'batch_reconciler.remote_status': 'completed',
        'batch_reconciler.requests_sent': 3,
      })
      const steps = spansIn(only as ReadableSpan, spans())
      expect(steps.map(({ name }) => name)).toEqual([
        'deciding',
        'awaiting-online-files',
        'deciding',
        'checking-ids',
        'processing-outputs',
        'moving-to-done',
      ])
      const [wait] = steps.filter(({ name }) => name === 'awaiting-online-files').map(secondsOf)
      expect(wait).toBeGreaterThan(7_200)
      expect(secondsOf(only as ReadableSpan)).toBeGreaterThanOrEqual(wait ?? 0)
    }))

  test('have a retry beside its root, found by the index of the root', () =>
    withScene({ defaults: { rows: [onceServerError] } }, async (scene) => {
      const { spans } = registerSdk()
      const index = indexOf(await scene.submit(scene.requests(3)))
      const report = await watchTold(scene)
      expect(outcomes(report)).toEqual(['done', 'done'])
      const ofRoot = ofTriples(spans()).filter(
        ({ attributes }) => attributes['batch_reconciler.root_index'] === index,
      )
      expect(ofRoot.map(({ attributes }) => attributes['batch_reconciler.attempt'])).toEqual([1, 2])
    }))

  test('say what a triple needs a person for, and which step failed', () =>
    withScene({}, async (scene) => {
      const { spans } = registerSdk()
      const index = indexOf(await scene.submit(scene.requests(3)))
      const report = await watchTold(scene, {
        processOutput: () => {
          throw new Error('no')
        },
      })
      const { problem } = reportOf(report, index)
      const [only] = ofTriples(spans())
      expect(only?.status).toEqual({ code: SpanStatusCode.ERROR, message: problem?.message })
      expect(only?.attributes).toMatchObject({
        'error.type': 'ProcessorThrew',
        'batch_reconciler.outcome': 'failed',
      })
      const codes = spansIn(only as ReadableSpan, spans()).map(({ name, status }) => [name, status.code])
      expect(Object.fromEntries(codes)).toMatchObject({
        'checking-ids': SpanStatusCode.UNSET,
        'processing-outputs': SpanStatusCode.ERROR,
      })
    }))

  test('end with the watch for those that still wait', () =>
    withScene({ defaults: { inProgressMs: 9 * hourMs } }, async (scene) => {
      const { spans } = registerSdk()
      await scene.submit(scene.requests(3))
      const controller = new AbortController()
      const telemetry = await openTelemetry(scene.workspace, { clock: scene.clock })
      await scene.watch({
        signal: controller.signal,
        onEvent: (event) => {
          telemetry.onEvent(event)
          if (event.type === 'poll.scheduled') controller.abort()
        },
      })
      expect(spans()).toEqual([])
      await telemetry.close()
      const [only] = ofTriples(spans())
      expect(only?.attributes).not.toHaveProperty('batch_reconciler.outcome')
      expect(only?.status.code).toBe(SpanStatusCode.UNSET)
    }))
})

describe('the counters of a watch', () => {
  test('agree with its reports', () =>
    withScene({ defaults: { inProgressMs: 2 * hourMs, rows: [onceServerError] } }, async (scene) => {
      const { counts } = registerSdk()
      await scene.submit(scene.requests(3))
      const { triples } = await watchTold(scene)
      const counted = counts()
      const rows = rowClasses.map((rowClass) => [
        rowClass,
        triples.reduce((sum, report) => sum + (report.rows?.[countFieldOf(rowClass)] ?? 0), 0),
      ])
      expect(counted['batch_reconciler.rows_processed']).toEqual(
        Object.fromEntries(rows.filter(([, count]) => count !== 0)),
      )
      const inputTokens = triples.reduce((sum, { tokens }) => sum + (tokens?.input ?? 0), 0)
      expect(inputTokens).toBeGreaterThan(0)
      expect(counted['batch_reconciler.tokens']).toMatchObject({ input: inputTokens })
      expect(counted['batch_reconciler.retries']).toEqual({ '': 1 })
      expect(counted['batch_reconciler.requests_again']).toEqual({ '': 1 })
      expect(counted['batch_reconciler.bytes_downloaded']?.['']).toBeGreaterThan(100)
      // Two batches of two hours, each found finished at a poll some time after.
      expect(counted['batch_reconciler.waiting']?.['batch']).toBeGreaterThan(4 * 3_600)
      expect(counted['batch_reconciler.waiting']?.['batch']).toBeLessThan(5 * 3_600)
    }))

  test('have the time of those that still wait', () =>
    withScene({ defaults: { inProgressMs: 9 * hourMs } }, async (scene) => {
      const { counts } = registerSdk()
      await scene.submit(scene.requests(3))
      const controller = new AbortController()
      const startedAtMs = scene.clock.now()
      const telemetry = await openTelemetry(scene.workspace, { clock: scene.clock })
      await scene.watch({
        signal: controller.signal,
        onEvent: (event) => {
          telemetry.onEvent(event)
          if (scene.clock.now() - startedAtMs > hourMs) controller.abort()
        },
      })
      await telemetry.close()
      expect(counts()['batch_reconciler.waiting']?.['batch']).toBeGreaterThan(3_500)
    }))

  test('count the tokens of answers once, however often their triple comes to rest', () =>
    withScene({}, async (scene) => {
      const { counts } = registerSdk()
      const index = indexOf(await scene.submit(scene.requests(3)))
      const telemetry = await openTelemetry(scene.workspace, { clock: scene.clock })
      let isBroken = true
      const processOutput = (): void => {
        if (isBroken) throw new Error('no')
      }
      const { onEvent } = telemetry
      await scene.watch({ onEvent, processOutput })
      isBroken = false
      const report = await scene.watch({ onEvent, processOutput })
      await telemetry.close()
      expect(outcomes(report)).toEqual(['done'])
      expect(counts()['batch_reconciler.tokens']).toMatchObject({
        input: reportOf(report, index).tokens?.input,
      })
    }))
})

test('without an SDK nothing is told, and nothing changes', () =>
  withScene({}, async (scene) => {
    putInput(scene, '7', ['a'])
    await scene.submit(scene.requests(3))
    expect(outcomes(await watchTold(scene)).toSorted()).toEqual(['done', 'not-submitted'])
  }))

test('a collector that never answers holds nobody up for long', () =>
  withScene({}, async (scene) => {
    const { tracers } = registerSdk()
    tracers.forceFlush = () => new Promise<void>(() => {})
    await scene.submit(scene.requests(1))
    const beforeMs = scene.clock.now()
    const telemetry = await openTelemetry(scene.workspace, { clock: scene.clock })
    await telemetry.close()
    expect(scene.clock.now() - beforeMs).toBe(5_000)
  }))
