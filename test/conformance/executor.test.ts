import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { reconcileWorkspace, submitRequests, type BatchWorkspace } from '../../src/index.js'
import type { BatchPlan, Fault } from '../../src/testing/index.js'
import { rejection, withWorkspace } from '../workspace/support.js'
import {
  impatientClock,
  jsonl,
  namesIn,
  online,
  onlyErrors,
  outcomesOf,
  requestLine,
  secondFails,
  type Online,
} from './support.js'

const input = jsonl(requestLine('a'), requestLine('b'))

/** Two requests in a file, sent to a server. */
function withRequests<T>(
  world: Online,
  use: (workspace: BatchWorkspace, submit: () => ReturnType<typeof submitRequests>) => Promise<T>,
): Promise<T> {
  return withWorkspace({ 'requests.jsonl': input }, (workspace) =>
    use(workspace, () =>
      submitRequests(workspace, [join(workspace.root, 'requests.jsonl')], {
        provider: world.provider,
        clock: impatientClock,
        limits: { maxRetries: 1 },
      }),
    ),
  )
}

/** Sends the requests, lets the batch end as planned, reconciles. Gives outcomes by id and what stands in `done/`. */
function executed(plan: BatchPlan) {
  const world = online({ defaults: plan })
  return withRequests(world, async (workspace, submit) => {
    const { prepared } = await submit()
    const index = prepared[0]?.index ?? ''
    world.server.finishBatches()
    const { triples } = await reconcileWorkspace(workspace, {
      provider: world.provider,
      clock: impatientClock,
    })
    return {
      outcome: triples[0]?.outcome,
      rows: outcomesOf(workspace, index),
      done: namesIn(workspace, 'done').map((name) => name.replace(`_${index}.jsonl`, '')),
    }
  })
}

const failing: BatchPlan = { ending: { status: 'failed', errors: [] } }

describe('from requests to results', () => {
  test('X1 a batch with nothing but errors leaves errors and no answers', async () => {
    const { rows, done } = await executed(onlyErrors)
    expect(rows).toEqual({ a: 'permanent', b: 'permanent' })
    expect(done).toEqual(['batch_error', 'batch_input', 'batch_metadata'])
  })

  test('X2 a batch with answers and errors leaves both, and both files in done', async () => {
    const { rows, done } = await executed(secondFails)
    expect(rows).toEqual({ a: 'success', b: 'permanent' })
    expect(done).toEqual(['batch_error', 'batch_input', 'batch_metadata', 'batch_output'])
  })

  test('X3 a batch that fails at once is reported as failed', async () => {
    const { outcome, done } = await executed({ ...failing, validatingMs: 0 })
    expect(outcome).toMatchObject({ type: 'needs-attention', problem: { code: 'BatchFailed' } })
    expect(done).toEqual([])
  })

  test('X4 a batch that fails later is reported as failed then', async () => {
    const { outcome, rows } = await executed({ ...failing, validatingMs: 60_000 })
    expect(outcome).toMatchObject({ type: 'needs-attention', problem: { code: 'BatchFailed' } })
    expect(rows).toEqual({})
  })

  test('X5 a requests file that does not exist is an error, and nothing is sent', async () => {
    const { provider, server } = online()
    await withWorkspace({}, async (workspace) => {
      const problem = await rejection(
        submitRequests(workspace, [join(workspace.root, 'nowhere.jsonl')], { provider }),
      )
      expect(problem.code).toBe('FileSystemError')
      expect(server.requests()).toEqual([])
    })
  })

  test('X6 requests that were sent before are not sent again', async () => {
    const world = online()
    await withRequests(world, async (_, submit) => {
      const first = await submit()
      const second = await submit()
      expect(second.prepared).toEqual([{ ...first.prepared[0], isKnown: true }])
      expect(world.server.batches()).toHaveLength(1)
    })
  })

  test('X7 an upload that the server refuses ends the triple with that error', async () => {
    const fault: Fault = {
      on: 'files.create',
      times: Infinity,
      effect: { type: 'answer', status: 400, body: { error: { message: 'No.' } } },
    }
    const world = online({ faults: [fault] })
    await withRequests(world, async (_, submit) => {
      const { triples } = await submit()
      expect(triples[0]?.problem?.code).toBe('RequestRefused')
      expect(world.server.batches()).toEqual([])
    })
  })

  test('X8 an upload whose connection breaks ends the triple with that error, and the next run sends it', async () => {
    const world = online({ faults: [{ on: 'files.create', times: 2, effect: { type: 'reset' } }] })
    await withRequests(world, async (_, submit) => {
      expect((await submit()).triples[0]?.problem?.code).toBe('NetworkError')
      expect((await submit()).triples[0]?.outcome.type).toBe('pending')
      expect(world.server.batches()).toHaveLength(1)
    })
  })

  test('X9 a batch with nothing but answers leaves answers and no error file', async () => {
    const { rows, done } = await executed({})
    expect(rows).toEqual({ a: 'success', b: 'success' })
    expect(done).toEqual(['batch_input', 'batch_metadata', 'batch_output'])
  })
})
