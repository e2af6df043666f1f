import { expect, test } from 'vitest'
import { reconcileWorkspace, workspaceStatus, type BatchWorkspace } from '../../src/index.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { onDisk, unsyncedFileSystem, withWorkspace } from '../workspace/support.js'
import { answerLine, requestLine } from './lines.js'

const indices = ['1', '2', '3', '4', '5']
const files = Object.fromEntries(
  indices.flatMap((index) => [
    [`workdir/batch_input_${index}.jsonl`, requestLine(`a${index}`)],
    [`workdir/batch_output_${index}.jsonl`, answerLine(`a${index}`, 'Here.')],
  ]),
)

/** Nothing can be written below `logs/`. */
const full = (workspace: BatchWorkspace): BatchWorkspace => ({
  ...onDisk(workspace, {
    ...faultFileSystem(unsyncedFileSystem, [{ operation: 'write', path: 'logs/', error: 'ENOSPC' }]),
    freeBytes: async () => 0,
  }),
})

test('journals that find no room are told once for all triples, and what that does to `status`', () =>
  withWorkspace(files, async (workspace) => {
    const warnings: string[] = []
    const report = await reconcileWorkspace(full(workspace), {
      onEvent: (event) => void (event.type === 'warning' && warnings.push(event.message)),
    })
    expect(report.triples.map(({ outcome }) => outcome.type)).toEqual(indices.map(() => 'failed'))
    expect(warnings.filter((message) => message.startsWith('Journals cannot be written'))).toEqual([
      expect.stringMatching(
        /`status` and the page may tell what is past: Could not write \S+_journal_\d\.jsonl: the disk is full/,
      ),
    ])
  }))

test('`status` says that the disk is full, since no journal can', () =>
  withWorkspace(files, async (workspace) => {
    expect((await workspaceStatus(full(workspace))).warnings).toEqual([
      expect.stringContaining('is full (0 bytes'),
    ])
    expect((await workspaceStatus(workspace)).warnings).toEqual([])
  }))
