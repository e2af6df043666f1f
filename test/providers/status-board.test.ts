import { expect, test } from 'vitest'
import type { Problem } from '../../machines/index.js'
import type { BatchProvider, RemoteBatch } from '../../src/providers/batch-provider.js'
import { statusBoard } from '../../src/providers/status-board.js'

const problem: Problem = { code: 'AccessDenied', message: 'no', needsPerson: true }
const signal = new AbortController().signal
const batchOf = (batchId: string) => ({ batchId, status: 'in_progress' }) as RemoteBatch

test('the failure of one batch is given to its triple, once, and the others have their answers', async () => {
  const asked: (readonly string[])[] = []
  const board = statusBoard({
    status: (batchIds, _, tellFailure) => {
      asked.push(batchIds)
      if (batchIds.includes('bad')) tellFailure?.('bad', problem)
      return Promise.resolve(new Map([['good', batchOf('good')]]))
    },
  } as Partial<BatchProvider> as BatchProvider)
  await board.prefetch(['bad', 'good', 'later'], signal)
  expect(board.learnt('bad')).toEqual({ type: 'failure', problem })
  await expect(board.provider.status(['bad'], signal)).rejects.toMatchObject({ problem })
  expect((await board.provider.status(['good'], signal)).get('good')?.batchId).toBe('good')
  // Not asked for this time is no failure: it waits for the next poll.
  expect((await board.provider.status(['later'], signal)).size).toBe(0)
  expect(asked).toHaveLength(1)
  await board.provider.status(['bad'], signal)
  expect(asked[1]).toEqual(['bad'])
})
