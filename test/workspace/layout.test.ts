import { join, resolve } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { safeFileName, workspaceDirectories, workspaceLayout } from '../../src/workspace/layout.js'

const layout = workspaceLayout('/data/batches')

describe('the layout of a workspace', () => {
  test('has the six directories of the seed', () => {
    const names = ['workdir', 'done', 'target', 'failed-items', 'failed-json-repairs', 'logs']
    expect(workspaceDirectories(layout)).toEqual(names.map((name) => join('/data/batches', name)))
  })

  test('is absolute, whatever the root was', () => {
    expect(workspaceLayout('some/where').workdirFile('input', '7')).toBe(
      resolve('some/where/workdir/batch_input_7.jsonl'),
    )
  })

  test('names every file once', () => {
    const paths = [
      layout.lockFile,
      layout.workdirFile('input', '7'),
      layout.doneFile('input', '7'),
      layout.partFile('input', '7'),
      layout.resultsFile('7'),
      layout.failedFile('7'),
      layout.unreadableFile('7'),
      layout.accountingFile('7'),
      layout.rowsFile('7'),
      layout.journalFile('7'),
      layout.olderJournalFile('7'),
      layout.expansionErrorLogFile('7'),
    ]
    expect(paths.map((path) => path.replace('/data/batches/', ''))).toEqual([
      '.batch-reconciler.lock',
      'workdir/batch_input_7.jsonl',
      'done/batch_input_7.jsonl',
      'workdir/batch_input_7.jsonl.part',
      'target/batch_results_7.jsonl',
      'failed-items/batch_failed_7.jsonl',
      'failed-items/batch_unreadable_7.jsonl',
      'logs/batch_accounting_7.json',
      'logs/batch_rows_7.part.jsonl',
      'logs/batch_journal_7.jsonl',
      'logs/batch_journal_7.1.jsonl',
      'logs/batch_expansion_error_log_7.jsonl',
    ])
  })
})

describe('a file name made of a custom_id', () => {
  const anyText = fc.string({
    unit: fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      fc.constantFrom('/', '.', '\\', '\0', '\ud800', '\udfff', 'A', 'a', ' '),
    ),
  })

  test('is never a path, never hidden and at most 100 bytes', () => {
    fc.assert(
      fc.property(anyText, (customId) => {
        const name = safeFileName(customId)
        expect(name).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/)
      }),
    )
    for (const customId of ['.', '..', '../../etc/passwd', '/etc/passwd', '', '\0', 'x'.repeat(9999)]) {
      expect(safeFileName(customId)).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/)
    }
  })

  test('differs for different ids, also where case does not count', () => {
    fc.assert(
      fc.property(anyText, anyText, (left, right) => {
        const isSame = safeFileName(left).toLowerCase() === safeFileName(right).toLowerCase()
        expect(isSame).toBe(left === right)
      }),
    )
    const alike = [
      'request-1',
      'Request-1',
      'request/1',
      'request\\1',
      'request 1',
      '\ud800',
      '\ud801',
      '',
      ' ',
    ]
    expect(new Set(alike.map((id) => safeFileName(id).toLowerCase())).size).toBe(alike.length)
  })

  test('begins with what a person can read', () => {
    expect(safeFileName('order 17/b')).toMatch(/^order_17_b-[0-9a-f]{24}$/)
  })
})
