import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { account, jsonl, request } from './triple-files.js'

/** What a row is drawn from: few ids and few contents, so that every kind of clash happens often. */
interface DrawnAnswer {
  readonly id: string
  readonly isSuccess: boolean
  readonly content: number
  readonly envelope: number
}

const ids = ['a', 'b', 'c', 'd', 'é', '😀']
const answer: fc.Arbitrary<DrawnAnswer> = fc.record({
  id: fc.constantFrom(...ids, 'x', 'y'),
  isSuccess: fc.boolean(),
  content: fc.integer({ min: 0, max: 1 }),
  envelope: fc.integer({ min: 0, max: 9 }),
})

const lineOf = ({ id, isSuccess, content, envelope }: DrawnAnswer): string =>
  JSON.stringify({
    id: `batch_req_${envelope}`,
    custom_id: id,
    response: isSuccess
      ? { status_code: 200, request_id: `r${envelope}`, body: chatOf(`${content}`) }
      : { status_code: 500 + content, request_id: `r${envelope}`, body: { error: { code: 'server_error' } } },
    error: null,
  })

const chatOf = (content: string) => ({ choices: [{ message: { content }, finish_reason: 'stop' }] })

const repeats = (all: readonly string[]): number => all.length - new Set(all).size

/** The rules once more, over plain lists and with nothing in common with the code under test. */
function naiveAccounting(
  requests: readonly string[],
  output: readonly DrawnAnswer[],
  error: readonly DrawnAnswer[],
) {
  const distinct = [...new Set(requests)]
  const known = (rows: readonly DrawnAnswer[]): DrawnAnswer[] =>
    rows.filter((row) => distinct.includes(row.id))
  const answersOf = (id: string): DrawnAnswer[] => [...output, ...error].filter((row) => row.id === id)
  const successes = (id: string): DrawnAnswer[] => answersOf(id).filter((row) => row.isSuccess)
  return {
    input: requests.length,
    output: output.length,
    error: error.length,
    matched: distinct.filter((id) => answersOf(id).length > 0).length,
    missing: distinct.filter((id) => answersOf(id).length === 0).length,
    unknown: output.length + error.length - known(output).length - known(error).length,
    duplicate:
      repeats(requests) +
      repeats(known(output).map((row) => row.id)) +
      repeats(known(error).map((row) => row.id)),
    inBoth: distinct.filter((id) => output.some((row) => row.id === id) && error.some((row) => row.id === id))
      .length,
    unreadable: 0,
    conflicting: distinct.filter((id) => new Set(successes(id).map((row) => row.content)).size > 1).length,
  }
}

function naiveVerdict(counts: ReturnType<typeof naiveAccounting>, isCutShort: boolean): string {
  if (counts.conflicting > 0 || counts.unknown > 0) return 'mismatch'
  if (counts.missing === 0) return 'balanced'
  return isCutShort ? 'balanced-with-missing' : 'ids-missing'
}

test('for any multisets of rows the accounting agrees with a naive one', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...ids), { maxLength: 8 }),
      fc.array(answer, { maxLength: 10 }),
      fc.array(answer, { maxLength: 10 }),
      fc.boolean(),
      async (requests, output, error, isCutShort) => {
        const { accounting, ledger } = await account(
          {
            input: jsonl(...requests.map((id) => request(id))),
            output: jsonl(...output.map(lineOf)),
            error: jsonl(...error.map(lineOf)),
          },
          { isCutShort },
        )
        const expected = naiveAccounting(requests, output, error)
        expect(accounting.counts).toEqual(expected)
        expect(accounting.verdict.type).toBe(naiveVerdict(expected, isCutShort))
        for (const id of new Set(requests)) {
          const all = [...output, ...error].filter((row) => row.id === id)
          const winner = all.find((row) => row.isSuccess) ?? all[0]
          const found = ledger.answerAt(ledger.ordinalOf(id))
          const rows = found?.file === 'output' ? output : error
          expect(found === null ? undefined : rows[found.line - 1]).toBe(winner)
        }
      },
    ),
    { numRuns: 300 },
  )
})
