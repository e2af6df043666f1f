import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findTriple, locateTriple } from '../../src/workspace/locate-triple.js'
import { scanDone } from '../../src/workspace/scan-done.js'
import { scanWorkspace } from '../../src/workspace/scan.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { onDisk, rejection, withWorkspace } from './support.js'

const uuid = '3d494f55-0a1b-4c2d-8e3f-0123456789ab'

describe('a scan of a workspace', () => {
  test('groups files into triples, numbers by value and then UUIDs', () =>
    withWorkspace(
      {
        'workdir/batch_input_10.jsonl': '',
        'workdir/batch_input_9.jsonl': '',
        'workdir/batch_output_9.jsonl': '',
        [`workdir/batch_output_${uuid}.jsonl`]: '',
        'workdir/batch_input_2.jsonl': '',
        'workdir/batch_error_2.jsonl': '',
        'workdir/batch_metadata_2.jsonl': '',
        'workdir/notes.txt': '',
        'workdir/foo_batch_input_42.jsonl': '',
      },
      async (workspace) => {
        const { triples, warnings } = await scanWorkspace(workspace)
        expect(triples.map(({ index }) => index)).toEqual(['2', '9', '10', uuid])
        expect(warnings.map(({ message }) => message)).toEqual([
          `workdir/foo_batch_input_42.jsonl is not used: it has not the name of a batch file; \`batch-reconciler import ${workspace.layout.workdir} ${workspace.root}\` brings it in with what belongs to it.`,
        ])
        expect(triples[0]).toEqual({
          workspace,
          index: '2',
          input: workspace.layout.workdirFile('input', '2'),
          output: null,
          error: workspace.layout.workdirFile('error', '2'),
          metadata: workspace.layout.workdirFile('metadata', '2'),
          inDone: { input: false, output: false, error: false, metadata: false },
          problems: [],
        })
        expect(triples[3]).toMatchObject({
          input: null,
          output: workspace.layout.workdirFile('output', uuid),
        })
      },
    ))

  test('finds each triple exactly as looking at its files one by one does', () =>
    withWorkspace(
      {
        'workdir/batch_input_7.jsonl': '',
        'done/batch_output_7.jsonl': '',
        'done/batch_input_8.jsonl': '',
        [`workdir/batch_input_${uuid.toUpperCase()}.jsonl`]: '',
        [`workdir/batch_output_${uuid}.jsonl`]: '',
        'workdir/batch_metadata_0.jsonl': '',
      },
      async (workspace) => {
        mkdirSync(workspace.layout.workdirFile('error', '7'))
        const { triples } = await scanWorkspace(workspace)
        expect(triples.map(({ index }) => index)).toEqual(['0', '7', uuid])
        for (const triple of triples) expect(await locateTriple(workspace, triple.index)).toEqual(triple)
      },
    ))

  test('notes what stands in done, and lists no triple that is finished', () =>
    withWorkspace(
      {
        'workdir/batch_output_7.jsonl': '',
        'done/batch_input_7.jsonl': '',
        'done/batch_input_8.jsonl': '',
        'done/batch_output_8.jsonl': '',
      },
      async (workspace) => {
        const { triples } = await scanWorkspace(workspace)
        expect(triples).toHaveLength(1)
        expect(triples[0]).toMatchObject({
          index: '7',
          input: null,
          inDone: { input: true, output: false, error: false, metadata: false },
        })
      },
    ))

  test('reports near misses and adopts none of them', () =>
    withWorkspace(
      {
        'workdir/batch_input_4.jsonl': '',
        'workdir/batch_output_4.bak.jsonl': '',
        'workdir/batch_output_04.jsonl': '',
      },
      async (workspace) => {
        const { triples, warnings } = await scanWorkspace(workspace)
        expect(triples).toHaveLength(1)
        expect(triples[0]?.output).toBeNull()
        expect(warnings.map(({ message }) => message)).toEqual([
          'workdir/batch_output_04.jsonl is not used: the number 04 must be written without leading zeros.',
          "workdir/batch_output_4.bak.jsonl is not used: something follows the index: '4.bak'.",
        ])
        expect(warnings[0]?.path).toBe(join(workspace.layout.workdir, 'batch_output_04.jsonl'))
      },
    ))

  test('uses a UUID in upper case where it stands alone, and warns where the canonical name stands too', () =>
    withWorkspace(
      {
        [`workdir/batch_input_${uuid.toUpperCase()}.jsonl`]: '',
        [`workdir/batch_output_${uuid.toUpperCase()}.jsonl`]: '',
        [`workdir/batch_output_${uuid}.jsonl`]: '',
      },
      async (workspace) => {
        const { triples, warnings } = await scanWorkspace(workspace)
        expect(triples).toMatchObject([
          {
            index: uuid,
            input: join(workspace.layout.workdir, `batch_input_${uuid.toUpperCase()}.jsonl`),
            output: join(workspace.layout.workdir, `batch_output_${uuid}.jsonl`),
          },
        ])
        expect(warnings).toHaveLength(1)
        expect(warnings[0]?.message).toContain('the same UUID in lower case')
      },
    ))

  test('reports a directory under the name of a file as a problem of its triple', () =>
    withWorkspace({ 'workdir/batch_input_1.jsonl': '' }, async (workspace) => {
      mkdirSync(workspace.layout.workdirFile('output', '1'))
      const { triples, warnings } = await scanWorkspace(workspace)
      expect(triples[0]?.problems).toMatchObject([{ code: 'NotARegularFile', needsPerson: true }])
      expect(triples[0]?.output).toBe(workspace.layout.workdirFile('output', '1'))
      expect(warnings[0]?.message).toBe('workdir/batch_output_1.jsonl is a directory; a file was expected.')
    }))

  test('takes missing directories for empty ones', () =>
    withWorkspace({}, async (workspace) => {
      rmSync(workspace.layout.workdir, { recursive: true })
      rmSync(workspace.layout.done, { recursive: true })
      expect(await scanWorkspace(workspace)).toEqual({ triples: [], warnings: [] })
    }))

  test('says what the disk refused', () =>
    withWorkspace({}, async (workspace) => {
      const refusing = onDisk(
        workspace,
        faultFileSystem(workspace.fileSystem, [{ operation: 'list', error: 'EACCES' }]),
      )
      const error = await rejection(scanWorkspace(refusing))
      expect(error.code).toBe('PermissionDenied')
      expect(error.message).toContain(workspace.layout.workdir)
    }))

  test('lists two directories and looks at no file, however many there are', () =>
    withWorkspace({}, async (workspace) => {
      for (let index = 0; index < 2000; index++)
        writeFileSync(workspace.layout.workdirFile('input', `${index}`), '')
      const disk = faultFileSystem(workspace.fileSystem)
      const { triples } = await scanWorkspace(onDisk(workspace, disk))
      expect(triples).toHaveLength(2000)
      expect(disk.log.map(({ operation }) => operation)).toEqual(['list', 'list'])
    }))

  test('groups 100,000 names by two listings, and looks at none of the files', () =>
    withWorkspace({}, async (workspace) => {
      const names = Array.from({ length: 100_000 }, (_, position) => {
        const kind = (['input', 'output', 'error', 'metadata'] as const)[position % 4] ?? 'input'
        return { name: `batch_${kind}_${Math.floor(position / 4)}.jsonl`, kind: 'file' as const }
      })
      const disk = faultFileSystem({ ...workspace.fileSystem, list: async () => names })
      const { triples } = await scanWorkspace(onDisk(workspace, disk))
      expect(triples).toHaveLength(25_000)
      expect(disk.log.map(({ operation }) => operation)).toEqual(['list', 'list'])
    }))
})

describe('looking for one triple', () => {
  test('finds it by any spelling of its index', () =>
    withWorkspace({ [`workdir/batch_output_${uuid}.jsonl`]: '' }, async (workspace) => {
      expect(await findTriple(workspace, uuid.toUpperCase())).toMatchObject({ index: uuid, input: null })
    }))

  test('finds a lone metadata file as well', () =>
    withWorkspace({ 'workdir/batch_metadata_3.jsonl': '{}' }, async (workspace) => {
      expect((await findTriple(workspace, '3')).metadata).not.toBeNull()
    }))

  test('says when there is none, and when it is finished', () =>
    withWorkspace({ 'done/batch_input_5.jsonl': '' }, async (workspace) => {
      const missing = await rejection(findTriple(workspace, '9999'))
      expect(missing).toMatchObject({ code: 'NoBatchFileTripleAtIndex', index: '9999' })
      const finished = await rejection(findTriple(workspace, '5'))
      expect(finished.hint).toContain('finished')
      expect((await rejection(findTriple(workspace, '05'))).code).toBe('InvalidBatchIndex')
    }))
})

test('what stands in done is grouped by index, without lone metadata and near misses', () =>
  withWorkspace(
    {
      'done/batch_input_10.jsonl': '',
      'done/batch_input_9.jsonl': '',
      'done/batch_error_9.jsonl': '',
      'done/batch_metadata_8.jsonl': '{}',
      'done/batch_output_9.bak.jsonl': '',
      'workdir/batch_output_9.jsonl': '',
    },
    async (workspace) => {
      const { layout } = workspace
      expect(await scanDone(workspace)).toEqual([
        {
          index: '9',
          input: layout.doneFile('input', '9'),
          output: null,
          error: layout.doneFile('error', '9'),
          metadata: null,
        },
        { index: '10', input: layout.doneFile('input', '10'), output: null, error: null, metadata: null },
      ])
    },
  ))
