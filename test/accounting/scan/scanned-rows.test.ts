import { expect, test } from 'vitest'
import { LineCutter } from '../../../src/accounting/line-cutter.js'
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

test('a process that keeps no more patterns says so of rows whose pattern is not known', () => {
  for (let number = 1; number <= 1_024; number += 1) expect(rowOf(lineOf(number)).learn()).toBe(number)
  const unknown = rowOf(lineOf(1_025))
  expect(unknown.mayLearn).toBe(true)
  expect(unknown.learn()).toBe(0)
  expect(unknown.mayLearn).toBe(false)
  expect(rowOf(lineOf(1_026)).mayLearn).toBe(false)
  expect(rowOf(lineOf(7))).toMatchObject({ mayLearn: true, pattern: 7 })
})
