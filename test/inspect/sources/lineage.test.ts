import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readLineage } from '../../../src/inspect/sources/lineage.js'
import type { TripleSummary } from '../../../src/inspect/protocol.js'
import { withWorkspace } from '../../workspace/support.js'
import { summaryOf } from '../server/scene.js'
import { journalLine, metadataText, putJournal, submittedTriple } from './workspaces.js'

const startMs = Date.UTC(2026, 0, 1)
const hourMs = 3_600_000

const retry = (attempt: number, parent: string): string =>
  metadataText({ attempt, parent_index: parent, root_index: '1' })

const files = {
  ...submittedTriple('3'),
  'done/batch_metadata_1.jsonl': metadataText({
    submitted_at_ms: startMs,
    request_counts: { total: 100, completed: 90, failed: 10 },
  }),
  'done/batch_metadata_2.jsonl': retry(2, '1'),
  'workdir/batch_metadata_3.jsonl': retry(3, '2'),
}

const listed = (index: string, parts: Partial<TripleSummary> = {}): TripleSummary => ({
  ...summaryOf(index),
  rootIndex: '1',
  ...parts,
})

describe('a lineage', () => {
  test('is read from a retry up to its root, which comes first', () =>
    withWorkspace(files, async (workspace) => {
      putJournal(workspace, '1', journalLine(workspace, '1', { to: 'done' }))
      const lineage = await readLineage(workspace, listed('3'), [])
      expect(lineage.map(({ index, attempt }) => `${index} ${attempt}`)).toEqual(['1 1', '2 2', '3 3'])
      expect(lineage[0]).toMatchObject({
        submittedAtMs: startMs,
        dueAtMs: startMs + 24 * hourMs,
        answered: 100,
        requests: 100,
        spans: [{ state: 'done' }],
      })
      expect(lineage[2]).toMatchObject({ submittedAtMs: null, dueAtMs: null, answered: null, spans: [] })
    }))

  test('is read from its root down by the list, and others are not of it', () =>
    withWorkspace(files, async (workspace) => {
      const others = [listed('3'), listed('2'), listed('4', { rootIndex: '4' })]
      const lineage = await readLineage(workspace, listed('1'), others)
      expect(lineage.map(({ index }) => index)).toEqual(['1', '2', '3'])
    }))

  test('ends where metadata lead in a circle, to no index, or to nothing', () =>
    withWorkspace(files, async (workspace) => {
      writeFileSync(workspace.layout.doneFile('metadata', '1'), retry(1, '3'))
      expect((await readLineage(workspace, listed('3'), [])).length).toBe(3)
      writeFileSync(workspace.layout.doneFile('metadata', '1'), retry(1, '../../etc'))
      expect((await readLineage(workspace, listed('3'), [])).length).toBe(3)
      writeFileSync(workspace.layout.doneFile('metadata', '1'), 'no metadata')
      expect((await readLineage(workspace, listed('3'), [])).map(({ index }) => index)).toEqual([
        '1',
        '2',
        '3',
      ])
    }))

  test('shows no more than eight triples', () =>
    withWorkspace(files, async (workspace) => {
      const others = Array.from({ length: 20 }, (_, at) => listed(String(100 + at)))
      expect((await readLineage(workspace, listed('1'), others)).length).toBe(8)
    }))
})
