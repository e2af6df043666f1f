import { describe, expect, test } from 'vitest'
import { workspaceSource } from '../../../src/inspect/sources/workspace-source.js'
import type { TripleDetail } from '../../../src/inspect/protocol.js'
import type { BatchWorkspace } from '../../../src/workspace/open-workspace.js'
import { putFiles, withWorkspace } from '../../workspace/support.js'
import { handClock, journalLine, metadataText, putJournal, submittedTriple } from './workspaces.js'

async function detailOf(workspace: BatchWorkspace, withRowTexts = false, index = '7'): Promise<TripleDetail> {
  const source = await workspaceSource(workspace, { clock: handClock().clock })
  const detail = await source.detail(index, { withRowTexts })
  if (detail === null) throw new Error(`There is no triple ${index}.`)
  return detail
}

const group = (count: number, text = 'secret answer') =>
  JSON.stringify({
    outcome: 'failed',
    code: 'c',
    message: text,
    count,
    sample_custom_ids: ['secret-id', text],
  })

const errorLog = (...lines: readonly string[]) => ({
  'logs/batch_expansion_error_log_7.jsonl': lines.map((line) => `${line}\n`).join(''),
})

describe('the detail of a triple', () => {
  test('has texts of rows only when they are asked for, and short ones then', () =>
    withWorkspace(
      { ...submittedTriple('7'), ...errorLog(group(2, 'secret'.repeat(10_000))) },
      async (workspace) => {
        const samples = { missing: [{ id: 'secret-id', at: 'batch_input_7.jsonl:1' }] }
        const problem = { code: 'RequestIdsMismatch', message: 'missing', facts: { samples } }
        const since = '2026-01-01T00:00:00.000Z'
        putJournal(workspace, '7', journalLine(workspace, '7', { to: 'failed', since }, { problem }))
        const plain = await detailOf(workspace)
        expect(JSON.stringify(plain)).not.toContain('secret')
        expect(plain.errorGroups).toEqual([
          { outcome: 'failed', code: 'c', count: 2, message: null, sampleIds: null },
        ])
        expect(plain.problem).toEqual({ code: 'RequestIdsMismatch', message: 'missing' })
        const source = await workspaceSource(workspace, { clock: handClock().clock })
        expect(JSON.stringify(await source.replay('7'))).not.toContain('secret')
        const asked = await detailOf(workspace, true)
        expect(asked.errorGroups[0]?.sampleIds?.[0]).toBe('secret-id')
        expect(asked.errorGroups[0]?.message).toHaveLength(500)
        expect(asked.problem?.facts).toEqual({ samples })
      },
    ))

  test('has the largest groups of errors first, 50 at most, and none of damaged lines', () =>
    withWorkspace(submittedTriple('7'), async (workspace) => {
      const lines = Array.from({ length: 80 }, (_, position) => group(position))
      putFiles(workspace.root, errorLog('{torn', '[]', '{"count":-1}', ...lines))
      const { errorGroups } = await detailOf(workspace)
      expect(errorGroups.map(({ count }) => count)).toEqual(
        Array.from({ length: 50 }, (_, rank) => 79 - rank),
      )
    }))

  test.each([
    ['metadata', { 'workdir/batch_metadata_7.jsonl': '\0\0{' }],
    ['a proof', { 'logs/batch_accounting_7.json': '{"schema_version":1}' }],
    ['an error log', errorLog('\u0000\u0001', 'x'.repeat(5_000_000))],
    ['a journal', { 'logs/batch_journal_7.jsonl': `${'x'.repeat(2_000_000)}\n\0\n` }],
  ])('shows everything else where %s is damaged', (_, damage) =>
    withWorkspace({ ...submittedTriple('7'), ...damage }, async (workspace) => {
      const { files, counts, errorGroups, steps } = await detailOf(workspace)
      expect(files.map(({ path }) => path)).toEqual([
        'workdir/batch_input_7.jsonl',
        'workdir/batch_metadata_7.jsonl',
      ])
      expect({ counts, errorGroups, steps }).toEqual({ counts: null, errorGroups: [], steps: [] })
    }),
  )

  test('says what is wrong now, also when no run has noted it', () =>
    withWorkspace({ ...submittedTriple('7'), 'workdir/batch_metadata_7.jsonl': 'x' }, async (workspace) => {
      const { problem, summary } = await detailOf(workspace)
      expect(problem?.code).toBe('BatchMetadataUnreadable')
      expect(summary.problem?.code).toBe('BatchMetadataUnreadable')
    }))

  test('of a done triple is read when somebody looks', () =>
    withWorkspace(
      { 'done/batch_input_7.jsonl': '{}\n', 'done/batch_metadata_7.jsonl': metadataText({ attempt: 2 }) },
      async (workspace) => {
        const { summary, problem } = await detailOf(workspace)
        expect(summary).toMatchObject({ state: 'done', batchId: 'batch_1', attempt: 2 })
        expect(problem).toBeNull()
      },
    ))

  test('finds files that another tool named by a UUID in upper case', () => {
    const index = 'abcdefab-1111-4111-8111-abcdefabcdef'
    return withWorkspace(
      {
        [`workdir/batch_input_${index.toUpperCase()}.jsonl`]: '{}\n',
        [`workdir/batch_metadata_${index.toUpperCase()}.jsonl`]: metadataText(),
      },
      async (workspace) => {
        const { files, inputFileId } = await detailOf(workspace, false, index)
        expect(files).toHaveLength(2)
        expect(inputFileId).toBe('file-1')
      },
    )
  })

  test('keeps the newest 200 steps and says how many came before', () =>
    withWorkspace(submittedTriple('7'), async (workspace) => {
      const lines = Array.from({ length: 250 }, (_, number) =>
        journalLine(workspace, '7', { event: `${number}` }),
      )
      putJournal(workspace, '7', ...lines)
      const { steps, omittedSteps } = await detailOf(workspace)
      expect([steps.length, steps[0]?.event, steps.at(-1)?.event, omittedSteps]).toEqual([
        200,
        '50',
        '249',
        50,
      ])
    }))
})
