import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { openAiQuirks } from '../../src/providers/openai/quirks.js'
import type { InputLimits } from '../../src/providers/split-input.js'
import { requireValidRequests, validateRequestsFile } from '../../src/providers/validate-input.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import { chatInput, chatLine, rejection, withFile } from './openai/support.js'

const validate = (text: string | Uint8Array, limits: Partial<InputLimits> = {}) =>
  withFile(text, (path) => validateRequestsFile(nodeFileSystem, path, { ...openAiQuirks, ...limits }))

/** `code@line` of each problem. */
const problemsOf = async (text: string | Uint8Array, limits: Partial<InputLimits> = {}) =>
  (await validate(text, limits)).problems.map(({ code, line }) => `${code}@${line}`)

const request = (changes: object) => JSON.stringify({ ...(JSON.parse(chatLine('a')) as object), ...changes })
const embedding = (customId: string, input: unknown) =>
  JSON.stringify({ custom_id: customId, method: 'POST', url: '/v1/embeddings', body: { model: 'e', input } })

const withoutModel = (url: string) =>
  JSON.stringify({ custom_id: url, method: 'POST', url, body: { input: 'x' } })

const nested = (levels: number): string =>
  request({ body: { model: 'm', messages: 'DEEP' } }).replace(
    '"DEEP"',
    '['.repeat(levels) + ']'.repeat(levels),
  )

const reasonsOf = async (text: string, limits: Partial<InputLimits> = {}) => {
  const { problemCount, splitReasons } = await validate(text, limits)
  expect(problemCount).toBe(0)
  return splitReasons.map(({ code, line }) => `${code}@${line}`)
}

describe('a requests file', () => {
  test('that is valid has no problem and is one part', async () => {
    const text = chatInput(25)
    const report = await validate(text)
    expect(report).toMatchObject({
      inputBytes: text.length,
      requestCount: 25,
      problems: [],
      problemCount: 0,
      splitReasons: [],
    })
    expect(report.parts).toHaveLength(1)
    expect(() => requireValidRequests(report)).not.toThrow()
  })

  test('may have a byte order mark, CRLF, blank lines, other scripts and no final newline', async () => {
    const text = `\uFEFF${chatLine('a')}\r\n\r\n${chatLine('ü→')}\n   \n${chatLine('\u2028b')}`
    expect(await validate(text)).toMatchObject({ requestCount: 3, problemCount: 0 })
  })

  test.each([
    ['no JSON', '{"custom_id": "a"', 'invalid_json_line', null],
    ['no object', '["a"]', 'invalid_json_line', null],
    ['no custom_id', request({ custom_id: undefined }), 'missing_required_parameter', 'custom_id'],
    ['no method', request({ method: undefined }), 'missing_required_parameter', 'method'],
    ['no url', request({ url: undefined }), 'missing_required_parameter', 'url'],
    ['no body', request({ body: undefined }), 'missing_required_parameter', 'body'],
    ['a number as custom_id', request({ custom_id: 7 }), 'invalid_request', 'custom_id'],
    ['an empty custom_id', request({ custom_id: '' }), 'invalid_request', 'custom_id'],
    ['another method', request({ method: 'GET' }), 'invalid_method', 'method'],
    [
      'a whole address as url',
      request({ url: 'https://api.openai.com/v1/chat/completions' }),
      'invalid_url',
      'url',
    ],
    ['text as body', request({ body: 'hi' }), 'invalid_request', 'body'],
    ['streaming', chatLine('a', { stream: true }), 'streaming_unsupported', 'body.stream'],
    ['no model', chatLine('a', { model: undefined }), 'invalid_request', 'body.model'],
    ['an empty model', chatLine('a', { model: '' }), 'invalid_request', 'body.model'],
    ['no messages', chatLine('a', { messages: undefined }), 'invalid_request', 'body.messages'],
    ['no input', embedding('a', undefined), 'invalid_request', 'body.input'],
  ])('is told about a line with %s', async (_name, line, code, param) => {
    const { problems } = await validate(`${chatLine('first')}\n\n${line}\n${chatLine('last')}\n`)
    expect(problems.map((problem) => [problem.code, problem.param, problem.line])).toEqual([[code, param, 3]])
    expect(problems[0]?.message).not.toBe('')
  })

  test('is told about every field that one line lacks', async () => {
    expect(await problemsOf('{"custom_id":"a"}\n')).toHaveLength(3)
  })

  test('may leave out the model where the endpoint has another source for it', async () => {
    expect(await problemsOf(`${withoutModel('/v1/moderations')}\n`)).toEqual([])
    expect(await problemsOf(`${withoutModel('/v1/responses')}\n`)).toEqual([])
  })

  test('may name an endpoint that OpenAI does not have', async () => {
    expect(await problemsOf(`${request({ url: '/v1/chat/ds-test' })}\n`)).toEqual([])
  })

  test('is told where an id stood first, also when it is written with an escape', async () => {
    const { problems } = await validate(
      `${chatLine('x')}\n${chatLine('a')}\n${chatLine('a').replace('"a"', '"\\u0061"')}\n`,
    )
    expect(problems).toMatchObject([{ code: 'duplicate_custom_id', param: 'custom_id', line: 3 }])
    expect(problems[0]?.message).toContain('line 2')
  })

  test('with bytes that are no UTF-8 is told the line', async () => {
    const bad = Buffer.from(`${chatLine('a')}\n${chatLine('b\u00ff')}\n`, 'latin1')
    expect(await problemsOf(bad)).toEqual(['invalid_json_line@2'])
  })

  test('without bytes, or without lines, is refused', async () => {
    expect(await problemsOf('')).toEqual(['empty_file@null'])
    expect(await problemsOf('\n \r\n\n')).toEqual(['empty_batch@null'])
  })

  test('with many problems lists the first of each kind in order and counts all', async () => {
    const report = await validate('{}\nnope\n'.repeat(500))
    expect(report.problemCount).toBe(2_500)
    expect(report.problems.map(({ code, line, count }) => `${code}@${line} ${count}`)).toEqual([
      'missing_required_parameter@1 500',
      'missing_required_parameter@1 500',
      'missing_required_parameter@1 500',
      'missing_required_parameter@1 500',
      'invalid_json_line@2 500',
    ])
  })

  test('tells faults of JSON apart by what they are, with the column of the first, not of each', async () => {
    const broken = [`{"a":NaN}`, `{"ab":NaN}`, `{'a':1}`, `{"a":1},`, `{"a":1,}`, `{"a":`]
    const { problems } = await validate(broken.map((line) => `${line}\n`).join(''))
    expect(problems.map(({ line, count }) => [line, count])).toEqual([
      [1, 2],
      [3, 1],
      [4, 1],
      [5, 1],
      [6, 1],
    ])
    expect(problems[0]?.message).toContain('at column 6')
    expect(problems[2]?.message).toContain('comma between the lines, at column 8')
  })

  test('is told of lines that are nested deeper than servers read, and of no other depth', async () => {
    expect(await problemsOf(`${nested(100_000)}\n${nested(100_000)}\n`)).toEqual(['invalid_json_line@1'])
    expect(await problemsOf(`${nested(998)}\n`)).toEqual([])
    expect(await problemsOf(`${nested(999)}\n`)).toEqual(['invalid_json_line@1'])
    const brackets = chatLine('a', { messages: [{ role: 'user', content: '[{"'.repeat(5_000) }] })
    expect(await problemsOf(`${brackets}\n`)).toEqual([])
  })

  test('is refused with place, code and number of problems', async () => {
    const report = await validate(`${chatLine('a')}\n{}\n`)
    const error = await rejection(Promise.resolve().then(() => requireValidRequests(report)))
    expect(error.code).toBe('RequestsFileInvalid')
    expect(error.message).toMatch(
      /^batch_input_7\.jsonl:2: missing_required_parameter\. .*\(and 3 more problems\)$/,
    )
    expect(error.problem.needsPerson).toBe(true)
  })

  test('is refused when one request alone is beyond a limit', async () => {
    expect(await problemsOf(chatInput(1), { maxInputBytes: 100 })).toEqual(['file_too_large@1'])
    expect(await problemsOf(`${embedding('a', ['x', 'y', 'z'])}\n`, { maxEmbeddingInputs: 2 })).toEqual([
      'too_many_tasks@1',
    ])
  })

  test('stops reading when it is interrupted', () =>
    withFile(chatInput(3), async (path) => {
      const error = await rejection(
        validateRequestsFile(nodeFileSystem, path, openAiQuirks, AbortSignal.abort()),
      )
      expect(error.code).toBe('Interrupted')
    }))
})

describe('a requests file that is more than one batch', () => {
  test('names the second model, with its line', async () => {
    const text = `${chatLine('a')}\n${chatLine('b')}\n${chatLine('c', { model: 'other' })}\n`
    expect(await reasonsOf(text)).toEqual(['mismatched_model@3'])
  })

  test('names the second url, with its line', async () => {
    const text = `${chatLine('a')}\n${request({ custom_id: 'b', url: '/v1/responses' })}\n`
    expect(await reasonsOf(text)).toEqual(['url_mismatch@2'])
  })

  test('has too many requests, bytes or inputs', async () => {
    expect(await reasonsOf(chatInput(50_001))).toEqual(['too_many_tasks@null'])
    expect(await reasonsOf(chatInput(10), { maxInputBytes: 500 })).toEqual(['file_too_large@null'])
    const text = `${embedding('a', ['x', 'y'])}\n${embedding('b', [1, 2, 3])}\n${embedding('c', 'z')}\n`
    expect(await reasonsOf(text, { maxEmbeddingInputs: 3 })).toEqual(['too_many_tasks@null'])
    expect(await reasonsOf(text, { maxEmbeddingInputs: 4 })).toEqual([])
  })
})

const samples = fileURLToPath(new URL('../../../shared/samples', import.meta.url))
const sampleInputs = existsSync(samples)
  ? readdirSync(samples, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('input.jsonl'))
  : []

describe.skipIf(sampleInputs.length === 0)('real input files (../shared/samples)', () => {
  test.each(sampleInputs)('%s passes as it stands', async (name) => {
    const report = await validateRequestsFile(nodeFileSystem, `${samples}/${name}`, openAiQuirks)
    expect(report.problems).toEqual([])
    expect(report.requestCount).toBeGreaterThan(0)
  })
})
