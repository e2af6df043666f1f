import { compactJson } from '../json-text/compact-json.js'
import type { GivenAnswer } from '../rows/evaluate-row.js'
import type { JsonRecord } from '../rows/json-record.js'
import { parseResultLine } from '../rows/result-line.js'
import { holeFlags } from './line-scanner.js'
import type { AnswerParts } from './plain-answers.js'
import { idOf, type PlainRow } from './scanned-rows.js'

/** Reads of a plain success what the code of a user sees at once; its line is parsed when somebody looks at it. */
export function givenAnswer(row: PlainRow, file: 'output' | 'error', parts: AnswerParts): GivenAnswer {
  const { shape, finishReason, contentHole, modelHole, usageHole } = parts
  const source = { file, line: row.line }
  const content = JSON.parse(textIn(row, contentHole)) as string
  const usage = usageHole === null ? null : compactIn(row, usageHole)
  // Copied, not decoded: hardly anybody looks at it.
  const line = copyOf(row.bytes, row.start, row.start + row.length)
  return {
    customId: idOf(row),
    source,
    answer: {
      shape,
      finishReason,
      model: modelHole === null ? null : (JSON.parse(textIn(row, modelHole)) as string),
      content,
      contents: null,
      toolCalls: null,
      usage: usage === null ? null : (JSON.parse(usage) as JsonRecord),
      fault: null,
    },
    texts: { contents: [null], toolCalls: null, usage },
    lineOf: () => parseResultLine(line.toString(), source),
  }
}

function textIn(row: PlainRow, hole: number): string {
  return row.bytes.toString('utf8', row.holeStart(hole), row.holeEnd(hole))
}

function compactIn(row: PlainRow, hole: number): string {
  const text = textIn(row, hole)
  return (row.flagsOf(hole) & holeFlags.hasSpaces) === 0 ? text : compactJson(text)
}

/** Copies bytes into a slab that many rows share: a buffer of its own costs more than the row. */
function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const length = end - start
  if (length > slabBytes / 8) return Buffer.from(bytes.subarray(start, end))
  if (slabFilled + length > slab.length) {
    slab = Buffer.allocUnsafeSlow(slabBytes)
    slabFilled = 0
  }
  const copy = slab.subarray(slabFilled, slabFilled + length)
  slabFilled += bytes.copy(copy, 0, start, end)
  return copy
}

const slabBytes = 64 * 1024
let slab: Buffer = Buffer.alloc(0)
let slabFilled = 0
