import assert from 'node:assert/strict'
import { describe, expect, test } from 'vitest'
import { failedState, seedOf, type Problem } from '../../machines/index.js'
import type { ReconciliationEvent, RemoteBatch, TripleReport } from '../../src/index.js'
import { watchWorkspace } from '../../src/index.js'
import { sleepingTriples } from '../../src/engine/sleeping-triples.js'
import { statusBoard } from '../../src/providers/status-board.js'
import { scanWorkspace } from '../../src/workspace/scan.js'
import type { BatchFileTriple } from '../../src/workspace/triple.js'
import { idleClock } from '../fakes/idle-clock.js'
import { withWorkspace } from '../workspace/support.js'
import { remoteBatch, tellingProvider, waitingFiles } from './waiting-batches.js'

const waiting = 'awaiting-online-files.waiting'
const signal = new AbortController().signal

const reportOf = (index: string, more: Partial<TripleReport> = {}): TripleReport => ({
  index,
  outcome: { type: 'pending', remoteStatus: 'in_progress', problem: null },
  state: waiting,
  operations: [],
  counts: null,
  tokens: null,
  rows: null,
  lineageRows: null,
  failedForGood: null,
  requestsSent: null,
  problem: null,
  attempt: 1,
  rootIndex: index,
  remoteStatus: 'in_progress',
  resultsPath: null,
  unconfirmed: null,
  ...more,
})

const triplesOf = (count: number): Promise<readonly BatchFileTriple[]> =>
  withWorkspace(waitingFiles(count), async (workspace) => (await scanWorkspace(workspace)).triples)

/** With one triple and a tenth of a look a pass its turn comes every tenth pass: not in the ones before. */
const looksAPass = 0.1
const turns = 10
const ownTurn = seedOf('1') % turns

/** Lays triple 1 down, asks the server anew, and gives what is left of its sleep in the pass of that number. */
async function afterPoll(
  said: RemoteBatch | null | undefined,
  {
    pass = ownTurn + 1,
    change = (triple) => triple,
    failure = null,
  }: {
    readonly pass?: number
    readonly change?: (triple: BatchFileTriple) => BatchFileTriple
    readonly failure?: Problem | null
  } = {},
): Promise<'asleep' | 'awake'> {
  const [triple] = await triplesOf(1)
  assert(triple !== undefined)
  const board = statusBoard(tellingProvider(() => said))
  const asleep = sleepingTriples(board, looksAPass)
  const report = reportOf('1')
  expect(asleep.lay(triple, 'batch-1', report)).toBe(true)
  for (let begun = 0; begun < pass; begun += 1) asleep.beginPass()
  await board.prefetch(['batch-1'], signal)
  if (failure !== null) board.fail(['batch-1'], failure)
  const found = asleep.sleepOn(change(triple))
  // What was learnt is kept for the actor of one that wakes, and dropped for one that sleeps on.
  expect(board.learnt('batch-1') === null).toBe(found !== null)
  if (found === null) return 'awake'
  expect(found).toBe(report)
  expect(asleep.batchOf(triple)).toBe('batch-1')
  return 'asleep'
}

describe('a triple that sleeps until its batch has news', () => {
  test('sleeps on while the server says what it said, or did not come to it, or is out of reach', async () => {
    expect(await afterPoll(remoteBatch('batch-1'))).toBe('asleep')
    expect(await afterPoll(undefined)).toBe('asleep')
    const failure: Problem = { code: 'NetworkError', message: 'cut', isPassing: true }
    expect(await afterPoll(undefined, { failure })).toBe('asleep')
  })

  test.each([
    ['another status', remoteBatch('batch-1', { status: 'failed' })],
    ['an output file', remoteBatch('batch-1', { outputFileId: 'file-2' })],
    ['an error file', remoteBatch('batch-1', { errorFileId: 'file-3' })],
    ['no such batch', null],
  ])('wakes when the server says %s', async (_, said) => {
    expect(await afterPoll(said)).toBe('awake')
  })

  test('wakes when the server refuses for good', async () => {
    expect(await afterPoll(undefined, { failure: { code: 'AccessDenied', message: 'no' } })).toBe('awake')
  })

  test.each(['output', 'error', 'input', 'metadata'] as const)(
    'wakes when its %s came or went',
    async (kind) => {
      const change = (triple: BatchFileTriple): BatchFileTriple => ({
        ...triple,
        [kind]: triple[kind] === null ? '/somewhere' : null,
      })
      expect(await afterPoll(remoteBatch('batch-1'), { change })).toBe('awake')
    },
  )

  test('has its turn to be looked at once in so many passes', async () => {
    const found: string[] = []
    for (let pass = 0; pass < turns; pass += 1)
      found.push(await afterPoll(remoteBatch('batch-1'), { pass: turns + pass }))
    expect(found.filter((one) => one === 'awake')).toHaveLength(1)
    expect(found[ownTurn]).toBe('awake')
  })

  test('is no triple that waits for something else, or has a problem', async () => {
    const [triple] = await triplesOf(1)
    assert(triple !== undefined)
    const asleep = sleepingTriples(statusBoard(tellingProvider(() => undefined)), looksAPass)
    const problem: Problem = { code: 'NetworkError', message: 'cut' }
    expect(asleep.lay(triple, 'batch-1', reportOf('1', { problem }))).toBe(false)
    expect(asleep.lay(triple, 'batch-1', reportOf('1', { state: failedState }))).toBe(false)
    expect(asleep.batchOf(triple)).toBeNull()
    expect(asleep.sleepOn(triple)).toBeNull()
  })

  test('sleeps also when the server is late with its batch', async () => {
    const [triple] = await triplesOf(1)
    assert(triple !== undefined)
    const asleep = sleepingTriples(statusBoard(tellingProvider(() => undefined)), looksAPass)
    const problem: Problem = { code: 'BatchOverdue', message: 'late', needsPerson: true }
    expect(asleep.lay(triple, 'batch-1', reportOf('1', { problem }))).toBe(true)
  })

  test('wakes when a person asks', async () => {
    const [triple] = await triplesOf(1)
    assert(triple !== undefined)
    const board = statusBoard(tellingProvider(() => remoteBatch('batch-1')))
    const asleep = sleepingTriples(board, looksAPass)
    asleep.lay(triple, 'batch-1', reportOf('1'))
    for (let pass = 0; pass <= ownTurn; pass += 1) asleep.beginPass()
    await board.prefetch(['batch-1'], signal)
    asleep.wake('1')
    expect(asleep.sleepOn(triple)).toBeNull()
  })
})

describe('a watch over more waiting triples than it keeps actors for', () => {
  const count = 1_060

  test('moves those alone of which there is news, and reports all of them', () =>
    withWorkspace(waitingFiles(count), async (workspace) => {
      const stop = new AbortController()
      const provider = tellingProvider((batchId) =>
        remoteBatch(batchId, batchId === `batch-${count}` && polls >= 2 ? { status: 'failed' } : {}),
      )
      let polls = 0
      let moved = new Set<string>()
      let settled = 0
      const passes: { moved: number; settled: number }[] = []
      const onEvent = (event: ReconciliationEvent): void => {
        if (event.type === 'triple.changed') moved.add(event.index)
        if (event.type === 'triple.settled') settled += 1
        if (event.type !== 'poll.scheduled') return
        passes.push({ moved: moved.size, settled })
        moved = new Set()
        settled = 0
        polls += 1
        if (polls === 4) stop.abort()
      }
      const { triples } = await watchWorkspace(workspace, {
        provider,
        clock: idleClock(Date.UTC(2026, 0, 2)),
        onEvent,
        signal: stop.signal,
        concurrency: 8,
      })
      expect(provider.asked).toEqual([count, count, count, count - 1])
      expect(passes[0]).toEqual({ moved: count, settled: count })
      expect(triples).toHaveLength(count)
      expect(triples.at(-1)).toMatchObject({ index: String(count), outcome: { type: 'needs-attention' } })
      expect(triples.filter(({ outcome }) => outcome.type === 'pending')).toHaveLength(count - 1)
    }))
})
