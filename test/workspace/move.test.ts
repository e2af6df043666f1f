import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isTemporaryName } from '../../src/workspace/durable-write.js'
import { findDoneConflicts } from '../../src/workspace/done-conflicts.js'
import { locateTriple } from '../../src/workspace/locate-triple.js'
import { readMetadata, updateMetadata } from '../../src/workspace/metadata.js'
import { moveTripleToDone } from '../../src/workspace/move.js'
import type { BatchWorkspace } from '../../src/workspace/open-workspace.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import { scanWorkspace } from '../../src/workspace/scan.js'
import { removeStaleTemporaryFiles } from '../../src/workspace/stale-files.js'
import type { FaultRule } from '../fakes/fault-file-system.js'
import { faultFileSystem, systemError } from '../fakes/fault-file-system.js'
import { filesBelow, onDisk, putFiles, rejection, unsyncedFileSystem, withWorkspace } from './support.js'

const uuid = '3d494f55-0a1b-4c2d-8e3f-0123456789ab'
const rows = { input: 'input rows\n', output: 'output rows\n', error: 'error rows\n' }
const metadataText = '{"batch_id":"batch_1","input_file_id":"file-1","note":"kept"}'

const whole = {
  'workdir/batch_input_1.jsonl': rows.input,
  'workdir/batch_output_1.jsonl': rows.output,
  'workdir/batch_error_1.jsonl': rows.error,
  'workdir/batch_metadata_1.jsonl': metadataText,
  'workdir/batch_input_2.jsonl': 'of another triple',
  'done/batch_input_3.jsonl': 'finished long ago',
}

async function move(workspace: BatchWorkspace, index = '1'): Promise<void> {
  await moveTripleToDone(workspace, await locateTriple(onDisk(workspace, nodeFileSystem), index))
}

describe('moving a triple to done', () => {
  test('moves all its files under the same names and touches no others', () =>
    withWorkspace(whole, async (workspace) => {
      await move(workspace)
      const { 'done/batch_metadata_1.jsonl': metadata, ...files } = filesBelow(workspace.root)
      expect(files).toEqual({
        'done/batch_input_1.jsonl': rows.input,
        'done/batch_output_1.jsonl': rows.output,
        'done/batch_error_1.jsonl': rows.error,
        'done/batch_input_3.jsonl': 'finished long ago',
        'workdir/batch_input_2.jsonl': 'of another triple',
      })
      expect(JSON.parse(metadata ?? '')).toMatchObject({ batch_id: 'batch_1', note: 'kept' })
    }))

  test('records what it moved, when, and with which bytes', () =>
    withWorkspace(whole, async (workspace) => {
      const clock = { now: () => 1234, setTimeout: () => 0, clearTimeout: () => {} }
      await moveTripleToDone(workspace, await locateTriple(workspace, '1'), { clock })
      const metadata = await readMetadata(workspace, workspace.layout.doneFile('metadata', '1'))
      expect(metadata?.move).toEqual({
        intended_at_ms: 1234,
        files: [
          { name: 'batch_input_1.jsonl', bytes: 11, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
          { name: 'batch_output_1.jsonl', bytes: 12, sha256: expect.any(String) },
          { name: 'batch_error_1.jsonl', bytes: 11, sha256: expect.any(String) },
        ],
      })
    }))

  test('makes the intent durable before the first file moves, and moves metadata last', () =>
    withWorkspace(whole, async (workspace) => {
      const disk = faultFileSystem(nodeFileSystem)
      await move(onDisk(workspace, disk))
      const steps = disk.log
        .filter(({ operation }) => ['rename', 'link', 'remove', 'syncDirectory'].includes(operation))
        .map(({ operation, path, to }) => `${operation} ${(to ?? path).slice(workspace.root.length + 1)}`)
      expect(steps).toEqual([
        'rename workdir/batch_metadata_1.jsonl',
        'syncDirectory workdir',
        'link done/batch_input_1.jsonl',
        'link done/batch_output_1.jsonl',
        'link done/batch_error_1.jsonl',
        'syncDirectory done',
        'remove workdir/batch_input_1.jsonl',
        'remove workdir/batch_output_1.jsonl',
        'remove workdir/batch_error_1.jsonl',
        'syncDirectory workdir',
        'link done/batch_metadata_1.jsonl',
        'syncDirectory done',
        'remove workdir/batch_metadata_1.jsonl',
        'syncDirectory workdir',
      ])
    }))

  test('makes metadata where there was none', () =>
    withWorkspace(
      { 'workdir/batch_input_1.jsonl': 'i', 'workdir/batch_error_1.jsonl': 'e' },
      async (workspace) => {
        await move(workspace)
        expect(Object.keys(filesBelow(workspace.root))).toEqual([
          'done/batch_error_1.jsonl',
          'done/batch_input_1.jsonl',
          'done/batch_metadata_1.jsonl',
        ])
      },
    ))

  test('a second time does nothing', () =>
    withWorkspace(whole, async (workspace) => {
      const triple = await locateTriple(workspace, '1')
      await moveTripleToDone(workspace, triple)
      const after = filesBelow(workspace.root)
      await moveTripleToDone(workspace, triple)
      expect(filesBelow(workspace.root)).toEqual(after)
    }))

  test('never moves a lone metadata file, nor what is nowhere', () =>
    withWorkspace({ 'workdir/batch_metadata_1.jsonl': metadataText }, async (workspace) => {
      expect((await rejection(move(workspace))).code).toBe('NoBatchFileTripleAtIndex')
      expect((await rejection(move(workspace, '5'))).code).toBe('NoBatchFileTripleAtIndex')
      expect(filesBelow(workspace.root)).toEqual({ 'workdir/batch_metadata_1.jsonl': metadataText })
    }))

  test('gives a UUID in upper case its canonical name, and leaves nothing behind', () =>
    withWorkspace(
      {
        [`workdir/batch_input_${uuid.toUpperCase()}.jsonl`]: 'i',
        [`workdir/batch_output_${uuid}.jsonl`]: 'o',
        [`workdir/batch_metadata_${uuid.toUpperCase()}.jsonl`]: metadataText,
      },
      async (workspace) => {
        await move(workspace, uuid)
        expect(Object.keys(filesBelow(workspace.root))).toEqual([
          `done/batch_input_${uuid}.jsonl`,
          `done/batch_metadata_${uuid}.jsonl`,
          `done/batch_output_${uuid}.jsonl`,
        ])
        expect((await scanWorkspace(workspace)).triples).toEqual([])
      },
    ))

  test('removes nothing when what it placed does not read back', () =>
    withWorkspace({ 'data/real.jsonl': 'rows', 'workdir/batch_output_1.jsonl': 'o' }, async (workspace) => {
      putFiles(workspace.root, { 'workdir/real.jsonl': 'rows' })
      symlinkSync('real.jsonl', workspace.layout.workdirFile('input', '1'))
      const error = await rejection(move(workspace))
      expect(error.message).toContain('does not read back')
      expect(filesBelow(join(workspace.root, 'workdir'))['batch_input_1.jsonl']).toBe('rows')
    }))
})

describe('done/ is never overwritten', () => {
  test('other bytes under the name are a conflict, found before anything changes', () =>
    withWorkspace({ ...whole, 'done/batch_error_1.jsonl': 'other rows' }, async (workspace) => {
      const before = filesBelow(workspace.root)
      const error = await rejection(move(workspace))
      expect(error).toMatchObject({ code: 'DoneFileConflict', index: '1', problem: { needsPerson: true } })
      expect(error.message).toContain(workspace.layout.doneFile('error', '1'))
      expect(filesBelow(workspace.root)).toEqual(before)
      expect(await findDoneConflicts(workspace, await locateTriple(workspace, '1'))).toMatchObject([
        { kind: 'error' },
      ])
    }))

  test('other bytes of the same length are a conflict as well', () =>
    withWorkspace({ ...whole, 'done/batch_input_1.jsonl': 'input Rows\n' }, async (workspace) => {
      expect((await rejection(move(workspace))).code).toBe('DoneFileConflict')
    }))

  test('a directory under the name is a conflict', () =>
    withWorkspace(whole, async (workspace) => {
      mkdirSync(workspace.layout.doneFile('output', '1'))
      expect((await rejection(move(workspace))).code).toBe('DoneFileConflict')
    }))

  test('the same bytes under the name are fine, and synced before the other copy goes', () =>
    withWorkspace({ ...whole, 'done/batch_input_1.jsonl': rows.input }, async (workspace) => {
      const disk = faultFileSystem(nodeFileSystem)
      await move(onDisk(workspace, disk))
      const done = disk.log.findIndex(
        ({ operation, path }) => operation === 'sync' && path === workspace.layout.doneFile('input', '1'),
      )
      const gone = disk.log.findIndex(
        ({ operation, path }) =>
          operation === 'remove' && path === workspace.layout.workdirFile('input', '1'),
      )
      expect(done).toBeGreaterThan(-1)
      expect(gone).toBeGreaterThan(done)
      expect((await scanWorkspace(workspace)).triples.map(({ index }) => index)).toEqual(['2'])
    }))

  test('metadata of an earlier batch with the same number is a conflict', () =>
    withWorkspace({ ...whole, 'done/batch_metadata_1.jsonl': '{"batch_id":"older"}' }, async (workspace) => {
      expect((await rejection(move(workspace))).code).toBe('DoneFileConflict')
      expect(filesBelow(workspace.root)['done/batch_metadata_1.jsonl']).toBe('{"batch_id":"older"}')
    }))

  test.each([null, 'EXDEV'])(
    'a file that appears there during the move stays, and the move stops (%s)',
    (code) =>
      withWorkspace(whole, async (workspace) => {
        const path = workspace.layout.doneFile('output', '1')
        const link: typeof nodeFileSystem.link = async (from, to) => {
          if (to === path) writeFileSync(path, 'somebody else')
          if (code !== null) throw systemError(code, to)
          await nodeFileSystem.link(from, to)
        }
        const error = await rejection(move(onDisk(workspace, { ...nodeFileSystem, link })))
        expect(error.code).toBe('DoneFileConflict')
        expect(filesBelow(workspace.root)).toMatchObject({
          'done/batch_output_1.jsonl': 'somebody else',
          'workdir/batch_output_1.jsonl': rows.output,
          'workdir/batch_input_1.jsonl': rows.input,
        })
      }),
  )

  test('metadata that appears in workdir/ during the move is not dropped for that in done/', () =>
    withWorkspace(
      {
        'workdir/batch_input_1.jsonl': rows.input,
        'workdir/batch_output_1.jsonl': rows.output,
        'done/batch_metadata_1.jsonl': metadataText,
      },
      async (workspace) => {
        const late = '{"batch_id":"batch_2"}'
        const remove: typeof nodeFileSystem.remove = async (path) => {
          writeFileSync(workspace.layout.workdirFile('metadata', '1'), late)
          await nodeFileSystem.remove(path)
        }
        const error = await rejection(move(onDisk(workspace, { ...nodeFileSystem, remove })))
        expect(error.code).toBe('DoneFileConflict')
        expect(filesBelow(workspace.root)).toMatchObject({
          'workdir/batch_metadata_1.jsonl': late,
          'done/batch_metadata_1.jsonl': metadataText,
        })
      },
    ))

  test('a triple that was put back whole beside its finished copy goes away again', () =>
    withWorkspace(
      {
        ...whole,
        'done/batch_input_1.jsonl': rows.input,
        'done/batch_output_1.jsonl': rows.output,
        'done/batch_error_1.jsonl': rows.error,
        'done/batch_metadata_1.jsonl': metadataText,
      },
      async (workspace) => {
        await move(workspace)
        expect((await scanWorkspace(workspace)).triples.map(({ index }) => index)).toEqual(['2'])
        expect(filesBelow(workspace.root)['done/batch_metadata_1.jsonl']).toBe(metadataText)
      },
    ))
})

describe('a move that was cut short', () => {
  test('by another tool after the first file is finished', () =>
    withWorkspace(
      {
        'done/batch_input_1.jsonl': rows.input,
        'workdir/batch_output_1.jsonl': rows.output,
        'workdir/batch_metadata_1.jsonl': metadataText,
      },
      async (workspace) => {
        await move(workspace)
        expect(Object.keys(filesBelow(workspace.root))).toEqual([
          'done/batch_input_1.jsonl',
          'done/batch_metadata_1.jsonl',
          'done/batch_output_1.jsonl',
        ])
      },
    ))

  test('by another tool that moved the metadata first is finished without a second metadata file', () =>
    withWorkspace(
      {
        'done/batch_input_1.jsonl': rows.input,
        'workdir/batch_output_1.jsonl': rows.output,
        'done/batch_metadata_1.jsonl': metadataText,
      },
      async (workspace) => {
        await move(workspace)
        expect(filesBelow(workspace.root)).toEqual({
          'done/batch_input_1.jsonl': rows.input,
          'done/batch_metadata_1.jsonl': metadataText,
          'done/batch_output_1.jsonl': rows.output,
        })
      },
    ))

  test('between the two places of the metadata is finished even if the old one was touched since', () =>
    withWorkspace(whole, async (workspace) => {
      const disk = faultFileSystem(nodeFileSystem, [
        { operation: 'remove', path: 'batch_metadata_1', error: 'crash' },
      ])
      await expect(move(onDisk(workspace, disk))).rejects.toThrow('the process went at remove')
      await updateMetadata(workspace, workspace.layout.workdirFile('metadata', '1'), { last_polled_at_ms: 7 })
      await move(workspace)
      expect(Object.keys(filesBelow(workspace.root)).filter((path) => path.includes('_1.'))).toEqual([
        'done/batch_error_1.jsonl',
        'done/batch_input_1.jsonl',
        'done/batch_metadata_1.jsonl',
        'done/batch_output_1.jsonl',
      ])
    }))

  const disks: readonly (readonly [string, readonly FaultRule[]])[] = [
    ['one disk', []],
    ['two disks', [{ operation: 'link', error: 'EXDEV' }]],
    ['a disk without second names', [{ operation: 'link', error: 'EPERM' }]],
  ]
  const faults = ['crash', 'ENOSPC']
  const cases = disks.flatMap(([name, rules]) => faults.map((fault) => [fault, name, rules] as const))

  test.each(cases)(
    'by %s at any step on %s loses nothing, and the next run finishes it',
    async (fault, _, rules) => {
      let hasFailed = true
      for (let nth = 1; hasFailed; nth++) {
        hasFailed = await withWorkspace(
          { ...whole, 'done/batch_error_1.jsonl': rows.error },
          async (workspace) => {
            const disk = faultFileSystem(unsyncedFileSystem, [
              { nth, error: fault, partialBytes: 3 },
              ...rules,
            ])
            await move(onDisk(workspace, disk)).catch(() => {})
            const isReached = disk.log.length >= nth
            expectNothingLost(workspace)
            await move(onDisk(workspace, faultFileSystem(unsyncedFileSystem, rules)))
            await removeStaleTemporaryFiles(workspace)
            expectFinished(workspace)
            return isReached
          },
        )
        expect(nth).toBeLessThan(400)
      }
    },
  )

  test('by any number of crashes in a row is finished in the end', async () => {
    expect.hasAssertions()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 6 }),
        fc.boolean(),
        (crashes, isFar) =>
          withWorkspace(whole, async (workspace) => {
            const rules: FaultRule[] = isFar ? [{ operation: 'link', error: 'EXDEV' }] : []
            for (const nth of crashes) {
              const disk = faultFileSystem(unsyncedFileSystem, [
                { nth, error: 'crash', partialBytes: 5 },
                ...rules,
              ])
              await move(onDisk(workspace, disk)).catch(() => {})
              expectNothingLost(workspace)
            }
            await move(onDisk(workspace, faultFileSystem(unsyncedFileSystem, rules)))
            await removeStaleTemporaryFiles(workspace)
            expectFinished(workspace)
          }),
      ),
      { numRuns: 40 },
    )
  })
})

function expectNothingLost({ root }: BatchWorkspace): void {
  const files = filesBelow(root)
  for (const kind of ['input', 'output', 'error'] as const) {
    const copies = [files[`workdir/batch_${kind}_1.jsonl`], files[`done/batch_${kind}_1.jsonl`]]
    // Under a final name stands the whole file or nothing.
    expect(copies.filter((copy) => copy !== undefined && copy !== rows[kind])).toEqual([])
    expect(copies).toContain(rows[kind])
  }
  const metadata = files['workdir/batch_metadata_1.jsonl'] ?? files['done/batch_metadata_1.jsonl'] ?? ''
  expect(JSON.parse(metadata)).toMatchObject({ batch_id: 'batch_1', input_file_id: 'file-1', note: 'kept' })
  expect(files['workdir/batch_input_2.jsonl']).toBe('of another triple')
  expect(files['done/batch_input_3.jsonl']).toBe('finished long ago')
  const strangers = Object.keys(files).filter((path) => !path.endsWith('.jsonl'))
  expect(strangers.filter((path) => !isTemporaryName(path.slice(path.indexOf('/') + 1)))).toEqual([])
}

function expectFinished(workspace: BatchWorkspace): void {
  const { 'done/batch_metadata_1.jsonl': metadata, ...files } = filesBelow(workspace.root)
  expect(files).toEqual({
    'done/batch_input_1.jsonl': rows.input,
    'done/batch_output_1.jsonl': rows.output,
    'done/batch_error_1.jsonl': rows.error,
    'done/batch_input_3.jsonl': 'finished long ago',
    'workdir/batch_input_2.jsonl': 'of another triple',
  })
  expect(JSON.parse(metadata ?? '')).toMatchObject({ note: 'kept', move: { files: [{}, {}, {}] } })
}
