import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { exportFormats } from '../../../src/engine/export/format.js'
import { exportResults, type ExportOptions } from '../../../src/engine/export/export-results.js'
import { reconcileWorkspace } from '../../../src/engine/reconcile-workspace.js'
import type { FileSystem } from '../../../src/workspace/file-system.js'
import { nodeFileSystem } from '../../../src/workspace/node-file-system.js'
import type { BatchWorkspace } from '../../../src/workspace/open-workspace.js'
import { faultFileSystem } from '../../fakes/fault-file-system.js'
import { filesBelow, onDisk, rejection, withWorkspace } from '../../workspace/support.js'
import { answerLine, answeredTriple, errorLine, jsonl, metadataText, requestLine } from '../lines.js'
import { askDuckDb, parquetSource } from './duck-db.js'

type JsonRow = Readonly<Record<string, unknown>>

/** The rows of an export as JSON lines, and what it said. */
async function exported(workspace: BatchWorkspace, options: ExportOptions = {}) {
  const path = join(workspace.root, 'table.jsonl')
  const report = await exportResults(workspace, path, { ...options, shouldOverwrite: true })
  const text = readFileSync(path, 'utf8')
  const rows = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): JsonRow => JSON.parse(line))
  return {
    report,
    rows,
    ids: rows.map((row) => row['custom_id']),
    outcomes: rows.map((row) => row['outcome']),
  }
}

async function csvOf(workspace: BatchWorkspace, options: ExportOptions = {}): Promise<string> {
  const path = join(workspace.root, 'table.csv')
  await exportResults(workspace, path, { ...options, shouldOverwrite: true })
  return readFileSync(path, 'utf8')
}

const failing = {
  'workdir/batch_input_1.jsonl': jsonl(requestLine('a'), requestLine('b')),
  'workdir/batch_output_1.jsonl': jsonl(answerLine('a', 'A')),
  'workdir/batch_error_1.jsonl': jsonl(errorLine('b', 500, 'server_error')),
}

describe('the lineages of an export', () => {
  test('stand in the order of their roots, before and after they are finished', () =>
    withWorkspace(
      { ...answeredTriple('10', ['x']), ...answeredTriple('9', ['y', 'z']) },
      async (workspace) => {
        expect(await exported(workspace)).toMatchObject({
          ids: ['y', 'z', 'x'],
          outcomes: ['pending', 'pending', 'pending'],
          report: { rows: 3, pending: 3, leftOut: 0, warnings: [] },
        })
        await reconcileWorkspace(workspace)
        expect(await exported(workspace)).toMatchObject({
          ids: ['y', 'z', 'x'],
          outcomes: ['success', 'success', 'success'],
          report: { rows: 3, pending: 0 },
        })
      },
    ))

  test('have the requests of a retry once, in the rows of its root', () =>
    withWorkspace(failing, async (workspace) => {
      await reconcileWorkspace(workspace)
      const before = await exported(workspace)
      expect(before).toMatchObject({
        ids: ['a', 'b'],
        outcomes: ['success', 'transient'],
        report: { pending: 1 },
      })
      const retry = String(before.rows[1]?.['retry'])
      writeFileSync(workspace.layout.workdirFile('output', retry), jsonl(answerLine('b', 'B')))
      await reconcileWorkspace(workspace)
      const after = await exported(workspace, { shouldJoinRequests: true })
      expect(after).toMatchObject({
        ids: ['a', 'b'],
        outcomes: ['success', 'success'],
        report: { pending: 0 },
      })
      expect(after.rows[1]).toMatchObject({
        attempt: 2,
        source_index: retry,
        request_url: '/v1/chat/completions',
      })
    }))

  test('do not take a retry for a root while its metadata is the last file to move', () =>
    withWorkspace(failing, async (workspace) => {
      await reconcileWorkspace(workspace)
      const [, { retry } = {}] = (await exported(workspace)).rows
      const { layout } = workspace
      renameSync(layout.workdirFile('input', String(retry)), layout.doneFile('input', String(retry)))
      expect((await exported(workspace)).ids).toEqual(['a', 'b'])
    }))

  test('are read from results alone when every other file is gone', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      await reconcileWorkspace(workspace)
      rmSync(workspace.layout.done, { recursive: true })
      const { ids, report, rows } = await exported(workspace, { shouldJoinRequests: true })
      expect([ids, report.warnings]).toEqual([
        ['a'],
        ['The input of triple 4 is gone: its rows are written without their requests.'],
      ])
      expect(rows[0]).toMatchObject({ outcome: 'success', request_url: null, request_body: null })
    }))

  test('say so when the results of a finished one are gone', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      await reconcileWorkspace(workspace)
      rmSync(workspace.layout.target, { recursive: true })
      const { outcomes, report } = await exported(workspace, { shouldSkipPending: true })
      expect([outcomes, report.pending]).toEqual([['without-results'], 0])
      expect(report.warnings).toEqual([
        'Triple 4 is finished and its results are gone: its rows say without-results.',
      ])
    }))

  test('are counted where nothing of them can be exported', () =>
    withWorkspace({ 'workdir/batch_output_3.jsonl': jsonl(answerLine('a', 'A')) }, async (workspace) => {
      const { report } = await exported(workspace)
      expect(report).toMatchObject({ rows: 0, leftOut: 1 })
      expect(report.warnings).toEqual([
        'Neither the input nor the results of triple 3 are here: it has no rows.',
      ])
    }))

  test('stop the export where metadata does not tell what a triple is', () =>
    withWorkspace(
      { ...answeredTriple('4', ['a']), 'workdir/batch_metadata_4.jsonl': '{"batch_id"' },
      async (workspace) => {
        expect((await rejection(exported(workspace))).code).toBe('BatchMetadataUnreadable')
      },
    ))
})

describe('the rows of an export', () => {
  const unsent = jsonl(requestLine('a'), requestLine('b'), requestLine('a'), '{"custom_id":7}', 'x')

  test('are one for each id of an input that repeats some; lines that are none are told', () =>
    withWorkspace({ 'workdir/batch_input_1.jsonl': unsent }, async (workspace) => {
      const { ids, report } = await exported(workspace)
      expect(ids).toEqual(['a', 'b'])
      expect(report.warnings).toEqual(['batch_input_1.jsonl: 2 lines are no requests, and have no row.'])
    }))

  test('leave out what is under way when asked to, and count it', () =>
    withWorkspace({ ...failing, 'workdir/batch_input_2.jsonl': unsent }, async (workspace) => {
      await reconcileWorkspace(workspace)
      const { ids, report } = await exported(workspace, { shouldSkipPending: true })
      expect([ids, report.rows, report.pending]).toEqual([['a'], 1, 3])
    }))

  test('find their requests beside lines that repeat an id', () =>
    withWorkspace(
      {
        'workdir/batch_input_1.jsonl': jsonl(
          requestLine('a', '1'),
          requestLine('b', '2'),
          requestLine('a', '1'),
          requestLine('c', '3'),
        ),
        'workdir/batch_output_1.jsonl': jsonl(
          answerLine('a', 'A'),
          answerLine('b', 'B'),
          answerLine('c', 'C'),
        ),
      },
      async (workspace) => {
        await reconcileWorkspace(workspace)
        const { rows } = await exported(workspace, { shouldJoinRequests: true })
        expect(rows.map((row) => JSON.stringify(row['request_body']).slice(-5, -4))).toEqual(['1', '2', '3'])
      },
    ))

  test('are never joined with the requests of another input', () =>
    withWorkspace(answeredTriple('4', ['a', 'b']), async (workspace) => {
      await reconcileWorkspace(workspace)
      writeFileSync(workspace.layout.doneFile('input', '4'), jsonl(requestLine('a'), requestLine('c')))
      const error = await rejection(exported(workspace, { shouldJoinRequests: true }))
      expect([error.code, error.index]).toEqual(['ReconciliationFailed', '4'])
      expect(error.message).toContain('has no request "b"')
      expect(existsSync(join(workspace.root, 'table.jsonl'))).toBe(false)
      expect((await exported(workspace)).ids).toEqual(['a', 'b'])
    }))

  test('are refused where the results are damaged', () =>
    withWorkspace(answeredTriple('4', ['a', 'b']), async (workspace) => {
      await reconcileWorkspace(workspace)
      const results = workspace.layout.resultsFile('4')
      writeFileSync(results, readFileSync(results, 'utf8').slice(0, -20))
      expect((await rejection(exported(workspace))).message).toBe(
        'batch_results_4.jsonl:2 is no row of results; every line must be one.',
      )
    }))

  test('hold lone halves of a character in JSON lines, and its sign for unknown in the others', () =>
    withWorkspace(
      {
        'workdir/batch_input_1.jsonl': jsonl(requestLine('half \ud83e')),
        'workdir/batch_output_1.jsonl': jsonl(answerLine('half \ud83e', 'A \udd16')),
      },
      async (workspace) => {
        await reconcileWorkspace(workspace)
        expect((await exported(workspace)).rows[0]).toMatchObject({
          custom_id: 'half \ud83e',
          content: 'A \udd16',
        })
        expect(await csvOf(workspace)).toContain('"half \ufffd","success","A \ufffd"')
        const path = join(workspace.root, 'table.parquet')
        await exportResults(workspace, path)
        expect(await askDuckDb(`SELECT custom_id, content FROM ${parquetSource(path)}`)).toEqual([
          { custom_id: 'half \ufffd', content: 'A \ufffd' },
        ])
      },
    ))
})

const rowLine = (id: string, fields: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({
    custom_id: id,
    outcome: 'success',
    finish_reason: 'stop',
    usage: null,
    attempt: 1,
    source: { index: '7', file: 'output', line: 1 },
    ...fields,
  })
const resultsFile = (...lines: readonly string[]) => ({ 'target/batch_results_7.jsonl': jsonl(...lines) })

describe('an export beside a run', () => {
  test('finds what was moved between its look and its reading', () =>
    withWorkspace(answeredTriple('4', ['a', 'b']), async (workspace) => {
      let opened = 0
      const movesFirst: FileSystem = {
        ...nodeFileSystem,
        open: async (path, mode) => {
          const isInput = path === workspace.layout.workdirFile('input', '4')
          if (isInput && ++opened === 1) await reconcileWorkspace(workspace)
          return nodeFileSystem.open(path, mode)
        },
      }
      const { outcomes } = await exported(onDisk(workspace, movesFirst))
      expect([opened, outcomes]).toEqual([1, ['success', 'success']])
    }))

  test('gives up on a file that goes again and again', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      let opened = 0
      const gone: FileSystem = {
        ...nodeFileSystem,
        open: async (path, mode) => {
          if (mode !== 'read') return nodeFileSystem.open(path, mode)
          opened += 1
          throw Object.assign(new Error('ENOENT: gone'), { code: 'ENOENT' })
        },
      }
      const { code, message } = await rejection(exported(onDisk(workspace, gone)))
      expect([code, opened]).toEqual(['FileSystemError', 3])
      expect(message).toContain('it does not exist')
    }))

  test('reads on where a file loses its name meanwhile, and stops where somebody writes to it', () =>
    withWorkspace(answeredTriple('4', ['a', 'b']), async (workspace) => {
      await reconcileWorkspace(workspace)
      const results = workspace.layout.resultsFile('4')
      await setTimeout(settledAfterMs)
      const whileRead = (change: () => void): ExportOptions => ({
        onEvent: ({ type }) => {
          if (type !== 'bytes.read') return
          change()
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, settledAfterMs)
        },
      })
      const moved = `${results}.old`
      expect(
        (
          await exported(
            workspace,
            whileRead(() => renameSync(results, moved)),
          )
        ).ids,
      ).toEqual(['a', 'b'])
      renameSync(moved, results)
      const written = exported(
        workspace,
        whileRead(() => appendFileSync(results, '{}\n')),
      )
      expect((await rejection(written)).code).toBe('FileChangedDuringRun')
    }))
})

/** A disk tells two states of a file apart when they are so far from each other. */
const settledAfterMs = 60

describe('results that a run left or somebody wrote', () => {
  test('hold vectors where the metadata or the first request says so, and lists where not', () =>
    withWorkspace(
      resultsFile(
        rowLine('v', { content: [0.5, 1] }),
        rowLine('w', { content: [0.5, 'x'] }),
        rowLine('e', { content: [] }),
      ),
      async (workspace) => {
        const kinds = async (): Promise<unknown> =>
          (await exported(workspace)).rows.map((row) => row['content_type'])
        expect(await kinds()).toEqual(['json', 'json', 'json'])
        const metadata = workspace.layout.doneFile('metadata', '7')
        writeFileSync(metadata, metadataText({ endpoint: '/v1/embeddings' }))
        expect(await kinds()).toEqual(['embedding', 'json', 'json'])
        rmSync(metadata)
        writeFileSync(
          workspace.layout.doneFile('input', '7'),
          `\n{}\n{"custom_id":"v","url":"/v1/embeddings"}\n`,
        )
        expect(await kinds()).toEqual(['embedding', 'json', 'json'])
      },
    ))

  test('give nothing, not the word null, for what they do not have', () =>
    withWorkspace(
      resultsFile(
        rowLine('a', {
          content: null,
          tool_calls: [{ id: 1 }],
          attempt: 1.5,
          source: { index: '7', file: null, line: null },
        }),
      ),
      async (workspace) => {
        const [, row] = (await csvOf(workspace)).split('\n')
        expect(row).toBe(`"7","a","success",,,,,"[{""id"":1}]","stop",,,,,,,,,,"7",,,,false,false,`)
      },
    ))

  test('tell tokens and model alike for every endpoint, and none where nobody can tell', () => {
    const chat = { prompt_tokens: 9, prompt_tokens_details: { cached_tokens: 4 }, completion_tokens: 2 }
    const reasoned = { input_tokens: 9, output_tokens: 5, output_tokens_details: { reasoning_tokens: 3 } }
    const lines = [chat, reasoned, { prompt_tokens: -1 }, null].map((usage, at) =>
      rowLine(`r${at}`, { content: 'A', usage, ...(at > 1 ? {} : { model: 'gpt-5' }) }),
    )
    return withWorkspace(resultsFile(...lines), async (workspace) => {
      const { rows } = await exported(workspace)
      const columns = ['model', 'input_tokens', 'cached_tokens', 'output_tokens', 'reasoning_tokens']
      expect(rows.map((row) => columns.map((name) => row[name]))).toEqual([
        ['gpt-5', 9, 4, 2, 0],
        ['gpt-5', 9, 0, 5, 3],
        [null, null, null, null, null],
        [null, null, null, null, null],
      ])
    })
  })

  test('are refused where the last line is not ended: it may be a part of one', () =>
    withWorkspace(resultsFile(rowLine('a', { content: 'A' })), async (workspace) => {
      const path = workspace.layout.resultsFile('7')
      writeFileSync(path, readFileSync(path, 'utf8').trimEnd())
      expect((await rejection(exported(workspace))).code).toBe('ReconciliationFailed')
    }))

  test('are told of at most twenty times', () =>
    withWorkspace(
      Object.fromEntries(
        Array.from({ length: 30 }, (_, index) => [
          `workdir/batch_output_${index}.jsonl`,
          jsonl(answerLine('a', 'A')),
        ]),
      ),
      async (workspace) => {
        const { warnings, leftOut } = (await exported(workspace)).report
        expect([leftOut, warnings.length, warnings.at(-1)]).toEqual([30, 20, 'And 11 more of the kind.'])
      },
    ))
})

describe('fields', () => {
  const people = {
    'workdir/batch_input_1.jsonl': jsonl(...['a', 'b', 'c', 'd'].map((id) => requestLine(id))),
    'workdir/batch_output_1.jsonl': jsonl(
      answerLine('a', '{"year":1815}'),
      answerLine('b', ' {"year":"unknown"} '),
      answerLine('c', 'No JSON.'),
      answerLine('d', '{"year":null}'),
    ),
  }

  test('are found in text that holds JSON, and what does not fit is counted', () =>
    withWorkspace(people, async (workspace) => {
      await reconcileWorkspace(workspace)
      const { rows, report } = await exported(workspace, { fields: ['year:integer', 'name'] })
      expect(rows.map((row) => row['year'])).toEqual([1815, null, null, null])
      expect(report.fields).toEqual([
        { column: 'year', filled: 1, misfits: 1 },
        { column: 'name', filled: 0, misfits: 0 },
      ])
    }))

  test.each([
    { fields: ['outcome'], twice: 'outcome' },
    { fields: ['Year=year', 'year:integer'], twice: 'year' },
    { fields: ['x=year', 'x=name'], twice: 'x' },
  ])('have a name of their own, whatever its case: $fields', ({ fields, twice }) =>
    withWorkspace(people, async (workspace) => {
      const error = await rejection(exported(workspace, { fields }))
      const message = `Two columns of the export are called ${twice}.`
      expect([error.code, error.message]).toEqual(['WrongUsage', message])
      // The cure, followed.
      const cured = /content_\S+=\S+(?=\.)/.exec(error.hint ?? '')?.[0] ?? ''
      const { report } = await exported(workspace, { fields: [...fields.slice(0, -1), cured] })
      expect(report.fields.at(-1)?.column).toBe(`content_${twice}`)
    }),
  )
})

describe('the file of an export', () => {
  test('is never replaced unless it is asked for', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      const path = join(workspace.root, 'mine.csv')
      writeFileSync(path, 'mine')
      const error = await rejection(exportResults(workspace, path))
      expect([error.code, error.message]).toEqual([
        'WrongUsage',
        `The export cannot be written to ${path}: something stands there already.`,
      ])
      expect(readFileSync(path, 'utf8')).toBe('mine')
      await exportResults(workspace, path, { shouldOverwrite: true })
      expect(readFileSync(path, 'utf8')).toContain('"4","a","pending"')
    }))

  test('is not replaced when it comes while the export is written', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      const path = join(workspace.root, 'mine.csv')
      const onEvent = (): void => writeFileSync(path, 'mine')
      const error = await rejection(exportResults(workspace, path, { onEvent }))
      expect([error.code, readFileSync(path, 'utf8')]).toEqual(['WrongUsage', 'mine'])
      expect(readdirSync(workspace.root).filter((name) => name.endsWith('.tmp'))).toEqual([])
    }))

  test('never stands among the files of the workspace, however that is spelled', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      const { root, layout } = workspace
      symlinkSync(layout.target, join(root, 'link'))
      mkdirSync(join(layout.done, 'mine'))
      mkdirSync(layout.workers)
      const paths = [
        'target/batch_results_4.jsonl',
        'link/x.csv',
        'workdir/x.csv',
        'done/mine/x.csv',
        'logs/../target/x.csv',
      ]
      const before = filesBelow(root)
      for (const path of [...paths, '.batch-reconciler.lock', '.batch-reconciler.workers/x.csv']) {
        const refused = exportResults(workspace, join(root, path), { shouldOverwrite: true, format: 'csv' })
        expect((await rejection(refused)).code).toBe('WrongUsage')
      }
      expect(filesBelow(root)).toEqual(before)
    }))

  test('is refused in a folder that does not exist, and where its name tells no format', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      const nowhere = await rejection(exportResults(workspace, join(workspace.root, 'no/x.csv')))
      expect(nowhere.message).toContain('/no is no folder.')
      const folder = await rejection(
        exportResults(workspace, workspace.root, { format: 'csv', shouldOverwrite: true }),
      )
      expect([folder.code, folder.message]).toEqual([
        'WrongUsage',
        expect.stringContaining(': a folder stands there.'),
      ])
      const nameless = await rejection(exportResults(workspace, join(workspace.root, 'x.txt')))
      expect([nameless.code, nameless.hint]).toEqual([
        'WrongUsage',
        'Name a format: --format csv, --format jsonl, --format parquet. Nothing was touched.',
      ])
      const { format } = await exportResults(workspace, join(workspace.root, 'x.txt'), { format: 'csv' })
      expect(format).toBe('csv')
    }))

  test.each(exportFormats)('is gone when writing it fails, as is what was written of it: %s', (format) =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      await reconcileWorkspace(workspace)
      const before = filesBelow(workspace.root)
      for (const operation of ['write', 'sync', 'link'] as const) {
        const fs = faultFileSystem(nodeFileSystem, [{ operation, error: 'ENOSPC' }])
        const refused = exportResults(onDisk(workspace, fs), join(workspace.root, 'x'), { format })
        expect((await rejection(refused)).code).toBe('DiskFull')
      }
      expect(filesBelow(workspace.root)).toEqual(before)
    }),
  )

  test('is gone when somebody stops it', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      const before = filesBelow(workspace.root)
      const controller = new AbortController()
      const stopped = exportResults(workspace, join(workspace.root, 'x.csv'), {
        signal: controller.signal,
        onEvent: () => controller.abort(),
      })
      expect((await rejection(stopped)).code).toBe('Interrupted')
      expect(filesBelow(workspace.root)).toEqual(before)
    }))

  test('is whole on a disk without second names', () =>
    withWorkspace(answeredTriple('4', ['a']), async (workspace) => {
      const fs = faultFileSystem(nodeFileSystem, [{ operation: 'link', error: 'EPERM' }])
      const { path } = await exportResults(onDisk(workspace, fs), join(workspace.root, 'x.csv'))
      expect(readFileSync(path, 'utf8')).toContain('"a","pending"')
    }))

  test.each(exportFormats)('has its columns also without rows: %s', (format) =>
    withWorkspace({}, async (workspace) => {
      const { path, rows, bytes } = await exportResults(workspace, join(workspace.root, 'x'), { format })
      expect([rows, bytes]).toEqual([0, readFileSync(path).length])
      const text = readFileSync(path, 'utf8')
      if (format === 'csv') expect(text).toMatch(/^root_index,custom_id,[a-z_,]+\n$/)
      if (format === 'jsonl') expect(text).toBe('')
      if (format === 'parquet')
        expect(
          await askDuckDb(`SELECT count(*) AS n, count(content) AS c FROM ${parquetSource(path)}`),
        ).toEqual([{ n: 0n, c: 0n }])
    }),
  )
})

describe('CSV for a spreadsheet', () => {
  const formulas = ['=1+1', '+1', '-1', '@A1', '\t=1', 'a=1']
  const triple = {
    'workdir/batch_input_1.jsonl': jsonl(...formulas.map((id) => requestLine(id))),
    'workdir/batch_output_1.jsonl': jsonl(...formulas.map((id) => answerLine(id, 'fine'))),
  }

  test('begins with a byte order mark, and no cell of it begins like a formula', () =>
    withWorkspace(triple, async (workspace) => {
      await reconcileWorkspace(workspace)
      const text = await csvOf(workspace, { isForSpreadsheet: true, fields: ['+1=name'] })
      expect(text.startsWith('\uFEFFroot_index,')).toBe(true)
      expect(text.split('\n')[0]).toMatch(/,'\+1$/)
      for (const id of formulas) expect(text).toContain(id === 'a=1' ? `,"${id}",` : `,"'${id}",`)
    }))

  test('is not made unasked; the cells are counted', () =>
    withWorkspace(triple, async (workspace) => {
      await reconcileWorkspace(workspace)
      const { formulas: found } = await exportResults(workspace, join(workspace.root, 'x.csv'))
      expect(found).toBe(5)
      const text = readFileSync(join(workspace.root, 'x.csv'), 'utf8')
      for (const id of formulas) expect(text).toContain(`,"${id}",`)
    }))
})
