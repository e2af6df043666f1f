import { expect, test } from 'vitest'
import { LineCutter } from '../../../src/accounting/line-cutter.js'
import { PatternKnowledge } from '../../../src/accounting/scan/pattern-knowledge.js'
import { ScannedRows } from '../../../src/accounting/scan/scanned-rows.js'

function rowOf(line: string): ScannedRows {
  const bytes = Buffer.from(`${line}\n`)
  const cutter = new LineCutter({ fileBytes: bytes.length, chunkBytes: 65_536, maxLineBytes: 65_536 })
  bytes.copy(cutter.freeSpace())
  cutter.take(bytes.length)
  const row = new ScannedRows('answer')
  row.scan(cutter)
  expect(row.next()).toBe(true)
  return row
}

const lineOf = (number: number): string => `{"custom_id":"a","kept":${number}}`

test('a process that keeps no more patterns says so, and begins anew with the next file', () => {
  const knowledge = new PatternKnowledge<string>()
  for (let number = 1; number <= 1_024; number += 1) expect(rowOf(lineOf(number)).learn()).toBe(number)
  knowledge.learn(7, 'seven')
  const known = rowOf(lineOf(7))
  const unknown = rowOf(lineOf(1_025))
  expect(unknown.mayLearn).toBe(true)
  expect(unknown.learn()).toBe(0)
  expect(unknown.mayLearn).toBe(false)
  expect([known.mayLearn, known.pattern, knowledge.of(known.pattern)]).toEqual([true, 7, 'seven'])

  const ofNextFile = rowOf(lineOf(7))
  expect(ofNextFile).toMatchObject({ mayLearn: true, pattern: 0 })
  // A row that was scanned before must not be taken for one of a pattern that has its number now.
  expect([known.pattern, knowledge.of(7)]).toEqual([0, undefined])
  expect(ofNextFile.learn()).toBe(1)
  expect(rowOf(lineOf(7)).pattern).toBe(1)
})
