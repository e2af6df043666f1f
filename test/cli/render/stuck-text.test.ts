import { describe, expect, test } from 'vitest'
import { plainStyle } from '../../../src/cli/render/style.js'
import { stuckText, toldTriple } from '../../../src/cli/render/stuck-text.js'
import type { TripleStatus } from '../../../src/engine/report.js'

const failed: TripleStatus = {
  index: '7',
  state: 'failed',
  stateSinceMs: 0,
  isAtRest: true,
  remoteStatus: 'failed',
  batchId: 'batch_7',
  lastPollAtMs: 60_000,
  atServer: null,
  counts: null,
  tokens: null,
  sinceMs: 0,
  attempt: 1,
  rootIndex: '7',
  problem: { code: 'BatchFailed', message: 'The batch failed.', hint: 'Look at its errors.' },
  unconfirmed: null,
  worker: null,
}
/** Its cure speaks of itself. */
const own = (index: string): TripleStatus => ({
  ...failed,
  index,
  problem: { code: 'BatchFailed', message: 'No.', hint: `retry ${index}` },
})
const textOf = (...triples: readonly TripleStatus[]): string =>
  stuckText(
    triples.map((triple) => toldTriple(triple, { isAtWork: false, nowMs: 180_000, root: './b' })),
    plainStyle,
  )

describe('the stories of stuck triples', () => {
  test('say where and since when, why, and what to do', () => {
    expect(textOf(failed)).toBe(
      [
        '✗ 7 failed: in failed for 3 min, last poll 2 min ago, server says failed',
        '  BatchFailed: The batch failed.',
        '  → Look at its errors.',
        '',
      ].join('\n'),
    )
  })

  test('leave out those that wait as they should', () => {
    const waiting = { ...failed, state: 'awaiting-online-files.waiting', problem: null }
    expect(textOf(waiting)).toBe('')
  })

  test('say what helps also where nobody knows what went wrong', () => {
    expect(textOf({ ...failed, problem: null })).toContain('  → `batch-reconciler run ./b` tries it again')
  })

  test('of one cause are one alarm, and another cause stays visible behind it', () => {
    const refused = Array.from({ length: 1_234 }, (_, at) => ({ ...failed, index: `${at}` }))
    const other = { ...failed, index: 'x', problem: { code: 'DiskFull', message: 'Full.' } as const }
    expect(textOf(...refused, other).split('\n')).toEqual([
      '✗ 1,234 × BatchFailed: The batch failed.',
      '  triples 0, 1, 2, 3, 4 and 1,229 more',
      '  → Look at its errors.',
      '✗ x failed: in failed for 3 min, last poll 2 min ago, server says failed',
      '  DiskFull: Full.',
      '  → `batch-reconciler run ./b` tries it again and says what is wrong.',
      '',
    ])
  })

  test('say whose cure it is when each has its own', () => {
    expect(textOf(own('8'), own('9'))).toContain('  → for 8: retry 8\n')
  })

  test('cannot be made to draw on the screen by what a server says', () => {
    const evil = 'a\u001b[2J\u202eb\nc'
    const text = textOf({
      ...failed,
      index: evil,
      remoteStatus: evil,
      problem: { code: 'BatchFailed', message: evil, hint: evil },
    })
    for (const mark of ['\u001b', '\u202e']) expect(text).not.toContain(mark)
    expect(text.trimEnd().split('\n')).toHaveLength(3)
  })
})
