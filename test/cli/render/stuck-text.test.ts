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
  counts: null,
  sinceMs: 0,
  attempt: 1,
  rootIndex: '7',
  problem: { code: 'BatchFailed', message: 'The batch failed.', hint: 'Look at its errors.' },
  unconfirmed: null,
}
const textOf = (...triples: readonly TripleStatus[]): string =>
  stuckText(
    triples.map((triple) => toldTriple(triple, false, 180_000)),
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

  test('leave out lines that have nothing to say', () => {
    expect(textOf({ ...failed, problem: null }).split('\n')).toHaveLength(2)
  })

  test.each([
    [20, 60, '  → Look at its errors.'],
    [21, 61, 'and 1 more'],
    [1_234, 61, 'and 1,214 more'],
  ])('of %i are %i lines', (count, lineCount, last) => {
    const lines = textOf(...Array.from({ length: count }, () => failed))
      .trimEnd()
      .split('\n')
    expect([lines.length, lines.at(-1)]).toEqual([lineCount, last])
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
