import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/accounting/decode-line.js'
import { LineCutter } from '../../../src/accounting/line-cutter.js'
import { evaluateAnswer, evaluateRow } from '../../../src/accounting/rows/evaluate-row.js'
import { judgeAnswer } from '../../../src/accounting/rows/judge-answer.js'
import { answerShapes, type RequestPromise } from '../../../src/accounting/rows/promise.js'
import { readResultLine, type ResultLine } from '../../../src/accounting/rows/result-line.js'
import { resultRowText, toResultRow } from '../../../src/accounting/rows/result-row.js'
import { givenAnswer } from '../../../src/accounting/scan/given-answer.js'
import { learnSuccess, plainSuccess } from '../../../src/accounting/scan/plain-answers.js'
import { PlainResults } from '../../../src/accounting/scan/plain-results.js'
import { ScannedRows } from '../../../src/accounting/scan/scanned-rows.js'
import { answerRows, changed, pick, randomOf, textOf, type Random, type Written } from './random-rows.js'

/** Rows for each run: `SCAN_ROWS=1000000` for more. Only 1,024 patterns are known, so few bases come again and again. */
const rows = Number(process.env['SCAN_ROWS'] ?? 20_000)
const context = { index: '7', attempt: 2, file: 'output' } as const
const options = { contentType: 'text', repairJson: false } as const

const promises: readonly RequestPromise[] = answerShapes.flatMap((shape) =>
  [null, 1, 2].map((answers) => ({ shape, answers })),
)

const spacings: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => text,
  (text) => text.replaceAll('":', '" :\t').replaceAll(',"', ' ,\r "'),
  (text) => text.replaceAll('"x"', '"\\u00e9\\/ \\ud83d\\ude00 \\ud83d\\n\\u0041"'),
]

/** The line as the scanner sees it; `null` when it does not take it. */
function scanned(line: string): ScannedRows | null {
  const bytes = Buffer.from(`${line}\n`)
  const cutter = new LineCutter({ fileBytes: bytes.length, chunkBytes: 65_536, maxLineBytes: 65_536 })
  bytes.copy(cutter.freeSpace())
  cutter.take(bytes.length)
  const row = new ScannedRows('answer')
  row.scan(cutter)
  return row.next() ? row : null
}

function readLine(line: string): ResultLine {
  return readResultLine(
    JSON.parse(line) as JsonObject,
    { file: 'output', line: 1 },
    { text: line, isTooDeep: false },
  )
}

async function resultOf(line: string, promise: RequestPromise): Promise<string> {
  const facts = { index: context.index, attempt: context.attempt, retryIndex: null }
  return resultRowText(toResultRow(await evaluateRow(readLine(line), options, promise), facts))
}

function textWritten(results: PlainResults, row: ScannedRows): string {
  const target = Buffer.alloc(results.maxBytesOf(row) + 16, '~')
  const end = results.write(row, target, 0)
  expect(end).toBeLessThanOrEqual(target.length - 16)
  return target.toString('utf8', 0, end)
}

interface Seen {
  verdicts: number
  written: number
  given: number
}

async function check(
  line: string,
  promise: RequestPromise,
  results: PlainResults,
  seen: Seen,
): Promise<void> {
  const row = scanned(line)
  if (row === null) return
  const success = plainSuccess(row, promise)
  const judgement = judgeAnswer(readLine(line), promise)
  if (success !== undefined) {
    seen.verdicts += 1
    expect(judgement.class, line).toBe('success')
    expect(success.isOpaque).toBe(judgement.answer?.shape === 'opaque')
    if (success.parts !== null) {
      seen.given += 1
      const usual = await evaluateRow(readLine(line), options, promise)
      expect(await evaluateAnswer(givenAnswer(row, 'output', success.parts), options), line).toEqual(usual)
    }
  } else learnSuccess(row, promise, judgement)
  // What was learned shows at the next scan only.
  const again = scanned(line)
  if (again === null || judgement.class !== 'success') return
  const expected = await resultOf(line, promise)
  if (results.canWrite(again, promise)) {
    seen.written += 1
    expect(textWritten(results, again), line).toBe(`${expected}\n`)
  } else await results.learn(again, promise, expected)
}

function* linesOf(random: Random): Generator<string> {
  const bases: Written[] = [...answerRows]
  for (let left = 8; left > 0; left -= 1) bases.push(changed(random, pick(random, answerRows)))
  for (let left = rows; left > 0; left -= 1) {
    const base = pick(random, bases)
    yield pick(random, spacings)(textOf(random(3) === 0 ? base : changed(random, base)))
  }
}

test('what is written of a row from its bytes is what is written of it when it is parsed', async () => {
  const random = randomOf(Number(process.env['SCAN_SEED'] ?? 11))
  const results = new PlainResults(context)
  const seen: Seen = { verdicts: 0, written: 0, given: 0 }
  for (const line of linesOf(random)) await check(line, pick(random, promises), results, seen)
  expect(Math.min(seen.verdicts, seen.written, seen.given)).toBeGreaterThan(rows / 50)
  if (process.env['SCAN_ROWS'] !== undefined) console.info(seen)
})
