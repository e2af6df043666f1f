import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.js'
import { acquireWorkspaceLock } from '../../src/workspace/hold-workspace.js'
import { openWorkspace } from '../../src/workspace/open-workspace.js'
import { parseMetrics, type ParsedMetric } from '../engine/signals/parse-metrics.js'
import { readDocument, sectionOf } from '../docs/markdown.js'
import { batchReconciler, recipes, temporaryFolder, workspaceWith } from './command-line.js'

const valuesOf = (metrics: readonly ParsedMetric[], name: string, label: string): Record<string, number> =>
  Object.fromEntries(
    (metrics.find((one) => one.name === `batch_reconciler_${name}`)?.samples ?? []).map((sample) => [
      sample.labels[label] ?? '',
      sample.value,
    ]),
  )

describe('--metrics-file', () => {
  test('leaves the numbers of a run, in the grammar of Prometheus, and no other file', async () => {
    const folder = await temporaryFolder()
    const root = await workspaceWith(recipes.whole, recipes.retryable, recipes.withoutInput)
    const startedAtMs = Date.now()
    const inputs = ['run', root, '--metrics-file', 'batches.prom']
    const result = await batchReconciler(inputs, { currentDirectory: folder })
    expect(result.exitCode).toBe(1)
    expect(readdirSync(folder)).toEqual(['batches.prom'])
    const metrics = parseMetrics(readFileSync(join(folder, 'batches.prom'), 'utf8'))
    expect(valuesOf(metrics, 'triples', 'outcome')).toEqual({
      done: 2,
      pending: 0,
      'not-submitted': 1,
      'needs-attention': 1,
      failed: 0,
    })
    expect(valuesOf(metrics, 'stuck_triples', 'reason')).toMatchObject({ 'needs-attention': 1, overdue: 0 })
    expect(valuesOf(metrics, 'rows_processed_total', 'class')).toMatchObject({
      success: 26,
      permanent: 1,
      transient: 3,
    })
    expect(valuesOf(metrics, 'requests_again_total', 'workspace')).toEqual({ [root]: 3 })
    expect(valuesOf(metrics, 'running', 'workspace')).toEqual({ [root]: 0 })
    expect(valuesOf(metrics, 'bytes_read_total', 'workspace')[root]).toBeGreaterThan(1_000)
    const updatedAt = valuesOf(metrics, 'updated_timestamp_seconds', 'workspace')[root] ?? 0
    expect(updatedAt).toBeGreaterThanOrEqual(Math.floor(startedAtMs / 1_000))
  })

  test('has the metrics that are explained, of the types that are, and no other', async () => {
    const root = await workspaceWith(recipes.whole)
    const path = join(await temporaryFolder(), 'a.prom')
    await batchReconciler(['run', root, '--metrics-file', path])
    const rows = sectionOf(readDocument('signals.md'), 'Metrics').matchAll(/^\| `(\w+)` \| (\w+) \|/gm)
    const explained = [...rows].map(([, name, type]) => ({ name, type }))
    const written = parseMetrics(readFileSync(path, 'utf8')).map(({ name, type }) => ({ name, type }))
    expect(written).toEqual(explained)
  })

  test('that cannot be written is said once, and changes nothing else', async () => {
    const root = await workspaceWith(recipes.whole)
    const path = join(await temporaryFolder(), 'nowhere', 'a.prom')
    const result = await batchReconciler(['run', root, '--metrics-file', path])
    expect(result.exitCode).toBe(0)
    expect(result.stderr.split('The metrics cannot be written')).toHaveLength(2)
  })

  test('is left alone by a run that finds the workspace taken', async () => {
    const root = await workspaceWith(recipes.whole)
    const workspace = await openWorkspace(root)
    const lock = await acquireWorkspaceLock(workspace, { clock: systemClock })
    const folder = await temporaryFolder()
    const result = await batchReconciler(['run', root, '--metrics-file', join(folder, 'a.prom')])
    await lock.release()
    expect(result.exitCode).toBe(3)
    expect(readdirSync(folder)).toEqual([])
  })

  test('under a name that the collector does not read is wrong usage', async () => {
    const root = await temporaryFolder()
    mkdirSync(join(root, 'workdir'))
    const result = await batchReconciler(['run', root, '--metrics-file', 'a.txt'])
    expect(result.exitCode).toBe(2)
    expect(result.stderr).toContain('.prom')
  })
})
