import { describe, expect, test } from 'vitest'
import { account, failure, jsonl, request, success } from './triple-files.js'

const ids = ['a', 'b', 'c', 'd', 'e']
const input = jsonl(...ids.map((id) => request(id)))
const foreign = (id: string): string =>
  JSON.stringify({ custom_id: id, result: { type: 'succeeded', message: { role: 'assistant' } } })
const outputOf = (...odd: readonly string[]): string =>
  jsonl(...ids.map((id) => (odd.includes(id) ? foreign(id) : success(id))))

describe('answers that match by id and are not understood', () => {
  test('all of them: a person has to look, and is told what they look like', async () => {
    const { accounting } = await account({ input, output: jsonl(...ids.map(foreign)) })
    expect(accounting.verdict).toMatchObject({
      type: 'mismatch',
      problem: {
        code: 'UnrecognisedAnswers',
        needsPerson: true,
        message: expect.stringContaining(
          '5 of 5 answers in batch_output_7.jsonl are not understood (e.g. "a" at batch_output_7.jsonl:1',
        ),
        hint: expect.stringMatching(/`batch-reconciler accept \/\S+ 7`/),
      },
    })
    expect('problem' in accounting.verdict && accounting.verdict.problem.message).toContain('Anthropic')
    expect(accounting.samples.unrecognised).toHaveLength(5)
    expect(accounting.outcomes).toMatchObject({ unrecognised: 5, success: 0 })
  })

  test.each([
    [['a'], 'balanced'],
    [['a', 'b', 'c'], 'balanced'],
    [['a', 'b', 'c', 'd'], 'mismatch'],
  ])('%j of five: %s', async (odd, verdict) => {
    const { accounting } = await account({ input, output: outputOf(...odd) })
    expect(accounting.verdict.type).toBe(verdict)
    expect(accounting.answers).toEqual({ succeeded: 5 - odd.length, failed: odd.length })
    const isWarned = accounting.warnings.some((warning) => warning.includes('cannot be understood'))
    expect(isWarned).toBe(verdict === 'balanced')
  })

  test('the only answer of a cut batch counts as all of them', async () => {
    const { accounting } = await account({ input, output: jsonl(foreign('a')) }, { isCutShort: true })
    expect(accounting.verdict).toMatchObject({ problem: { code: 'UnrecognisedAnswers' } })
  })

  test('go on when somebody accepted them', async () => {
    const accepted = { unrecognised: true, missing: false, keep: null }
    const { accounting } = await account({ input, output: jsonl(...ids.map(foreign)) }, { accepted })
    expect(accounting.verdict).toEqual({ type: 'balanced' })
    expect(accounting.accepted).toEqual(accepted)
  })

  test('one beside a failure of the same request counts: it may be the answer', async () => {
    const output = jsonl(failure('a'), foreign('a'))
    const { ledger } = await account({ input: jsonl(request('a')), output })
    expect(ledger.answerAt(0)).toMatchObject({ line: 2, class: 'unrecognised' })
  })
})

describe('what somebody accepted', () => {
  test('missing answers stay missing', async () => {
    const accepted = { unrecognised: false, missing: true, keep: null }
    const { accounting } = await account({ input, output: jsonl(success('a')) }, { accepted })
    expect(accounting.verdict).toEqual({ type: 'balanced-with-missing' })
  })

  test.each([
    ['first', 1],
    ['last', 2],
  ] as const)('of two different successes the %s one counts', async (keep, line) => {
    const output = jsonl(success('a', 'yes'), success('a', 'no'))
    const accepted = { unrecognised: false, missing: false, keep }
    const { accounting, ledger } = await account({ input: jsonl(request('a')), output }, { accepted })
    expect(accounting.verdict).toEqual({ type: 'balanced' })
    expect(ledger.answerAt(0)?.line).toBe(line)
    expect(accounting.warnings.join()).toContain(`the ${keep} counts`)
  })
})

const line = (body: object, more: object = {}): string =>
  JSON.stringify({ custom_id: 'a', response: { status_code: 200, body }, error: null, ...more })
const chat = (content: string, more: object = {}) => ({
  choices: [{ message: { content }, finish_reason: 'stop' }],
  ...more,
})
const calling = (id: string, name: string) => ({
  choices: [
    { message: { content: null, tool_calls: [{ id, function: { name } }] }, finish_reason: 'tool_calls' },
  ],
})

describe('two successes of equal content', () => {
  test.each([
    ['other ids and times', chat('yes', { id: 'x', created: 1 }), chat('yes', { id: 'y', created: 2 })],
    ['another count of tokens', chat('yes', { usage: { total_tokens: 3 } }), chat('yes', { usage: null })],
    ['another fingerprint', chat('yes', { system_fingerprint: 'f' }), chat('yes')],
    [
      'another spelling of the stop reason',
      chat('yes'),
      { choices: { message: { content: 'yes' }, finish_reason: 'STOP' } },
    ],
  ])('are no conflict: %s', async (_, first, second) => {
    const { accounting } = await account({
      input: jsonl(request('a')),
      output: jsonl(line(first), line(second)),
    })
    expect(accounting.verdict).toEqual({ type: 'balanced' })
    expect(accounting.counts.duplicate).toBe(1)
  })

  test('are a conflict when a call differs, and none when only its id does', async () => {
    const verdictOf = async (second: object): Promise<string> =>
      (await account({ input: jsonl(request('a')), output: jsonl(line(calling('1', 'f')), line(second)) }))
        .accounting.verdict.type
    expect([await verdictOf(calling('2', 'f')), await verdictOf(calling('1', 'g'))]).toEqual([
      'balanced',
      'mismatch',
    ])
  })
})

describe('what is warned of', () => {
  test('answers that nobody can prove whole', async () => {
    const output = jsonl(success('a').replace('"stop"', '"gremlins"'))
    const { accounting } = await account({ input: jsonl(request('a')), output })
    expect(accounting.warnings.join()).toContain('1 answer stopped for a reason that is missing or not known')
    expect(accounting.outcomes).toMatchObject({ unproven: 1, success: 0 })
  })

  test('answers of an endpoint that is not known, once and by its name', async () => {
    const asked = jsonl(...ids.map((id) => JSON.stringify({ custom_id: id, url: '/v1/rerank', body: {} })))
    const output = jsonl(
      ...ids.map((id) => JSON.stringify({ custom_id: id, response: { status_code: 200, body: { a: 1 } } })),
    )
    const { accounting } = await account({ input: asked, output })
    expect(accounting.answers.succeeded).toBe(5)
    expect(accounting.warnings.filter((warning) => warning.includes('(/v1/rerank)'))).toHaveLength(1)
  })
})

test('answers in the place of the input are no requests: nothing answers itself', async () => {
  const answers = jsonl(...ids.map((id) => success(id)))
  const { accounting } = await account({ input: answers, output: answers })
  expect(accounting.verdict).toMatchObject({
    type: 'mismatch',
    problem: {
      code: 'UnreadableInputLines',
      message: expect.stringContaining('5 lines in the input file look like an answer, not a request'),
    },
  })
})
