import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readMetadata, updateMetadata, writeMetadata, type BatchWorkspace } from '../../src/index.js'
import { emptyMetadata } from '../../src/workspace/metadata.js'
import { withWorkspace } from '../workspace/support.js'
import { metadataText } from './support.js'

const pathIn = ({ layout }: BatchWorkspace): string => layout.workdirFile('metadata', '4')
const both = { batch_id: 'batch_1', input_file_id: 'file-in' }

describe('metadata', () => {
  test('M1 metadata of batch and input has no output and no error file', async () => {
    await withWorkspace({}, async (workspace) => {
      await writeMetadata(workspace, pathIn(workspace), { ...emptyMetadata, ...both })
      expect(await readMetadata(workspace, pathIn(workspace))).toMatchObject({
        ...both,
        output_file_id: null,
        error_file_id: null,
      })
    })
  })

  test('M2 an output file id that is set is read back', async () => {
    await withWorkspace({ 'workdir/batch_metadata_4.jsonl': metadataText(both) }, async (workspace) => {
      await updateMetadata(workspace, pathIn(workspace), { output_file_id: 'file-out' })
      expect(await readMetadata(workspace, pathIn(workspace))).toMatchObject({
        ...both,
        output_file_id: 'file-out',
      })
    })
  })

  test('M3 an output file id that is not set is null, whichever way the file says so', async () => {
    for (const fields of [{}, { output_file_id: null }, { output_file_id: '' }]) {
      await withWorkspace({ 'workdir/batch_metadata_4.jsonl': metadataText(fields) }, async (workspace) => {
        expect((await readMetadata(workspace, pathIn(workspace)))?.output_file_id).toBeNull()
      })
    }
  })

  test('M4 an error file id that is set is read back', async () => {
    await withWorkspace({ 'workdir/batch_metadata_4.jsonl': metadataText(both) }, async (workspace) => {
      await updateMetadata(workspace, pathIn(workspace), { error_file_id: 'file-err' })
      expect(await readMetadata(workspace, pathIn(workspace))).toMatchObject({
        ...both,
        error_file_id: 'file-err',
      })
    })
  })

  test('M5 an error file id that is not set is null, whichever way the file says so', async () => {
    for (const fields of [{}, { error_file_id: null }, { error_file_id: '' }]) {
      await withWorkspace({ 'workdir/batch_metadata_4.jsonl': metadataText(fields) }, async (workspace) => {
        expect((await readMetadata(workspace, pathIn(workspace)))?.error_file_id).toBeNull()
      })
    }
  })

  test('M6 all four ids survive being written and read, and the file has them as text', async () => {
    await withWorkspace({}, async (workspace) => {
      const four = { ...both, output_file_id: 'file-out', error_file_id: 'file-err' }
      await writeMetadata(workspace, pathIn(workspace), { ...emptyMetadata, ...four })
      expect(await readMetadata(workspace, pathIn(workspace))).toMatchObject(four)
      expect(JSON.parse(readFileSync(pathIn(workspace), 'utf8'))).toMatchObject(four)
    })
  })
})
