import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { locateTriple, reconcileTriple, type BatchWorkspace, type ReconcileOptions } from '../../src/index.js'
import { withWorkspace } from '../workspace/support.js'
import {
  answerLine,
  errorLine,
  jsonl,
  lineWith,
  namesIn,
  outcomesOf,
  requestLine,
  rowsOf,
} from './support.js'

interface Content {
  readonly ids: readonly string[]
  readonly output?: string
  readonly error?: string
}

/** Reconciles triple 4 with these files, and looks at what it left. */
function process<T>(
  { ids, output, error }: Content,
  options: ReconcileOptions,
  look: (workspace: BatchWorkspace, outcome: string) => T,
) {
  const files = {
    'workdir/batch_input_4.jsonl': jsonl(...ids.map((id) => requestLine(id))),
    ...(output === undefined ? {} : { 'workdir/batch_output_4.jsonl': output }),
    ...(error === undefined ? {} : { 'workdir/batch_error_4.jsonl': error }),
  }
  return withWorkspace(files, async (workspace) => {
    const { outcome } = await reconcileTriple(workspace, await locateTriple(workspace, '4'), options)
    return look(workspace, outcome.type)
  })
}

/** The texts in `failed-json-repairs/`. */
const keptTexts = (workspace: BatchWorkspace): string[] =>
  namesIn(workspace, 'failed-json-repairs').map((name) =>
    readFileSync(join(workspace.layout.failedJsonRepairs, name), 'utf8'),
  )

/** A failed request as some servers write it: nothing beside the response. */
function withoutErrorKey(id: string, status: number): string {
  const body = { error: { message: 'no', type: 't', code: `e${status}` } }
  const { error: _, ...line } = JSON.parse(lineWith(id, status, body)) as { error: unknown }
  return JSON.stringify(line)
}

describe('what becomes of answers', () => {
  test('P1 text that could not be mended is kept in failed-json-repairs as the model wrote it', async () => {
    const text = '{"name": Anna\u0007, nothing closes'
    const content = { ids: ['a'], output: jsonl(answerLine('a', text)) }
    await process(content, { expectedContentType: 'json' }, (workspace) => {
      expect(keptTexts(workspace)).toEqual([text])
    })
  })

  test('P2 an answer cut for its length ends the triple well, and is no success', async () => {
    const output = jsonl(answerLine('a', '{"name":"An', { finishReason: 'length' }))
    await process({ ids: ['a'], output }, { expectedContentType: 'json' }, (workspace, outcome) => {
      expect(outcome).toBe('done')
      expect(outcomesOf(workspace, '4')).toEqual({ a: 'semantic' })
    })
  })

  test('P3 an answer that is no JSON is rejected, its text kept under a name made from its custom_id', async () => {
    const output = jsonl(answerLine('some-other-uuid', 'Sorry, I cannot.'))
    const content = { ids: ['some-other-uuid'], output }
    await process(content, { expectedContentType: 'json' }, (workspace) => {
      expect(outcomesOf(workspace, '4')).toEqual({ 'some-other-uuid': 'rejected' })
      expect(namesIn(workspace, 'failed-json-repairs')).toEqual([
        expect.stringMatching(/^some-other-uuid-[0-9a-f]+-4\.txt$/),
      ])
      expect(keptTexts(workspace)).toEqual(['Sorry, I cannot.'])
    })
  })

  test('P4 one answer and one error end the triple well', async () => {
    const content = {
      ids: ['a', 'b'],
      output: jsonl(answerLine('a', 'yes')),
      error: jsonl(errorLine('b')),
    }
    await process(content, {}, (workspace, outcome) => {
      expect(outcome).toBe('done')
      expect(outcomesOf(workspace, '4')).toEqual({ a: 'success', b: 'permanent' })
    })
  })

  test('P5 errors alone end the triple well, and reach the callback for errors only', async () => {
    const errors: string[] = []
    const answers: string[] = []
    const options: ReconcileOptions = {
      processErrors: ({ customId }) => void errors.push(customId),
      processOutput: ({ customId }) => void answers.push(customId),
    }
    await process({ ids: ['a'], error: jsonl(errorLine('a')) }, options, (_, outcome) => {
      expect(outcome).toBe('done')
    })
    expect({ errors, answers }).toEqual({ errors: ['a'], answers: [] })
  })

  test('P6 two lines without an error key are read, logged, and sent again where that may help', async () => {
    const error = jsonl(withoutErrorKey('a', 400), withoutErrorKey('b', 500))
    await process({ ids: ['a', 'b'], error }, {}, (workspace, outcome) => {
      expect(outcome).toBe('done')
      const logged = rowsOf(workspace, 'logs/batch_expansion_error_log_4.jsonl')
      expect(logged.map(({ code }) => code)).toEqual(['e400', 'e500'])
      expect(namesIn(workspace, 'workdir').filter((name) => name.startsWith('batch_input_'))).toHaveLength(1)
    })
  })

  test('P7 an answer without a field the schema wants ends the triple well and is kept as failed', async () => {
    const output = jsonl(answerLine('a', '{"size":3}'))
    const options: ReconcileOptions = {
      expectedContentType: 'json',
      schema: z.object({ name: z.string(), size: z.number() }),
    }
    await process({ ids: ['a'], output }, options, (workspace, outcome) => {
      expect(outcome).toBe('done')
      expect(rowsOf(workspace, 'failed-items/batch_failed_4.jsonl')).toMatchObject([
        { custom_id: 'a', outcome: 'rejected', error: { code: 'schema_rejected' } },
      ])
    })
  })

  test('P8 two answers end the triple well, each in the results', async () => {
    const output = jsonl(answerLine('b', '{"size":2}'), answerLine('a', '{"size":1}'))
    await process({ ids: ['a', 'b'], output }, { expectedContentType: 'json' }, (workspace, outcome) => {
      expect(outcome).toBe('done')
      const rows = rowsOf(workspace, 'target/batch_results_4.jsonl')
      expect(rows.map(({ custom_id: id, content }) => [id, content])).toEqual([
        ['a', { size: 1 }],
        ['b', { size: 2 }],
      ])
    })
  })

  test('P9 a failed request stands in failed-items with its custom_id and the server’s own line', async () => {
    const line = errorLine('my-request')
    await process({ ids: ['my-request'], error: jsonl(line) }, {}, (workspace) => {
      expect(rowsOf(workspace, 'failed-items/batch_failed_4.jsonl')).toMatchObject([
        { custom_id: 'my-request', outcome: 'permanent', row: JSON.parse(line) as object },
      ])
    })
  })
})
