import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { withRun } from '../../src/engine/run.js'
import { planSubmissionPart, writeSubmissionPart } from '../../src/engine/write-submission-part.js'
import type { BatchWorkspace } from '../../src/index.js'
import { openAiQuirks } from '../../src/providers/openai/quirks.js'
import { validateRequestsFile } from '../../src/providers/validate-input.js'
import { readMetadata, updateMetadata } from '../../src/workspace/metadata.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { onDisk, withWorkspace } from '../workspace/support.js'
import { jsonl, requestLine } from './lines.js'
import { namesIn, sha256, stands, textOf } from './workspaces.js'

const text = jsonl(requestLine('a'), requestLine('b'))

/** Writes the requests beside the folders of the workspace, and its one part as a triple; gives the index. */
async function writePart(workspace: BatchWorkspace, { isAgain = false, options = {} } = {}): Promise<string> {
  const path = join(workspace.root, 'requests.jsonl')
  writeFileSync(path, text)
  return withRun(workspace, options, async (run) => {
    const { parts } = await validateRequestsFile(workspace.fileSystem, path, openAiQuirks)
    const [part] = parts
    if (part === undefined) throw new Error('The requests make no part.')
    const planned = await planSubmissionPart(workspace, path, part)
    await writeSubmissionPart({ run, limits: openAiQuirks, isAgain }, planned)
    return planned.index
  })
}

const metadataOf = (workspace: BatchWorkspace, index: string) =>
  readMetadata(workspace, workspace.layout.workdirFile('metadata', index))

describe('a part of a requests file', () => {
  test('becomes an input byte for byte, with metadata and register', () =>
    withWorkspace({}, async (workspace) => {
      const index = await writePart(workspace, { options: { expectedContentType: 'json' } })
      expect(textOf(workspace, `workdir/batch_input_${index}.jsonl`)).toBe(text)
      expect(await metadataOf(workspace, index)).toEqual({
        batch_id: null,
        input_file_id: null,
        output_file_id: null,
        error_file_id: null,
        schema_version: 1,
        endpoint: '/v1/chat/completions',
        model: 'gpt-4o-mini',
        content_type: 'json',
        input_sha256: sha256(text),
        request_count: 2,
        attempt: 1,
        root_index: index,
      })
      expect(stands(workspace, `logs/batch_requests_${index}.bin`)).toBe(true)
    }))

  test('has its metadata before its input: an input alone may be anybody’s', () =>
    withWorkspace({}, async (workspace) => {
      const crashing = onDisk(
        workspace,
        faultFileSystem(workspace.fileSystem, [
          { operation: 'rename', path: 'batch_input_', error: 'crash' },
        ]),
      )
      await expect(writePart(crashing)).rejects.toThrow('the process went')
      const names = namesIn(workspace, 'workdir').filter((name) => !name.startsWith('.'))
      expect(names).toEqual([expect.stringMatching(/^batch_metadata_/)])
    }))

  test('keeps the metadata that an earlier call left: a batch that is known stays known', () =>
    withWorkspace({}, async (workspace) => {
      const index = await writePart(workspace)
      const path = workspace.layout.workdirFile('metadata', index)
      await updateMetadata(workspace, path, {
        batch_id: 'batch_9',
        input_file_id: 'file-9',
        submission: { intent_key: 'k', intended_at_ms: 1, input_file_id: 'file-9', asked_at_ms: 2 },
      })
      const known = await metadataOf(workspace, index)
      // As a crash before the input leaves it: the same bytes find the same index.
      await workspace.fileSystem.remove(workspace.layout.workdirFile('input', index))
      await workspace.fileSystem.remove(workspace.layout.registerFile(index))
      expect(await writePart(workspace, { isAgain: true })).toBe(index)
      expect(await metadataOf(workspace, index)).toEqual(known)
      expect(known?.batch_id).toBe('batch_9')
    }))

  test.each([
    ['its input stands in workdir/', 'workdir/batch_input_'],
    ['its input stands in done/', 'done/batch_input_'],
    ['its metadata stands in done/', 'done/batch_metadata_'],
    ['its results stand', 'target/batch_results_'],
  ])('gets another index where %s', (_, place) =>
    withWorkspace({}, async (workspace) => {
      const index = await writePart(workspace)
      await workspace.fileSystem.remove(workspace.layout.registerFile(index))
      await workspace.fileSystem.remove(workspace.layout.workdirFile('input', index))
      writeFileSync(join(workspace.root, `${place}${index}.jsonl`), text)
      const other = await writePart(workspace)
      expect(other).not.toBe(index)
      expect(textOf(workspace, `workdir/batch_input_${other}.jsonl`)).toBe(text)
    }),
  )

  test('gets another index where only its register is left', () =>
    withWorkspace({}, async (workspace) => {
      const index = await writePart(workspace)
      await workspace.fileSystem.remove(workspace.layout.workdirFile('input', index))
      expect(await writePart(workspace)).not.toBe(index)
    }))

  test('that is sent again on purpose says so', () =>
    withWorkspace({}, async (workspace) => {
      const index = await writePart(workspace, { isAgain: true })
      expect(await metadataOf(workspace, index)).toMatchObject({ sent_again: true })
    }))
})
