import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exportResults, type ExportOptions } from '../../../src/engine/export/export-results.js'
import { withDirectory } from '../../workspace/support.js'
import { askDuckDb, columnTypes, csvSource, parquetSource, type DuckValue } from './duck-db.js'
import {
  beginsWithMark,
  jsonAnswers,
  nastyIds,
  nastyTexts,
  vector,
  withNastyWorkspace,
} from './nasty-workspace.js'

type Row = Readonly<Record<string, DuckValue>>
interface Tables {
  readonly csv: readonly Row[]
  readonly parquet: readonly Row[]
  /** As JSON text: a parser would round its numbers. */
  readonly lines: readonly string[]
  readonly jsonl: readonly Row[]
  /** Code points of the first character of the text that begins with a byte order mark. */
  readonly marks: readonly DuckValue[]
  readonly types: Readonly<Record<string, DuckValue>>
}

const fields = [
  'name',
  'year:integer',
  'score:number',
  'isAlive:boolean',
  'town=at.town',
  'at:json',
  'at.town',
]
const tables = await withNastyWorkspace((workspace) =>
  withDirectory(async (directory): Promise<Tables> => {
    const write = async (name: string, options: ExportOptions): Promise<string> =>
      (await exportResults(workspace, join(directory, name), options)).path
    const options = { shouldJoinRequests: true, fields }
    const csv = await write('table.csv', options)
    const parquet = parquetSource(await write('table.parquet', options))
    const lines = readFileSync(await write('table.jsonl', options), 'utf8')
      .trim()
      .split('\n')
    return {
      marks: [await markIn(csvSource(csv)), await markIn(parquet)],
      csv: await askDuckDb(`FROM ${csvSource(csv)}`),
      parquet: await askDuckDb(`FROM ${parquet}`),
      lines,
      jsonl: lines.map((line) => JSON.parse(line) as Row),
      types: await columnTypes(parquet),
    }
  }),
)
async function markIn(source: string): Promise<DuckValue> {
  const [row] = await askDuckDb(`SELECT unicode(content) AS mark FROM ${source} WHERE custom_id = 'mark'`)
  return row?.['mark'] ?? null
}

const formats = ['csv', 'parquet', 'jsonl'] as const
const column = (rows: readonly Row[], name: string): readonly DuckValue[] =>
  rows.map((row) => row[name] ?? null)
const rowOf = (rows: readonly Row[], id: string): Row => rows.find((row) => row['custom_id'] === id) ?? {}

const ids = [...nastyIds, 'mark', 'failed', 'again', ...Object.keys(jsonAnswers), 'v', 'unsent']

describe.each(formats)('a %s file', (format) => {
  const rows = tables[format]

  test('has one row for each request of the roots, in the order of their inputs', () => {
    expect(column(rows, 'custom_id')).toEqual(ids)
    expect(column(rows, 'root_index')).toEqual([
      ...[...nastyIds, 'mark', 'failed', 'again'].map(() => '1'),
      ...Object.keys(jsonAnswers).map(() => '2'),
      '3',
      '4',
    ])
  })

  test('says what became of each', () => {
    expect(rowOf(rows, 'failed')).toMatchObject({
      outcome: 'permanent',
      content: null,
      content_type: null,
      error_code: 'invalid_value',
      error_message: 'No failed for you.',
      retry: null,
    })
    expect(rowOf(rows, 'again')).toMatchObject({ outcome: 'transient', error_code: 'server_error' })
    expect(rowOf(rows, 'again')['retry']).toMatch(/^[0-9a-f-]{36}$/)
    expect(rowOf(rows, 'unsent')).toMatchObject({
      outcome: 'pending',
      usage: null,
      attempt: null,
      repaired: null,
    })
    expect(rowOf(rows, nastyIds[0] ?? '')).toMatchObject({
      outcome: 'success',
      finish_reason: 'stop',
      source_file: 'output',
    })
  })

  test('gives every text back as the model wrote it', () => {
    const texts = nastyIds.map((id) => rowOf(rows, id)['content'])
    expect(texts.every((text, at) => text === nastyTexts[at])).toBe(true)
    expect(nastyIds.map((id) => rowOf(rows, id)['content_type'])).toEqual(nastyIds.map(() => 'text'))
  })

  test('has the request of each row beside it', () => {
    const bodies = nastyIds.map((id) => rowOf(rows, id)['request_body'])
    for (const [at, body] of bodies.entries()) {
      const parsed = (typeof body === 'string' ? JSON.parse(body) : body) as {
        messages: [{ content: string }]
      }
      expect(parsed.messages[0].content === nastyTexts[at]).toBe(true)
    }
    expect(new Set(column(rows, 'request_url'))).toEqual(new Set(['/v1/chat/completions', '/v1/embeddings']))
  })

  test('tells an empty text from none', () => {
    expect([rowOf(rows, 'huge')['name'], rowOf(rows, 'beyond')['name']]).toEqual(['', null])
  })
})

test('a text that begins with a byte order mark keeps it', () => {
  expect(tables.marks).toEqual([0xfeff, 0xfeff])
  expect(rowOf(tables.jsonl, 'mark')['content']).toBe(beginsWithMark)
})

describe('JSON answers', () => {
  test.each(['csv', 'parquet'] as const)('are JSON text in %s, digit for digit', (format) => {
    for (const [id, answer] of Object.entries(jsonAnswers))
      expect(rowOf(tables[format], id)).toMatchObject({
        content: answer,
        content_type: 'json',
        embedding: null,
      })
  })

  test('are JSON in JSON lines, digit for digit', () => {
    for (const answer of Object.values(jsonAnswers))
      expect(tables.lines.filter((line) => line.includes(`"content":${answer},`))).toHaveLength(1)
  })

  test('give fields of the type that was asked for, and null where they hold another', () => {
    const named = ['name', 'year', 'score', 'isAlive', 'town', 'at', 'at.town']
    const found = Object.keys(jsonAnswers).map((id) => named.map((name) => rowOf(tables.parquet, id)[name]))
    expect(found).toEqual([
      ['Ada', 1815n, 0.5, false, 'London', '{"town":"London"}', 'London'],
      ['', 9223372036854775807n, null, true, null, null, null],
      [null, null, null, null, null, null, null],
      [null, 1500n, null, null, null, '"nowhere"', null],
      [null, null, null, null, null, null, null],
    ])
  })

  test('give the same fields in CSV and in JSON lines', () => {
    const { whole = '', ...rest } = Object.fromEntries(
      Object.keys(jsonAnswers).map((id) => {
        const { name, year, score, isAlive, town } = rowOf(tables.csv, id)
        return [id, [name, year, score, isAlive, town].map(String).join('|')]
      }),
    )
    expect(whole).toBe('Ada|1815|0.5|false|London')
    expect(rest).toMatchObject({
      huge: '|9223372036854775807|null|true|null',
      other: 'null|1500|null|null|null',
    })
    const huge = tables.lines.find((line) => line.includes('"custom_id":"huge"'))
    expect(huge).toContain('"name":"","year":9223372036854775807,"score":null,"isAlive":true,"town":null')
  })
})

describe('vectors', () => {
  test('are lists of floats in Parquet', () => {
    const { embedding, content, content_type: type } = rowOf(tables.parquet, 'v')
    expect([content, type]).toEqual([null, 'embedding'])
    expect(embedding).toEqual(vector.map(Math.fround))
  })

  test('are JSON text in CSV and JSON in JSON lines, digit for digit', () => {
    expect(rowOf(tables.csv, 'v')).toMatchObject({ embedding: JSON.stringify(vector), content: null })
    expect(rowOf(tables.jsonl, 'v')).toMatchObject({ embedding: vector, content: null })
  })
})

test('the types of Parquet are those of the documentation, whatever the rows hold', () => {
  expect(tables.types).toEqual({
    root_index: 'VARCHAR',
    custom_id: 'VARCHAR',
    outcome: 'VARCHAR',
    content: 'VARCHAR',
    content_type: 'VARCHAR',
    embedding: 'FLOAT[]',
    contents: 'VARCHAR',
    tool_calls: 'VARCHAR',
    finish_reason: 'VARCHAR',
    error_code: 'VARCHAR',
    error_message: 'VARCHAR',
    model: 'VARCHAR',
    usage: 'VARCHAR',
    input_tokens: 'BIGINT',
    cached_tokens: 'BIGINT',
    output_tokens: 'BIGINT',
    reasoning_tokens: 'BIGINT',
    attempt: 'BIGINT',
    source_index: 'VARCHAR',
    source_file: 'VARCHAR',
    source_line: 'BIGINT',
    retry: 'VARCHAR',
    repaired: 'BOOLEAN',
    transformed: 'BOOLEAN',
    shape: 'VARCHAR',
    request_url: 'VARCHAR',
    request_body: 'VARCHAR',
    name: 'VARCHAR',
    year: 'BIGINT',
    score: 'DOUBLE',
    isAlive: 'BOOLEAN',
    town: 'VARCHAR',
    at: 'VARCHAR',
    'at.town': 'VARCHAR',
  })
})
