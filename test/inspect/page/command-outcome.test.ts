import { describe, expect, test } from 'vitest'
import { outcomeText, type AskedFor } from '../../../src/inspect/page/command-outcome.js'
import type { TripleSummary } from '../../../src/inspect/protocol.js'
import { summaryOf } from '../server/scene.js'

const asked = (...indices: readonly string[]): AskedFor => ({
  indices,
  type: 'triple.retry',
  before: new Map(indices.map((index) => [index, 5])),
  atMs: new Date(2026, 0, 1, 10, 6).getTime(),
})

const rested = (index: string, parts: Partial<TripleSummary>): TripleSummary => ({
  ...summaryOf(index),
  restedAtMs: 6,
  ...parts,
})

const yes = (accepted: number) => ({ accepted, refused: [] })

describe('what became of a command', () => {
  test('is told when the triple has come to rest, and not when the command was taken', () => {
    expect(outcomeText(asked('1'), null, [])).toBe('Retry: asking…')
    expect(outcomeText(asked('1'), yes(1), [rested('1', { restedAtMs: 5 })])).toMatch(
      /^Tried again at .*10:06.*: under way…\.$/,
    )
    expect(outcomeText(asked('1'), yes(1), [rested('1', {})])).toMatch(/: stopped again, BatchFailed\.$/)
    expect(outcomeText(asked('1'), yes(1), [rested('1', { state: 'done', problem: null })])).toMatch(
      /: done\.$/,
    )
  })

  test('is summed up for many, with those still under way and the reasons of those that refused', () => {
    const triples = [
      rested('1', { state: 'done' }),
      rested('2', {}),
      rested('3', {}),
      rested('4', { restedAtMs: 5 }),
      rested('9', { state: 'done' }),
    ]
    const answer = { accepted: 4, refused: [{ reason: 'The triple is done.', count: 2 }] }
    expect(outcomeText(asked('1', '2', '3', '4', '5', '6'), answer, triples)).toMatch(
      /: 2 stopped again, BatchFailed, 1 done, 1 under way\. Retry refused: 2: The triple is done\.$/,
    )
  })

  test('is the reason alone where all refused, and the fault where none answered', () => {
    const answer = { accepted: 0, refused: [{ reason: 'The run is over.', count: 1 }] }
    expect(outcomeText(asked('1'), answer, [])).toBe('Retry refused: The run is over.')
    expect(outcomeText(asked('1'), 'Error: 500', [])).toBe('Retry got no answer: Error: 500')
  })
})
