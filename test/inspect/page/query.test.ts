import { describe, expect, test } from 'vitest'
import { parseQuery, toggleToken, tokenOf } from '../../../src/inspect/page/query.js'
import { suggestionsFor, withSuggestion } from '../../../src/inspect/page/suggestions.js'
import { surveyOf } from '../../../src/inspect/page/survey.js'
import type { TripleSummary } from '../../../src/inspect/protocol.js'
import { summaryOf } from '../server/scene.js'

const nowMs = 1_800_000_000_000
const hourMs = 3_600_000
const waiting = 'awaiting-online-files.waiting'

const triple = (index: string, parts: Partial<TripleSummary>): TripleSummary => ({
  ...summaryOf(index),
  problem: null,
  ...parts,
})
const problem = (code: string, message: string) => ({ code, message, hint: null, needsPerson: false })

const failedWith = (index: string, code: string) =>
  triple(index, { state: 'failed', problem: problem(code, '') })

const triples = [
  triple('1', { state: waiting, remoteStatus: 'in_progress', stateSinceMs: nowMs - 2 * hourMs }),
  triple('2', { state: 'failed', attempt: 2, problem: problem('BatchFailed', 'The server refused it.') }),
  triple('3', { state: 'failed', problem: problem('BatchFailed', 'No more room.'), rootIndex: '1' }),
  triple('4', { state: 'missing-input', problem: problem('MissingInput', 'Gone.') }),
  triple('5', { state: 'done' }),
  triple('6', {
    state: waiting,
    stateSinceMs: nowMs - 30 * hourMs,
    worker: { pid: 9, host: 'h', sinceMs: 0 },
  }),
  triple('7', { state: 'submitting.waiting-for-leave' }),
]

const found = (text: string): string =>
  triples
    .filter((one) => parseQuery(text).tests.every((passes) => passes(one, nowMs)))
    .map(({ index }) => index)
    .join('')

const offered = (text: string) =>
  suggestionsFor(text, triples, nowMs).map(({ token, count }) => [token, count])

describe('a query', () => {
  test.each([
    ['', '1234567'],
    ['state:failed', '23'],
    ['state:awaiting-online-files', '16'],
    ['state:awaiting', ''],
    ['code:BatchFailed', '23'],
    ['code:overdue', '6'],
    ['remote:in_progress', '1'],
    ['worker:9@h', '6'],
    ['root:1', '13'],
    ['attempt:2', '2'],
    ['is:stuck', '2346'],
    ['is:at-server', '1'],
    ['is:not-sent', '7'],
    ['is:done', '5'],
    ['age>1h', '16'],
    ['age>24h', '6'],
    ['age<24h', '1'],
    ['age>90min', '16'],
    ['state:failed room', '3'],
    ['"no more room"', '3'],
    ['NO MORE', '3'],
    ['state:failed state:done', ''],
    ['unknown:failed', ''],
    ['age>soon', ''],
    ['state:', ''],
    ['"', '1234567'],
    [':', ''],
  ])('%j finds %j', (text, expected) => {
    expect(found(text)).toBe(expected)
  })

  test('takes a token in and out, and another of its key in its place', () => {
    expect(toggleToken('', 'is:stuck')).toBe('is:stuck')
    expect(toggleToken('words is:stuck', 'is:stuck')).toBe('words')
    expect(toggleToken('is:stuck words', 'is:done')).toBe('words is:done')
    const spaced = tokenOf('remote', 'of two words')
    expect(toggleToken(`a ${spaced}`, spaced)).toBe('a')
  })

  test('is offered its keys, then the values that occur, and takes what is chosen', () => {
    expect(offered('words st')).toEqual([['state:', null]])
    expect(offered('code:').slice(0, 2)).toEqual([
      ['code:BatchFailed', 2],
      ['code:MissingInput', 1],
    ])
    expect(offered('code:miss')).toEqual([['code:MissingInput', 1]])
    expect(offered('code:MissingInput')).toEqual([])
    expect(withSuggestion('words st', 'state:')).toBe('words state:')
    expect(withSuggestion('words state:fa', 'state:failed')).toBe('words state:failed ')
  })
})

const refused = (index: string, call: string) =>
  triple(index, {
    state: 'failed',
    problem: problem('AccessDenied', `host answered ${call} with 401 for batch_${index}abc: no.`),
  })
const mismatch = (index: string, words: string) =>
  triple(index, { state: 'failed', problem: problem('RequestIdsMismatch', `Triple ${index}: ${words}`) })

describe('a survey', () => {
  test('puts what is stuck first, by cause', () => {
    const { shown, kinds, causes } = surveyOf(triples, parseQuery(''), nowMs)
    expect(shown.stuck.map(({ index }) => index).join('')).toBe('3246')
    expect(shown.open.map(({ index }) => index).join('')).toBe('17')
    expect(kinds).toEqual({ stuck: 4, 'not-sent': 1, 'at-work': 0, 'at-server': 1, done: 1 })
    expect(causes.map(({ cause, triples: of }) => `${of.length} ${cause}`)).toEqual([
      '1 BatchFailed',
      '1 BatchFailed',
      '1 MissingInput',
      '1 overdue',
    ])
  })

  test('sorts causes of as many triples by name', () => {
    const some = [failedWith('1', 'Z'), failedWith('2', 'B'), failedWith('3', 'A'), failedWith('4', 'Z')]
    const { causes, shown } = surveyOf(some, parseQuery(''), nowMs)
    expect(causes.map(({ cause }) => cause)).toEqual(['Z', 'A', 'B'])
    // Three of one and two of another are about as many.
    const more = surveyOf([...some, failedWith('5', 'A'), failedWith('6', 'Z')], parseQuery(''), nowMs)
    expect(more.causes.map(({ cause }) => cause)).toEqual(['A', 'Z', 'B'])
    expect(shown.stuck.map(({ index }) => index).join('')).toBe('1432')
  })

  test('has one entry for one cause, whichever triple and call it is of', () => {
    const { causes, shown } = surveyOf(
      [
        mismatch('9', '2 of 3 requests have no answer.'),
        mismatch('8', '1 of 30 requests have no answer.'),
        mismatch('7', '4 answers belong to no request.'),
        ...['1', '2', '3'].map((index) => refused(index, 'batches.list')),
        refused('4', 'files.content'),
      ],
      parseQuery(''),
      nowMs,
    )
    expect(causes.map(({ cause, triples: of }) => [cause, of.map(({ index }) => index).join('')])).toEqual([
      ['AccessDenied', '1234'],
      ['RequestIdsMismatch', '98'],
      ['RequestIdsMismatch', '7'],
    ])
    expect(shown.stuck.map(({ index }) => index).join('')).toBe('1234987')
  })

  test('counts all and shows those that pass', () => {
    const { shownCount, kinds, causes } = surveyOf(triples, parseQuery('root:1'), nowMs)
    expect([shownCount, kinds.stuck, causes.length]).toEqual([2, 4, 4])
  })
})
