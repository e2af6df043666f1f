import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createHistoryReader } from '../../src/engine/workspace-history.js'
import { requireBatchIndex } from '../../src/workspace/batch-index.js'
import type { BatchWorkspace } from '../../src/workspace/open-workspace.js'
import { withWorkspace } from '../workspace/support.js'

const startMs = Date.UTC(2026, 0, 1)
const line = (seconds: number, to: string): string =>
  `${JSON.stringify({ at: new Date(startMs + seconds * 1_000).toISOString(), from: '', event: '', to })}\n`

function put({ layout }: BatchWorkspace, index: string, text: string): void {
  mkdirSync(layout.logs, { recursive: true })
  writeFileSync(layout.journalFile(requireBatchIndex(index)), text)
}

const last = (counts: readonly number[]): number | undefined => counts.at(-1)

describe('the reader of histories', () => {
  test('tells of the triples it is asked for; of damaged and missing journals what there is', () =>
    withWorkspace({}, async (workspace) => {
      put(workspace, '1', line(0, 'failed'))
      put(workspace, '2', `${line(0, 'failed')}{"torn`)
      put(workspace, '3', line(0, 'done'))
      const history = await createHistoryReader(workspace).read(['1', '2', '7', '../x'], startMs + 60_000)
      expect([history.triples, last(history.counts.failed), last(history.counts.done)]).toEqual([2, 2, 0])
    }))

  test('reads a journal again when it has grown, and only then', () =>
    withWorkspace({}, async (workspace) => {
      const opened: string[] = []
      const { fileSystem } = workspace
      const watched: BatchWorkspace = {
        ...workspace,
        fileSystem: {
          ...fileSystem,
          open: (path, mode) => {
            opened.push(path)
            return fileSystem.open(path, mode)
          },
        },
      }
      put(workspace, '1', line(0, 'failed'))
      put(workspace, '2', line(0, 'failed'))
      const reader = createHistoryReader(watched)
      await reader.read(['1', '2'], startMs + 60_000)
      expect(opened.length).toBe(2)
      appendFileSync(workspace.layout.journalFile(requireBatchIndex('2')), line(30, 'done'))
      const history = await reader.read(['1', '2'], startMs + 60_000)
      expect(opened.length).toBe(3)
      expect([last(history.counts.failed), last(history.counts.done)]).toEqual([1, 1])
      // What is asked for no more is kept no more.
      await reader.read([], startMs + 60_000)
      await reader.read(['1'], startMs + 60_000)
      expect(opened.length).toBe(4)
    }))

  test('goes on from the older journal after it was begun anew', () =>
    withWorkspace({}, async (workspace) => {
      put(workspace, '1', line(100, 'done'))
      writeFileSync(workspace.layout.olderJournalFile(requireBatchIndex('1')), line(0, 'failed'))
      const { counts } = await createHistoryReader(workspace).read(['1'], startMs + 110_000)
      expect([counts.failed[0], last(counts.done)]).toEqual([1, 1])
    }))
})
