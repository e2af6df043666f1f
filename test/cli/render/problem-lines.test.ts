import { describe, expect, test } from 'vitest'
import type { Problem } from '../../../machines/index.js'
import { problemLines } from '../../../src/cli/render/problem-lines.js'
import { styleFor } from '../../../src/cli/render/style.js'

const plain = styleFor({ isTTY: false, write: () => {} }, {})
const linesOf = (triples: readonly { readonly index: string; readonly problem: Problem | null }[]) =>
  problemLines(triples, plain).flatMap((text) => text.split('\n'))

const refused: Problem = { code: 'AccessDenied', message: 'The key was refused.', hint: 'Check the key.' }
const many = (count: number, problemOf: (at: number) => Problem, from = 1) =>
  Array.from({ length: count }, (_, at) => ({ index: String(from + at), problem: problemOf(at) }))

const inputGone = (at: number): Problem => ({
  code: 'MissingBatchInputFileButOthersExist',
  message: `The input file of triple ${at + 1} is missing.`,
  hint: `Put batch_input_${at + 1}.jsonl back.`,
})

const words = (at: number): string => String.fromCodePoint(0x4e00 + at).repeat(10_000)

describe('the problems of a run', () => {
  test('are told once for each cause; what only one triple has stays visible behind what forty have', () => {
    const alone: Problem = { code: 'ProcessorThrew', message: 'No database.', causeMessage: 'ECONNREFUSED' }
    expect(
      linesOf([...many(40, () => refused), { index: '90', problem: alone }, { index: '91', problem: null }]),
    ).toEqual([
      '✗ 40 × AccessDenied: The key was refused.',
      '  triples 1, 2, 3, 4, 5 and 35 more',
      '  → Check the key.',
      '✗ 90 ProcessorThrew: No database.',
      '  caused by: ECONNREFUSED',
    ])
  })

  test('with cures that differ name the triple whose cure is shown', () => {
    expect(linesOf(many(2, inputGone))).toEqual([
      '✗ 2 × MissingBatchInputFileButOthersExist: The input file of triple 1 is missing.',
      '  triples 1, 2',
      '  → for 1: Put batch_input_1.jsonl back.',
    ])
  })

  test('are bounded, however many kinds there are and however long they are', () => {
    const lines = linesOf(many(1_000, (at) => ({ code: 'UnexpectedError', message: words(at) })))
    expect(lines.length).toBeLessThan(60)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(1_100)
    expect(lines.at(-1)).toContain('`--json` has them')
  })

  test('hold no control characters', () => {
    const evil: Problem = { code: 'UnexpectedError', message: 'a\u001B[2Jb', hint: 'c\u0007d' }
    expect(Array.from(linesOf(many(2, () => evil)).join('')).filter((letter) => letter < ' ')).toEqual([])
  })
})
