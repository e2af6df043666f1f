import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  reconcileWorkspace,
  type ReconcileWorkspaceOptions,
  type RowContext,
  type TripleReport,
} from '../../src/index.js'
import { withWorkspace } from '../workspace/support.js'
import {
  answeredTriple,
  answerLine,
  errorLine,
  idsUpTo,
  jsonl,
  metadataText,
  requestLine,
  responseLine,
  unansweredLine,
} from './lines.js'
import { namesIn, outcomesOf, reportOf, rowsOf, textOf, userFiles } from './workspaces.js'

/** One triple whose answers hold these texts, ids `row-1` and so on. */
function answered(...texts: readonly string[]): Record<string, string> {
  return {
    'workdir/batch_input_4.jsonl': jsonl(...texts.map((_, at) => requestLine(`row-${at + 1}`))),
    'workdir/batch_output_4.jsonl': jsonl(...texts.map((text, at) => answerLine(`row-${at + 1}`, text))),
  }
}

interface Processed {
  readonly report: TripleReport
  readonly rows: readonly Record<string, unknown>[]
  readonly repairs: readonly string[]
}

/** Reconciles the files of triple 4 and gives what came of them. */
function processed(
  files: Readonly<Record<string, string>>,
  options: ReconcileWorkspaceOptions,
): Promise<Processed> {
  return withWorkspace(files, async (workspace) => {
    const report = reportOf(await reconcileWorkspace(workspace, options), '4')
    expect(report.outcome.type).toBe('done')
    return {
      report,
      rows: rowsOf(workspace, 'target/batch_results_4.jsonl'),
      repairs: namesIn(workspace, 'failed-json-repairs').map((name) =>
        textOf(workspace, `failed-json-repairs/${name}`),
      ),
    }
  })
}

describe('which rows go to which callback', () => {
  const lines = [
    answerLine('success', 'yes'),
    answerLine('truncated', 'ye', { finishReason: 'length' }),
    responseLine('failed', 429, { error: { message: 'slow down', code: 'rate_limit_exceeded' } }),
  ]
  const files = {
    'workdir/batch_input_4.jsonl': jsonl(
      ...['success', 'truncated', 'failed', 'refused', 'expired'].map((id) => requestLine(id)),
    ),
    'workdir/batch_output_4.jsonl': jsonl(...lines),
    'workdir/batch_error_4.jsonl': jsonl(errorLine('refused'), unansweredLine('expired')),
  }

  test('answers to one, everything else to the other, whichever file they stand in', async () => {
    const seen: string[] = []
    await processed(files, {
      processOutput: (row) => void seen.push(`output ${row.customId} ${row.class}`),
      processErrors: (row) => void seen.push(`errors ${row.customId} ${row.class}`),
    })
    expect(seen).toEqual([
      'errors refused permanent',
      'errors expired not-executed',
      'output success success',
      'output truncated semantic',
      'errors failed transient',
    ])
  })

  test('each row with its place in the lineage and a key of its own', async () => {
    const contexts: RowContext[] = []
    await processed(files, { processOutput: (_, context) => void contexts.push(context) })
    expect(contexts).toEqual([
      { index: '4', rootIndex: '4', attempt: 1, idempotencyKey: '4/success' },
      { index: '4', rootIndex: '4', attempt: 1, idempotencyKey: '4/truncated' },
    ])
  })

  test('each row with the model that answered, also rows that are like an earlier one', async () => {
    const names = ['gpt-5', 'gpt-5-\u0041', '', 'gpt-5', null]
    const ids = idsUpTo(names.length)
    const models: unknown[] = []
    const { rows } = await processed(
      {
        'workdir/batch_input_4.jsonl': jsonl(...ids.map((id) => requestLine(id))),
        'workdir/batch_output_4.jsonl': jsonl(
          ...ids.map((id, at) =>
            answerLine(id, id).replace('"gpt-4o-mini-2024-07-18"', JSON.stringify(names[at])),
          ),
        ),
      },
      { processOutput: ({ model }) => void models.push(model) },
    )
    expect(models).toEqual(names)
    expect(rows.map(({ model }) => model)).toEqual(names)
  })

  test('one after the other: a slow callback is waited for', async () => {
    let live = 0
    let most = 0
    await processed(answeredTriple('4', idsUpTo(20)), {
      processOutput: async () => {
        live += 1
        most = Math.max(most, live)
        await new Promise(setImmediate)
        live -= 1
      },
    })
    expect(most).toBe(1)
  })

  test('only the answer that counts is handed over when an id stands in both files', async () => {
    const seen: string[] = []
    await processed(
      { ...answered('yes'), 'workdir/batch_error_4.jsonl': jsonl(errorLine('row-1')) },
      {
        processOutput: (row) => void seen.push(`output ${row.customId}`),
        processErrors: (row) => void seen.push(`errors ${row.customId}`),
      },
    )
    expect(seen).toEqual(['output row-1'])
  })
})

describe('a callback that throws', () => {
  const files = { ...answeredTriple('4', idsUpTo(10)), ...answeredTriple('5', ['other']) }

  test('stops its triple at that row, moves nothing, and no other triple', () =>
    withWorkspace(files, async (workspace) => {
      const before = userFiles(workspace)
      const report = await reconcileWorkspace(workspace, {
        processOutput: (row) => {
          if (row.customId === 'row-6') throw new Error('no database')
        },
      })
      const { outcome, problem } = reportOf(report, '4')
      expect(outcome.type).toBe('failed')
      expect(problem).toMatchObject({ code: 'ProcessorThrew', facts: { customId: 'row-6' } })
      expect(problem?.message).toContain('no database')
      expect(problem?.hint).not.toBe('')
      expect(reportOf(report, '5').outcome.type).toBe('done')
      expect(userFiles(workspace)).toEqual(before)
      expect(namesIn(workspace, 'target')).toEqual(['batch_results_5.jsonl'])
    }))

  test('is handed that row again once it is mended, and no row before it', () =>
    withWorkspace(files, async (workspace) => {
      const handed: string[] = []
      let isBroken = true
      const options: ReconcileWorkspaceOptions = {
        processOutput: (row, { index }) => {
          if (index !== '4') return
          handed.push(row.customId)
          if (isBroken && row.customId === 'row-6') throw new Error('no database')
        },
      }
      await reconcileWorkspace(workspace, options)
      expect(handed).toEqual(idsUpTo(6))
      isBroken = false
      const report = await reconcileWorkspace(workspace, options)
      expect(reportOf(report, '4').outcome.type).toBe('done')
      expect(handed).toEqual([...idsUpTo(6), ...idsUpTo(10).slice(5)])
      expect(outcomesOf(workspace, '4')).toEqual(idsUpTo(10).map((id) => [id, 'success']))
    }))

  test('is handed all rows again when the output file is another one by then', () =>
    withWorkspace(files, async (workspace) => {
      let isBroken = true
      const contents: unknown[] = []
      const options: ReconcileWorkspaceOptions = {
        processOutput: (row, { index }) => {
          if (index === '4' && isBroken && row.customId === 'row-6') throw new Error('no database')
          if (index === '4' && !isBroken) contents.push(row.content)
        },
      }
      await reconcileWorkspace(workspace, options)
      isBroken = false
      const anew = jsonl(...idsUpTo(10).map((id) => answerLine(id, `Anew: ${id}.`)))
      writeFileSync(workspace.layout.workdirFile('output', '4'), anew)
      await reconcileWorkspace(workspace, options)
      expect(contents).toEqual(idsUpTo(10).map((id) => `Anew: ${id}.`))
      const rows = rowsOf(workspace, 'target/batch_results_4.jsonl')
      expect(rows.map(({ content }) => content)).toEqual(contents)
    }))

  test.each([
    ['a text', 'just a text'],
    ['nothing', undefined],
    ['an object', { reason: 'x' }],
  ])('may throw %s instead of an error', (_, thrown) =>
    withWorkspace(files, async (workspace) => {
      const report = await reconcileWorkspace(workspace, {
        processOutput: async () => {
          // oxlint-disable-next-line typescript/only-throw-error -- users do
          throw thrown
        },
      })
      expect(reportOf(report, '4').problem?.code).toBe('ProcessorThrew')
    }),
  )
})

describe('a callback that rejects', () => {
  test('turns the row down for good, with its reason and the text kept', async () => {
    const { rows, repairs, report } = await processed(answered('one', 'two'), {
      processOutput: (row) => (row.content === 'two' ? { reject: 'I do not like it' } : undefined),
    })
    expect(rows).toMatchObject([
      { outcome: 'success', content: 'one' },
      { outcome: 'rejected', error: { code: 'rejected_by_processor', message: 'I do not like it' } },
    ])
    expect(rows[1]).not.toHaveProperty('content')
    expect(repairs).toEqual(['two'])
    expect(report.outcome).toEqual({ type: 'done', retryIndex: null })
  })

  test('and a policy that wants another try make a retry of that row only', () =>
    withWorkspace(answered('one', 'two'), async (workspace) => {
      const report = await reconcileWorkspace(workspace, {
        processOutput: (row) => (row.content === 'two' ? { reject: 'again' } : undefined),
        shouldRetry: (row) => row.error?.code === 'rejected_by_processor',
      })
      const { outcome, rows } = reportOf(report, '4')
      expect(rows).toMatchObject({ success: 1, rejected: 1, retryable: 1 })
      const retryIndex = outcome.type === 'done' ? outcome.retryIndex : null
      expect(textOf(workspace, `workdir/batch_input_${retryIndex}.jsonl`)).toBe(jsonl(requestLine('row-2')))
    }))

  test('shouldRetry is asked for semantic and rejected rows, and for no other', async () => {
    const asked: string[] = []
    const files = {
      'workdir/batch_input_4.jsonl': jsonl(...['a', 'b', 'c'].map((id) => requestLine(id))),
      'workdir/batch_output_4.jsonl': jsonl(
        answerLine('a', 'yes'),
        answerLine('b', 'n', { finishReason: 'length' }),
      ),
      'workdir/batch_error_4.jsonl': jsonl(errorLine('c')),
    }
    await processed(files, {
      shouldRetry: (row) => {
        asked.push(`${row.customId} ${row.class}`)
        return false
      },
    })
    expect(asked).toEqual(['b semantic'])
  })
})

describe('content', () => {
  const schema = z.object({ name: z.string().transform((name) => name.toUpperCase()) })

  test('goes through the schema, which may transform it', async () => {
    const contents: unknown[] = []
    const { rows } = await processed(answered('{"name":"ada"}'), {
      expectedContentType: 'json',
      schema,
      processOutput: (row) => void contents.push(row.content),
    })
    expect(contents).toEqual([{ name: 'ADA' }])
    expect(rows).toMatchObject([{ outcome: 'success', content: { name: 'ADA' } }])
  })

  test('that the schema turns down never reaches the callback for answers', async () => {
    const seen: string[] = []
    const { rows, repairs } = await processed(answered('{"name":7}', '{"name":"ada"}'), {
      expectedContentType: 'json',
      schema,
      processOutput: (row) => void seen.push(`output ${row.customId}`),
      processErrors: (row) => void seen.push(`errors ${row.customId}`),
    })
    expect(seen).toEqual(['errors row-1', 'output row-2'])
    expect(rows[0]).toMatchObject({ outcome: 'rejected', error: { code: 'schema_rejected' } })
    expect(JSON.stringify(rows[0]?.['error'])).toContain('name: ')
    expect(repairs).toEqual(['{"name":7}'])
  })

  test('in a fence is unwrapped', async () => {
    const { rows } = await processed(answered('```json\n{"name":"ada"}\n```'), {
      expectedContentType: 'json',
    })
    expect(rows).toMatchObject([{ outcome: 'success', content: { name: 'ada' } }])
  })

  test('that is no JSON is mended when that is wanted, and marked', async () => {
    const options = { expectedContentType: 'json' } as const
    const files = answered('{"name": "ada",}')
    const mended = await processed(files, { ...options, repairJson: true })
    expect(mended.rows).toMatchObject([{ outcome: 'success', content: { name: 'ada' }, repaired: true }])
    const kept = await processed(files, options)
    expect(kept.rows).toMatchObject([{ outcome: 'rejected', error: { code: 'not_json' } }])
    expect(kept.repairs).toEqual(['{"name": "ada",}'])
  })

  test('that was cut off is never mended into a success', async () => {
    const files = {
      'workdir/batch_input_4.jsonl': jsonl(requestLine('a')),
      'workdir/batch_output_4.jsonl': jsonl(answerLine('a', '{"name": "a', { finishReason: 'length' })),
    }
    const { rows } = await processed(files, { expectedContentType: 'json', repairJson: true })
    expect(rows).toMatchObject([{ outcome: 'semantic', content: '{"name": "a' }])
  })

  test('is of the type that the metadata says, unless the run says another', async () => {
    const files = {
      ...answered('{"n":1}\n{"n":2}'),
      'workdir/batch_metadata_4.jsonl': metadataText({ content_type: 'json-lines' }),
    }
    expect((await processed(files, {})).rows[0]?.['content']).toEqual([{ n: 1 }, { n: 2 }])
    const asText = await processed(files, { expectedContentType: 'text' })
    expect(asText.rows[0]?.['content']).toBe('{"n":1}\n{"n":2}')
  })

  test('of ids that are paths is kept inside of the folder', async () => {
    const files = {
      'workdir/batch_input_4.jsonl': jsonl(requestLine('../../escape'), requestLine('CON')),
      'workdir/batch_output_4.jsonl': jsonl(answerLine('../../escape', 'no'), answerLine('CON', 'no')),
    }
    await withWorkspace(files, async (workspace) => {
      await reconcileWorkspace(workspace, { expectedContentType: 'json' })
      const names = namesIn(workspace, 'failed-json-repairs')
      expect(names).toHaveLength(2)
      for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9._-]*-4\.txt$/)
    })
  })

  test('that a schema throws at stops the triple: the fault is the schema', () =>
    withWorkspace(answered('{"name":"ada"}'), async (workspace) => {
      const report = await reconcileWorkspace(workspace, {
        expectedContentType: 'json',
        schema: {
          safeParse: () => {
            throw new Error('the schema fell over')
          },
        },
      })
      expect(reportOf(report, '4').problem).toMatchObject({ code: 'ProcessorThrew' })
      expect(namesIn(workspace, 'done')).toEqual([])
    }))
})
