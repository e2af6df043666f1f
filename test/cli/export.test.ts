import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { answerLine, errorLine, jsonl, requestLine } from '../engine/lines.js'
import { filesBelow, putFiles } from '../workspace/support.js'
import { batchReconciler, jsonLines, recipes, temporaryFolder, workspaceWith } from './command-line.js'

/** A finished lineage with one request that is tried again; gives its folder. */
async function reconciled(): Promise<string> {
  const root = await temporaryFolder()
  putFiles(root, {
    'workdir/batch_input_1.jsonl': jsonl(requestLine('=a'), requestLine('b'), requestLine('c')),
    'workdir/batch_output_1.jsonl': jsonl(answerLine('=a', '{"year":1815}'), answerLine('c', '{"year":"?"}')),
    'workdir/batch_error_1.jsonl': jsonl(errorLine('b', 500, 'server_error')),
  })
  await batchReconciler(['run', root])
  return root
}

describe('export', () => {
  test('writes the file, relative to where one is, and says what stands in it', async () => {
    const root = await reconciled()
    const inputs = [
      'export',
      root,
      '--out',
      'answers.csv',
      '--field',
      'year:integer',
      '--field',
      'name',
      '--with-request',
    ]
    const { exitCode, stdout, stderr } = await batchReconciler(inputs, { currentDirectory: root })
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
    const text = readFileSync(join(root, 'answers.csv'), 'utf8')
    expect(text.split('\n')[0]).toMatch(/,request_url,request_body,year,name$/)
    expect(stderr).toBe(
      [
        `3 rows written to ${join(root, 'answers.csv')} (${(text.length / 1_000).toFixed(1)} kB).`,
        '1 request is still under way; the rows say so.',
        '1 value of year is of another type: null there, whole in content.',
        'No row has a value of name.',
        '1 cell begins like a formula of a spreadsheet. Add --spreadsheet when people open the file in one.',
        '',
      ].join('\n'),
    )
  })

  test('does what its sentences advise', async () => {
    const root = await reconciled()
    const first = await batchReconciler(['export', root, '--out', join(root, 'x.csv'), '--skip-pending'])
    expect(first.stderr).toContain('1 request is still under way; it has no row.')
    const again = await batchReconciler(['export', root, '--out', join(root, 'x.csv'), '--spreadsheet'])
    expect(again.exitCode).toBe(2)
    expect(again.stderr).toContain('add --overwrite')
    const third = await batchReconciler([
      'export',
      root,
      '--out',
      join(root, 'x.csv'),
      '--spreadsheet',
      '--overwrite',
    ])
    expect([third.exitCode, third.stderr]).toEqual([0, expect.not.stringContaining('formula')])
    expect(readFileSync(join(root, 'x.csv'), 'utf8')).toContain(`"'=a"`)
  })

  test('tells the same as JSON', async () => {
    const root = await reconciled()
    const out = join(root, 'data')
    const { stdout } = await batchReconciler([
      'export',
      root,
      '--out',
      out,
      '--format',
      'jsonl',
      '--field',
      'year:integer',
      '--json',
    ])
    expect(jsonLines(stdout)).toEqual([
      {
        path: out,
        format: 'jsonl',
        bytes: readFileSync(out).length,
        rows: 3,
        pending: 1,
        left_out: 0,
        fields: [{ column: 'year', filled: 1, misfits: 1 }],
        formulas: 0,
        warnings: [],
      },
    ])
  })

  test('exits with 1 where a triple has no rows, and writes those of the others', async () => {
    const root = await workspaceWith(recipes.withoutInput, recipes.neverSubmitted)
    const { exitCode, stderr } = await batchReconciler(['export', root, '--out', join(root, 'x.csv')])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('Neither the input nor the results of triple 3 are here: it has no rows.')
    expect(stderr).toContain('5 rows written to')
  })

  test('writes a table of a file that no run has looked at', async () => {
    const root = await workspaceWith(recipes.whole)
    const { exitCode } = await batchReconciler(['export', root, '--out', join(root, 'x.parquet')])
    expect([exitCode, readFileSync(join(root, 'x.parquet')).subarray(0, 4).toString()]).toEqual([0, 'PAR1'])
  })

  test.each([
    [['--out', 'x.csv', '--field', 'year:int'], "--field 'year:int' cannot be read; [column=]member"],
    [['--out', 'x.csv', '--field', 'shape'], 'Two columns of the export are called shape.'],
    [['--out', 'x.txt'], 'does not tell the format; .csv, .jsonl, .parquet do.'],
    [['--out', 'target/x.csv'], 'holds files of the workspace.'],
    [['--out', ''], 'the path is empty'],
    [['--out', 'x.csv', '--format', 'xlsx'], 'xlsx'],
    [[], '--out'],
  ])('refuses %j and touches nothing', async (flags, told) => {
    const root = await workspaceWith(recipes.whole)
    const before = filesBelow(root)
    const { exitCode, stderr } = await batchReconciler(['export', root, ...flags], { currentDirectory: root })
    expect(exitCode).toBe(2)
    expect(stderr).toContain(told)
    expect(filesBelow(root)).toEqual(before)
  })

  test('says that nothing was written when somebody stops it', async () => {
    const root = await workspaceWith(recipes.whole)
    const before = filesBelow(root)
    const inputs = ['export', root, '--out', join(root, 'x.csv')]
    const { exitCode, stderr } = await batchReconciler(inputs, { signal: AbortSignal.abort() })
    expect([exitCode, stderr]).toEqual([130, 'Stopped; nothing was written.\n'])
    expect(filesBelow(root)).toEqual(before)
  })

  test('works beside a run, and leaves its lock alone', async () => {
    const root = await workspaceWith(recipes.whole)
    const lock = join(root, '.batch-reconciler.lock')
    writeFileSync(lock, `{"host":"elsewhere","pid":1,"started_at_ms":1,"taken_at_ms":1}\n`)
    const { exitCode } = await batchReconciler(['export', root, '--out', join(root, 'x.csv')])
    expect([exitCode, readFileSync(lock, 'utf8')]).toEqual([0, expect.stringContaining('elsewhere')])
  })
})
