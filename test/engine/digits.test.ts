import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { reconcileWorkspace, type ReconcileWorkspaceOptions, type ReconciledRow } from '../../src/index.js'
import { compacted, jsonText } from '../accounting/json-text/arbitrary-json.js'
import { withWorkspace } from '../workspace/support.js'
import { answerLine, jsonl, metadataText } from './lines.js'
import { namesIn, reportOf, textOf } from './workspaces.js'

/** What no double holds, what `JSON.stringify` spells in another way, and keys that parsing moves or drops. */
const odd =
  '{"big":12345678901234567890,"2":1.0,"1":0.10,"over":1e400,"zero":-0,"power":1E5,"a":1,"a":2,"__proto__":{"x":1.50}}'

/** The same with white space everywhere that JSON allows it on one line. */
const spaced = `{ ${odd.slice(1, -1).replaceAll(/[,:]/g, ' $& ')} }`

const requestLine = (id: string, url: string, body: object): string =>
  JSON.stringify({ custom_id: id, method: 'POST', url, body: { model: 'm', ...body } })

/** A line of an output file whose body is this text. */
const bodyLine = (id: string, body: string): string =>
  `{"id":"batch_req_${id}","custom_id":"${id}","response":{"status_code":200,"request_id":"r","body":${body}},"error":null}`

interface Seen {
  /** Lines of the results, and of the failed items. */
  readonly results: readonly string[]
  readonly failed: readonly string[]
  readonly repairs: readonly string[]
  readonly rows: readonly ReconciledRow[]
}

interface Case {
  readonly url: string
  readonly request?: object
  readonly lines: readonly string[]
  readonly options?: ReconcileWorkspaceOptions
}

const linesIn = (text: string): string[] => text.split('\n').slice(0, -1)

/** Reconciles one triple of these answers, ids in order `a`, `b` … */
function reconciled({ url, request = {}, lines, options = {} }: Case): Promise<Seen> {
  const ids = lines.map((_, at) => String.fromCodePoint(0x61 + at))
  const files = {
    'workdir/batch_input_4.jsonl': jsonl(...ids.map((id) => requestLine(id, url, request))),
    'workdir/batch_output_4.jsonl': jsonl(...lines),
    'workdir/batch_metadata_4.jsonl': metadataText({ remote_status: 'completed' }),
  }
  return withWorkspace(files, async (workspace) => {
    const rows: ReconciledRow[] = []
    const keep = (row: ReconciledRow): void => void rows.push(row)
    const report = await reconcileWorkspace(workspace, {
      processOutput: keep,
      processErrors: keep,
      ...options,
    })
    expect(reportOf(report, '4').outcome.type).toBe('done')
    const read = (directory: string, name: string): string[] =>
      namesIn(workspace, directory).includes(name) ? linesIn(textOf(workspace, `${directory}/${name}`)) : []
    return {
      rows,
      results: read('target', 'batch_results_4.jsonl'),
      failed: read('failed-items', 'batch_failed_4.jsonl'),
      repairs: namesIn(workspace, 'failed-json-repairs').map((name) =>
        textOf(workspace, `failed-json-repairs/${name}`),
      ),
    }
  })
}

const chat = '/v1/chat/completions'
const json = { expectedContentType: 'json' } as const

/** The text behind a field of a row up to the next field of the row. */
const field = (line: string | undefined, name: string, next: string): string | undefined =>
  line?.slice(line.indexOf(`"${name}":`) + name.length + 3, line.lastIndexOf(`,"${next}":`))

describe('digits of the model in the results', () => {
  test.each<[string, Case, string]>([
    ['json', { url: chat, lines: [answerLine('a', odd)], options: json }, odd],
    ['json with white space', { url: chat, lines: [answerLine('a', spaced)], options: json }, odd],
    [
      'json over many lines',
      { url: chat, lines: [answerLine('a', spaced.replaceAll(' ', '\r\n\t '))], options: json },
      odd,
    ],
    [
      'json in a fence',
      { url: chat, lines: [answerLine('a', `\`\`\`json\n${odd}\n\`\`\``)], options: json },
      odd,
    ],
    [
      'a bare number',
      { url: chat, lines: [answerLine('a', '12345678901234567890')], options: json },
      '12345678901234567890',
    ],
    [
      'json that was mended',
      {
        url: chat,
        lines: [answerLine('a', `${odd.slice(0, -1)},}`)],
        options: { ...json, repairJson: true },
      },
      odd,
    ],
    [
      'json lines',
      {
        url: chat,
        lines: [answerLine('a', `${odd}\n\n[1.0]\r\n`)],
        options: { expectedContentType: 'json-lines' },
      },
      `[${odd},[1.0]]`,
    ],
    [
      'json under a schema that leaves it alone',
      { url: chat, lines: [answerLine('a', spaced)], options: { ...json, schema: z.unknown() } },
      odd,
    ],
    [
      'an opaque body',
      { url: '/v1/other', lines: [bodyLine('a', `{"id":"x","value": ${spaced}}`)] },
      `{"id":"x","value":${odd}}`,
    ],
    [
      'a vector',
      {
        url: '/v1/embeddings',
        request: { input: 'x' },
        lines: [
          bodyLine('a', '{"data":[{"index":0,"embedding":[1.0, -0, 0.10, 1e-5, 0.12345678901234567890]}]}'),
        ],
      },
      '[1.0,-0,0.10,1e-5,0.12345678901234567890]',
    ],
    [
      'vectors, by their index',
      {
        url: '/v1/embeddings',
        request: { input: ['x', 'y'] },
        lines: [bodyLine('a', '{"data":[{"index":1,"embedding":[2.0]},{"index":0,"embedding":[1.0]}]}')],
      },
      '[[1.0],[2.0]]',
    ],
    [
      'a body that is JSON text inside of the JSON',
      { url: '/v1/other', lines: [bodyLine('a', JSON.stringify(`{"id":"x","value":${spaced}}`))] },
      `{"id":"x","value":${odd}}`,
    ],
    ['text', { url: chat, lines: [answerLine('a', spaced)] }, JSON.stringify(spaced)],
  ])('%s', async (_, setting, content) => {
    const { results, rows } = await reconciled(setting)
    expect(field(results[0], 'content', 'finish_reason')).toBe(content)
    expect(rows[0]?.json.content).toBe(content)
    expect(results[0]).not.toContain('"transformed"')
  })

  test('several answers to one request', async () => {
    const choices = [odd, '[1.0]'].map((content, index) => ({
      index,
      message: { content },
      finish_reason: 'stop',
    }))
    const { results } = await reconciled({
      url: chat,
      request: { n: 2 },
      lines: [answerLine('a', null, { choices })],
      options: json,
    })
    expect(results[0]).toContain(`"content":${odd},`)
    expect(results[0]).toContain(`"contents":[${odd},[1.0]]`)
  })

  test('usage and tool calls', async () => {
    const call = `{"id":"c","type":"function","function":{"name":"f","arguments":"{}"},"extra":${spaced}}`
    const choice = `{"index":0,"message":{"content":null,"tool_calls":[ ${call} ]},"finish_reason":"tool_calls"}`
    const legacy = `{"index":0,"message":{"content":null,"function_call":{"name":"f","arguments":"{}","n":1.0}},"finish_reason":"function_call"}`
    const { results } = await reconciled({
      url: chat,
      lines: [
        bodyLine('a', `{"choices":[${choice}],"usage": ${spaced}}`),
        bodyLine('b', `{"choices":[${legacy}],"usage":{"total_tokens":1.0},"usage":{"total_tokens":2.0}}`),
      ],
    })
    expect(results[0]).toContain(`"usage":${odd},`)
    expect(results[0]).toContain(`"tool_calls":[${compacted(call)}]`)
    expect(results[1]).toContain('"usage":{"total_tokens":2.0},')
    expect(results[1]).toContain('"tool_calls":[{"name":"f","arguments":"{}","n":1.0}]')
  })

  test('whatever the text is, it stands in the results but for its white space', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(jsonText, { minLength: 1, maxLength: 20 }), async (texts) => {
        const lines = texts.map((text, at) => answerLine(String.fromCodePoint(0x61 + at), text))
        const { results } = await reconciled({ url: chat, lines, options: json })
        expect(results.map((line) => field(line, 'content', 'finish_reason'))).toEqual(texts.map(compacted))
      }),
      { numRuns: 25 },
    )
  })

  test('what a schema changed is written as it gave it, is marked, and rounds nothing that it left in its place', async () => {
    const schema = z.object({ id: z.unknown(), n: z.string().transform(Number) })
    const { results, rows } = await reconciled({
      url: chat,
      lines: [answerLine('a', '{"n":"7","id":12345678901234567890,"dropped":1}')],
      options: { ...json, schema },
    })
    expect(field(results[0], 'content', 'finish_reason')).toBe('{"id":12345678901234567890,"n":7}')
    expect(results[0]).toContain('"transformed":true')
    expect(rows[0]).toMatchObject({ content: { n: 7 }, isTransformed: true, hasInexactNumbers: true })
  })

  test('what a schema changed in place is written changed', async () => {
    const schema = {
      safeParse: (value: unknown) =>
        ({ success: true, data: Object.assign(value as object, { mine: 1 }) }) as const,
    }
    const { results } = await reconciled({
      url: chat,
      lines: [answerLine('a', '{"n":1.0}')],
      options: { ...json, schema },
    })
    expect(field(results[0], 'content', 'finish_reason')).toBe('{"n":1.0,"mine":1}')
  })

  test('callbacks are told of numbers that a double does not give back', async () => {
    const texts = ['[12345678901234567890]', '[1.0,0.1,1E5,-0]', '[1e400]', '"12345678901234567890"']
    const lines = texts.map((text, at) => answerLine('abcd'.charAt(at), text))
    const { rows } = await reconciled({ url: chat, lines, options: json })
    expect(rows.map((row) => row.hasInexactNumbers)).toEqual([true, false, true, false])
  })

  test('what was turned down is kept as the model wrote it, and the line as the server wrote it', async () => {
    const vector = '{"data":[{"index":0,"embedding":[1.0, 2.50]}],"usage":{"total_tokens":1.0}}'
    const { results, failed, repairs } = await reconciled({
      url: '/v1/embeddings',
      request: { input: 'x' },
      lines: [bodyLine('a', vector)],
      options: { schema: z.array(z.number()).length(3) },
    })
    expect(repairs).toEqual(['[1.0,2.50]'])
    expect(failed).toHaveLength(1)
    expect(failed[0]).toContain(`,"row":${bodyLine('a', vector)}}`)
    expect(results[0]).not.toContain('original_row')
    expect(results[0]).toContain('"usage":{"total_tokens":1.0}')
  })

  test('a row keeps its bytes when the line beside it is cut out, whatever the answer says', async () => {
    const text = `{"n":1.0,"original_row":{"n":2.0}}`
    const choices = [{ index: 0, message: { content: text }, finish_reason: 'length' }]
    const { results, failed } = await reconciled({ url: chat, lines: [answerLine('a', null, { choices })] })
    expect(field(results[0], 'content', 'error')).toBe(JSON.stringify(text))
    expect(failed[0]).toContain('"row":{"id":"batch_req_a"')
    expect(results[0]).not.toContain('"row":')
  })
})

const fine = (id: string): string => answerLine(id, '[1.0]')

describe('what nests a hundred thousand levels deep', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000)

  test.each<[string, string, string]>([
    ['content', answerLine('a', deep), 'rejected'],
    ['a body', bodyLine('a', deep), 'unrecognised'],
    ['a body of no known shape', bodyLine('a', `{"value":${deep}}`), 'unrecognised'],
    ['usage', bodyLine('a', `{"choices":[],"usage":{"x":${deep}}}`), 'unrecognised'],
    ['tool calls', bodyLine('a', `{"choices":[{"message":{"tool_calls":${deep}}}]}`), 'unrecognised'],
    ['an error', `{"custom_id":"a","response":null,"error":${deep}}`, 'unrecognised'],
    ['a body as text', bodyLine('a', JSON.stringify(deep)), 'unrecognised'],
  ])('in %s is a row that cannot be read, and the others go on', async (_, line, outcome) => {
    for (const repairJson of [true, false]) {
      const seen = await reconciled({
        url: chat,
        lines: [line, ...['b', 'c', 'd', 'e', 'f'].map(fine)],
        options: { ...json, repairJson },
      })
      expect(seen.results[0]).toContain(`"outcome":"${outcome}"`)
      expect(seen.results[0]).toContain('"code":"nested_too_deep"')
      expect(seen.results.slice(1).every((row) => row.includes('"content":[1.0],'))).toBe(true)
      expect(seen.repairs).toEqual(outcome === 'rejected' ? [deep] : [])
    }
  })

  test('in two answers to one request, each of which is another failure', () => {
    const files = {
      'workdir/batch_input_4.jsonl': jsonl(requestLine('a', chat, {}), requestLine('b', chat, {})),
      'workdir/batch_output_4.jsonl': jsonl(bodyLine('a', deep), bodyLine('a', `[${deep}]`), fine('b')),
    }
    return withWorkspace(files, async (workspace) => {
      const report = reportOf(await reconcileWorkspace(workspace, json), '4')
      expect(report.outcome.type).toBe('done')
      expect(report.counts).toMatchObject({ duplicate: 1 })
    })
  })

  test('in a request is no matter where only its answer is wanted', () => {
    const files = {
      'workdir/batch_input_4.jsonl': jsonl(`{"custom_id":"a","url":"${chat}","body":${deep}}`),
      'workdir/batch_output_4.jsonl': jsonl(fine('a')),
    }
    return withWorkspace(files, async (workspace) => {
      expect(reportOf(await reconcileWorkspace(workspace, json), '4').outcome.type).toBe('done')
      expect(textOf(workspace, 'target/batch_results_4.jsonl')).toContain('"content":[1.0],')
    })
  })

  test('in text is text', async () => {
    const { results } = await reconciled({ url: chat, lines: [answerLine('a', deep)] })
    expect(field(results[0], 'content', 'finish_reason')).toBe(JSON.stringify(deep))
  })

  test('a schema that runs out of stack rejects its row alone', async () => {
    const depthOf = (value: unknown): number =>
      Array.isArray(value) && value.length > 5 ? depthOf([...value]) + 1 : 0
    const { results } = await reconciled({
      url: chat,
      lines: [answerLine('a', '[1,2,3,4,5,6]'), answerLine('b', '[1]')],
      options: { ...json, schema: z.unknown().refine((value) => depthOf(value) === 0) },
    })
    expect(results[0]).toContain('"code":"schema_overflow"')
    expect(results[1]).toContain('"outcome":"success"')
  })
})
