import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { accountForTriple } from '../../src/accounting/account.js'
import type { AccountingVerdict } from '../../src/accounting/triple-accounting.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import { account, failure, jsonl, request, success, temporaryDirectory, writeTriple } from './triple-files.js'

const clean = {
  matched: 0,
  missing: 0,
  unknown: 0,
  duplicate: 0,
  inBoth: 0,
  unreadable: 0,
  conflicting: 0,
}

function problemOf(verdict: AccountingVerdict): { code: string; message: string; hint?: string } {
  if (!('problem' in verdict)) throw new Error(`The verdict is ${verdict.type}.`)
  return verdict.problem
}

const three = jsonl(request('a'), request('b'), request('c'))

describe('a triple that is whole', () => {
  test('is balanced, with every request counted once', async () => {
    const { accounting, ledger } = await account({
      input: three,
      output: jsonl(success('c'), success('a')),
      error: jsonl(failure('b')),
    })
    expect(accounting.verdict).toEqual({ type: 'balanced' })
    expect(accounting.counts).toEqual({ ...clean, input: 3, output: 2, error: 1, matched: 3 })
    expect(accounting.answers).toEqual({ succeeded: 2, failed: 1 })
    expect(accounting.warnings).toEqual([])
    expect(ledger.answerAt(ledger.ordinalOf('a'))).toMatchObject({
      file: 'output',
      line: 2,
      class: 'success',
    })
    expect(ledger.answerAt(ledger.ordinalOf('b'))).toMatchObject({
      file: 'error',
      line: 1,
      class: 'transient',
    })
  })

  test('is described file by file with the hash of its bytes', async () => {
    const { accounting, paths } = await account({ input: '{"custom_id":"a"}\n', output: jsonl(success('a')) })
    expect(accounting.files.map((file) => [file.kind, file.lines, file.rows])).toEqual([
      ['input', 1, 1],
      ['output', 1, 1],
    ])
    expect(accounting.files[0]).toEqual({
      kind: 'input',
      name: 'batch_input_7.jsonl',
      path: paths.input,
      bytes: 18,
      // Of a file that was written just now it may not be known yet.
      identity: accounting.files[0]?.identity,
      // printf '{"custom_id":"a"}\n' | sha256sum
      sha256: 'e5683853248b0528d287788603ae26c3122d9e523a6fb27107f3d6bee112b92e',
      lines: 1,
      rows: 1,
      dialect: null,
    })
  })

  test('may end without a newline, use CRLF, begin with a byte order mark and hold blank lines', async () => {
    const { accounting } = await account({
      input: `\ufeff${request('a')}\r\n\r\n${request('b')}`,
      output: `\n${success('a')}\r\n\n${success('b')}`,
    })
    expect(accounting.verdict).toEqual({ type: 'balanced' })
    expect(accounting.warnings).toEqual([])
  })

  test('has ids that match after unescaping, and U+2028 or an escaped NUL in an answer is no fault', async () => {
    const { accounting } = await account({
      input: '{"custom_id":"caf\u00e9"}\n{"custom_id":"x"}\n',
      output: jsonl(success('café').replace('café', String.raw`caf\u00e9`), success('x', 'a\u2028b\0c')),
    })
    expect(accounting.verdict).toEqual({ type: 'balanced' })
  })

  test('may be empty, which is said', async () => {
    const { accounting } = await account({ input: '', output: '', error: '' })
    expect(accounting.verdict).toEqual({ type: 'balanced' })
    expect(accounting.warnings).toEqual(['The input file holds no requests.'])
  })

  test('may hold a single line of 50 MB', async () => {
    const long = 'x'.repeat(50_000_000)
    const { accounting } = await account({
      input: three,
      output: jsonl(success('a'), success('b', long), success('c')),
    })
    expect(accounting.verdict).toEqual({ type: 'balanced' })
    expect(accounting.counts.output).toBe(3)
  })
})

describe('missing answers', () => {
  test('are named with their input lines, and the server may be asked again', async () => {
    const { accounting } = await account({ input: three, output: jsonl(success('b')) })
    expect(accounting.verdict.type).toBe('ids-missing')
    expect(problemOf(accounting.verdict)).toMatchObject({
      code: 'RequestIdsMismatch',
      message:
        'Triple 7: 2 of 3 requests have no answer (e.g. "a" at batch_input_7.jsonl:1, "c" at batch_input_7.jsonl:3).',
    })
    expect(accounting.samples.missing).toEqual([
      { id: 'a', at: 'batch_input_7.jsonl:1' },
      { id: 'c', at: 'batch_input_7.jsonl:3' },
    ])
  })

  test('of a batch that was cut short were not executed: the triple is balanced with missing', async () => {
    const { accounting, ledger } = await account(
      { input: three, output: jsonl(success('b')) },
      { isCutShort: true },
    )
    expect(accounting.verdict).toEqual({ type: 'balanced-with-missing' })
    expect([...ledger.missing()].map((ordinal) => ledger.idAt(ordinal))).toEqual(['a', 'c'])
  })

  test('of a batch that was cut short stay open while an unreadable line may hold their answer', async () => {
    const output = `${jsonl(success('b'))}{"id":"batch_req_1","custom_id":"a","resp`
    const { accounting } = await account({ input: three, output }, { isCutShort: true })
    expect(accounting.verdict.type).toBe('ids-missing')
  })

  test('are all of them when neither file is there', async () => {
    const { accounting } = await account({ input: three })
    expect(accounting.verdict.type).toBe('ids-missing')
    expect(accounting.counts).toEqual({ ...clean, input: 3, output: 0, error: 0, missing: 3 })
  })

  test('follow from an empty output', async () => {
    const { accounting } = await account({ input: three, output: '' })
    expect(accounting.verdict.type).toBe('ids-missing')
    expect(accounting.counts.missing).toBe(3)
  })
})

describe('answers to no request', () => {
  test('are a mismatch, named by file and line', async () => {
    const output = jsonl(success('a'), success('x'), success('b'), success('c'))
    const { accounting } = await account({ input: three, output })
    expect(accounting.verdict.type).toBe('mismatch')
    expect(problemOf(accounting.verdict)).toMatchObject({
      code: 'RequestIdsMismatch',
      message: 'Triple 7: 1 answer belongs to no request (e.g. "x" at batch_output_7.jsonl:2).',
      needsPerson: true,
    })
  })

  test('are a mismatch also when the batch was cut short', async () => {
    const { accounting } = await account({ input: three, output: jsonl(success('x')) }, { isCutShort: true })
    expect(accounting.verdict.type).toBe('mismatch')
  })

  test('throughout mean that the output belongs to another batch, which is said', async () => {
    const output = jsonl(...Array.from({ length: 30 }, (_, at) => success(`other-${at}`)))
    const { accounting } = await account({ input: three, output })
    expect(accounting.counts).toMatchObject({ matched: 0, missing: 3, unknown: 30 })
    const { message, hint } = problemOf(accounting.verdict)
    expect(message).toContain('The answers seem to belong to another batch.')
    expect(hint).toContain('the same batch')
  })

  test('stay bounded in samples and message however many and long they are', async () => {
    const output = jsonl(...Array.from({ length: 50 }, (_, at) => success(`${at}-${'y'.repeat(5000)}`)))
    const { accounting } = await account({ input: three, output })
    expect(accounting.samples.unknown).toHaveLength(5)
    expect(problemOf(accounting.verdict).message.length).toBeLessThan(1000)
  })
})

describe('one id more than once among the answers', () => {
  const one = jsonl(request('a'))

  test('with the same answer counts once, with a warning', async () => {
    const line = success('a')
    const { accounting } = await account({ input: one, output: jsonl(line, line) })
    expect(accounting.verdict).toEqual({ type: 'balanced' })
    expect(accounting.counts).toEqual({ ...clean, input: 1, output: 2, error: 0, matched: 1, duplicate: 1 })
    expect(accounting.warnings).toEqual([
      '1 answer row repeats an answer that was here already; each counts once (e.g. "a" at batch_output_7.jsonl:2).',
    ])
  })

  test('with the same answer under another envelope id and key order counts once', async () => {
    const again = JSON.stringify({ custom_id: 'a', ...JSON.parse(success('a')) })
    const { accounting } = await account({ input: one, output: jsonl(success('a'), again) })
    expect(accounting.verdict).toEqual({ type: 'balanced' })
  })

  test('with two different successes is a conflict', async () => {
    const { accounting } = await account({
      input: one,
      output: jsonl(success('a', 'yes'), success('a', 'no')),
    })
    expect(problemOf(accounting.verdict)).toMatchObject({
      code: 'ConflictingAnswers',
      message: 'Triple 7: two different successes answer 1 request (e.g. "a" at batch_output_7.jsonl:2).',
    })
    expect(accounting.counts).toMatchObject({ conflicting: 1, duplicate: 1, matched: 1 })
  })

  test('with two different successes across both files is a conflict, counted once however often', async () => {
    const { accounting } = await account({
      input: one,
      output: jsonl(success('a', 'yes')),
      error: jsonl(success('a', 'no'), success('a', 'maybe')),
    })
    expect(problemOf(accounting.verdict).code).toBe('ConflictingAnswers')
    expect(accounting.counts).toMatchObject({ conflicting: 1, inBoth: 1, duplicate: 1 })
  })

  test('with a failure and a success: the success counts, whichever comes first', async () => {
    for (const output of [jsonl(failure('a'), success('a')), jsonl(success('a'), failure('a'))]) {
      const { accounting, ledger } = await account({ input: one, output })
      expect(accounting.verdict).toEqual({ type: 'balanced' })
      expect(accounting.answers).toEqual({ succeeded: 1, failed: 0 })
      expect(ledger.answerAt(0)?.class).toBe('success')
      expect(accounting.warnings[0]).toContain('the success counts')
    }
  })

  test('in both files: the success counts and the fact is reported', async () => {
    const { accounting, ledger } = await account({
      input: one,
      output: jsonl(failure('a')),
      error: jsonl(success('a')),
    })
    expect(accounting.verdict).toEqual({ type: 'balanced' })
    expect(accounting.counts).toMatchObject({ inBoth: 1, duplicate: 0, matched: 1 })
    expect(ledger.answerAt(0)).toMatchObject({ file: 'error', class: 'success' })
    expect(accounting.samples.inBoth).toEqual([{ id: 'a', at: 'batch_error_7.jsonl:1' }])
  })

  test('with two different failures: the first counts', async () => {
    const output = jsonl(failure('a', 'server_error', 500), failure('a', 'rate_limit_exceeded', 429))
    const { accounting, ledger } = await account({ input: one, output })
    expect(accounting.verdict).toEqual({ type: 'balanced' })
    expect(ledger.answerAt(0)).toMatchObject({ line: 1, class: 'transient' })
    expect(accounting.warnings[0]).toContain('the first counts')
  })

  test('two runs of one output that were concatenated count once each', async () => {
    const lines = ['a', 'b', 'c'].map((id) => success(id))
    const { accounting } = await account({ input: three, output: jsonl(...lines, ...lines) })
    expect(accounting.verdict).toEqual({ type: 'balanced' })
    expect(accounting.counts).toMatchObject({ duplicate: 3, matched: 3, output: 6 })
  })
})

const answerLine = (parts: object): string => JSON.stringify({ custom_id: 'a', ...parts })

const whole = { choices: [{ message: { content: 'yes' }, finish_reason: 'stop' }] }

describe('what counts as a success', () => {
  test.each([
    ['a 2xx with an answer', { response: { status_code: 201, body: whole }, error: null }, true],
    ['a 2xx with an empty body', { response: { status_code: 201, body: {} }, error: null }, false],
    ['a body that is JSON text', { response: { status_code: 200, body: JSON.stringify(whole) } }, true],
    ['a body that is no chat', { response: { status_code: 200, body: { a: 1 } } }, false],
    ['a body that is other text', { response: { status_code: 200, body: 'words' } }, false],
    ['a 200 whose body failed', { response: { status_code: 200, body: { error: { code: 'x' } } } }, false],
    [
      'a 200 whose body has error null',
      { response: { status_code: 200, body: { ...whole, error: null } } },
      true,
    ],
    [
      'a 200 beside an envelope error',
      { response: { status_code: 200, body: whole }, error: { code: 'x' } },
      false,
    ],
    ['status 0', { response: { status_code: 0, body: {} }, error: null }, false],
    ['a status that is text', { response: { status_code: '200', body: whole } }, true],
    ['no status', { response: { body: whole } }, true],
    ['a status that is none', { response: { status_code: 'fine', body: whole } }, false],
    ['no response', { response: null, error: { code: 'batch_expired' } }, false],
    ['nothing at all', {}, false],
  ])('%s', async (_name, parts, isSuccess) => {
    const { accounting } = await account({ input: jsonl(request('a')), output: jsonl(answerLine(parts)) })
    expect(accounting.answers.succeeded).toBe(isSuccess ? 1 : 0)
  })
})

describe('one id more than once in the input', () => {
  test('with byte-identical lines counts once, with a warning', async () => {
    const { accounting } = await account({
      input: `${request('a')}\n${request('b')}\r\n${request('a')}`,
      output: jsonl(success('a'), success('b')),
    })
    expect(accounting.verdict).toEqual({ type: 'balanced' })
    expect(accounting.counts).toMatchObject({ input: 3, matched: 2, duplicate: 1 })
    expect(accounting.warnings).toEqual([
      '1 input row repeats a request byte for byte; each counts once (e.g. "a" at batch_input_7.jsonl:3).',
    ])
  })

  test('with different requests needs a person', async () => {
    const input = jsonl(request('a', { model: 'm' }), request('a', { model: 'n' }))
    const { accounting } = await account({ input, output: jsonl(success('a')) })
    expect(problemOf(accounting.verdict)).toMatchObject({
      code: 'DuplicateRequestIds',
      message: expect.stringContaining('"a" at batch_input_7.jsonl:2'),
      needsPerson: true,
    })
  })
})

describe('unreadable lines', () => {
  test('cost only themselves: half a line at the end makes one id missing', async () => {
    const output = jsonl(success('a'), success('b')) + success('c').slice(0, 40)
    const { accounting } = await account({ input: three, output })
    expect(accounting.verdict.type).toBe('ids-missing')
    expect(accounting.counts).toMatchObject({ matched: 2, missing: 1, unreadable: 1, output: 2 })
    expect(accounting.unreadableLines).toEqual([
      expect.objectContaining({ kind: 'output', line: 3, length: 40, reason: 'the line ends in the middle' }),
    ])
    expect(problemOf(accounting.verdict).message).toContain(
      '1 line is unreadable (batch_output_7.jsonl:3: the line ends in the middle)',
    )
  })

  test('that cost no answer are a warning: conflict markers around a whole file', async () => {
    const lines = ['a', 'b', 'c'].map((id) => success(id))
    const { accounting } = await account({
      input: three,
      output: jsonl('<<<<<<< HEAD', ...lines, '=======', ...lines, '>>>>>>> branch'),
    })
    expect(accounting.verdict).toEqual({ type: 'balanced' })
    expect(accounting.counts).toMatchObject({ unreadable: 3, duplicate: 3 })
    expect(accounting.warnings).toContainEqual(
      '3 lines are unreadable (batch_output_7.jsonl:1: a version-control conflict marker, not JSON); kept in failed-items/.',
    )
  })

  test('in the input need a person, with file, line and reason', async () => {
    const { accounting } = await account({
      input: `${jsonl(request('a'))}{"custom_id": 7}\n`,
      output: jsonl(success('a')),
    })
    expect(problemOf(accounting.verdict)).toMatchObject({
      code: 'UnreadableInputLines',
      message: expect.stringContaining('batch_input_7.jsonl:2: custom_id is a number; expected a string'),
    })
  })

  test('are all there is in a garbage file, and nothing is lost of the rest', async () => {
    const garbage = Buffer.from(Array.from({ length: 20_000 }, (_, at) => (at * 7919) % 256))
    const { accounting } = await account({ input: three, output: jsonl(success('a')), error: garbage })
    expect(accounting.counts).toMatchObject({ matched: 1, missing: 2, error: 0 })
    expect(accounting.counts.unreadable).toBeGreaterThan(10)
    expect(accounting.verdict.type).toBe('ids-missing')
  })

  test('above the line limit are reported as such', async () => {
    const output = jsonl(success('a'), success('b', 'x'.repeat(10_000)), success('c'))
    const { accounting } = await account({ input: three, output }, { maxLineBytes: 5000 })
    expect(accounting.counts).toMatchObject({ matched: 2, missing: 1, unreadable: 1 })
    expect(accounting.unreadableLines[0]?.reason).toContain('longer than the limit')
  })

  test('of other kinds are told apart', async () => {
    const output = Buffer.concat([
      Buffer.from(jsonl(success('a'))),
      Buffer.from('{"custom_id":"b\xff"}\n', 'latin1'),
      Buffer.from('{"custom_id":"b\0"}\n'),
      Buffer.from('{"id":"no custom id"}\n'),
    ])
    const { accounting } = await account({ input: three, output })
    expect(accounting.unreadableLines.map((line) => line.reason)).toEqual([
      'not valid UTF-8',
      'contains NUL bytes, so a write to the disk was lost',
      'has no custom_id; every line needs one',
    ])
  })

  test('are kept up to ten thousand and counted beyond', async () => {
    const { accounting } = await account({ input: three, output: 'garbage\n'.repeat(10_500) })
    expect(accounting.unreadableLines).toHaveLength(10_000)
    expect(accounting.counts.unreadable).toBe(10_500)
  })
})

describe('reading the files', () => {
  test('tells its progress up to the last byte of each file', async () => {
    const progress = new Map<string, number>()
    const { accounting } = await account(
      { input: three, output: jsonl(success('a')), error: jsonl(failure('b')) },
      { onProgress: ({ kind, bytesRead }) => progress.set(kind, bytesRead) },
    )
    expect(Object.fromEntries(progress)).toEqual(
      Object.fromEntries(accounting.files.map((file) => [file.kind, file.bytes])),
    )
  })

  test('stops when the signal is aborted', async () => {
    const controller = new AbortController()
    const accounting = account(
      { input: three },
      { signal: controller.signal, onProgress: () => controller.abort() },
    )
    await expect(accounting).rejects.toMatchObject({ code: 'Interrupted' })
  })

  test('is refused when a file changes meanwhile', async () => {
    const paths = await writeTriple({ input: three, output: jsonl(success('a')) })
    let more = ''
    const accounting = accountForTriple({
      fs: {
        ...nodeFileSystem,
        open: async (path, mode) => {
          const file = await nodeFileSystem.open(path, mode)
          if (path === paths.output) more = success('b')
          return {
            ...file,
            read: async (buffer, position) => {
              const count = await file.read(buffer, position)
              if (more !== '') await writeFile(path, more, { flag: 'a' })
              more = ''
              return count
            },
          }
        },
      },
      index: '7',
      isCutShort: false,
      ...paths,
    })
    await expect(accounting).rejects.toMatchObject({
      code: 'FileChangedDuringRun',
      problem: { isPassing: true },
    })
  })

  test('names the file that cannot be opened', async () => {
    const directory = await temporaryDirectory()
    const accounting = accountForTriple({
      fs: nodeFileSystem,
      index: '7',
      input: directory,
      output: null,
      error: null,
      isCutShort: false,
    })
    await expect(accounting).rejects.toMatchObject({ code: 'NotARegularFile', index: '7' })
  })

  test('is refused above the limit of requests', async () => {
    await expect(account({ input: three }, { maxRequests: 2 })).rejects.toMatchObject({
      code: 'TooManyRequests',
    })
  })
})

const samples = fileURLToPath(new URL('../../../shared/samples/', import.meta.url))

describe.skipIf(!existsSync(samples))('real files (skipped when ../shared/samples is absent)', () => {
  test('65 real requests and their 65 answers balance', async () => {
    const { accounting } = await accountForTriple({
      fs: nodeFileSystem,
      index: '7',
      input: `${samples}navirag/input.jsonl`,
      output: `${samples}navirag/output.jsonl`,
      error: null,
      isCutShort: false,
    })
    expect(accounting.verdict).toEqual({ type: 'balanced' })
    expect(accounting.counts).toEqual({ ...clean, input: 65, output: 65, error: 0, matched: 65 })
    expect(accounting.answers.succeeded).toBe(65)
  })

  test('real answers beside the input of another batch are recognised as foreign', async () => {
    const { accounting } = await accountForTriple({
      fs: nodeFileSystem,
      index: '7',
      input: `${samples}openai-batch-manager/input.jsonl`,
      output: `${samples}navirag/output.jsonl`,
      error: null,
      isCutShort: false,
    })
    expect(problemOf(accounting.verdict).message).toContain('seem to belong to another batch')
  })

  test('one line of each shape servers write is a row', async () => {
    const { accounting } = await accountForTriple({
      fs: nodeFileSystem,
      index: '7',
      input: `${samples}shapes/output-lines.jsonl`,
      output: `${samples}shapes/output-lines.jsonl`,
      error: `${samples}shapes/error-lines.jsonl`,
      isCutShort: false,
    })
    expect(accounting.counts.unreadable).toBe(0)
    expect(accounting.counts.output).toBe(accounting.files[1]?.lines)
  })
})
