import { mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { isTemporaryName } from '../../src/workspace/durable-write.js'
import { locateTriple } from '../../src/workspace/locate-triple.js'
import {
  emptyMetadata,
  metadataPath,
  readMetadata,
  updateMetadata,
  writeMetadata,
} from '../../src/workspace/metadata.js'
import { faultFileSystem } from '../fakes/fault-file-system.js'
import { filesBelow, onDisk, rejection, withWorkspace } from './support.js'

const name = 'workdir/batch_metadata_1.jsonl'
const seedText =
  '{"batch_id":"batch_1","input_file_id":"file-1","output_file_id":"file-2","error_file_id":null}'

/** The seed's loader: two texts must be there, two may be absent or null, the rest is passed over. */
function loadsInSeed(text: string): boolean {
  const value = JSON.parse(text) as Record<string, unknown>
  const isText = (key: string): boolean => typeof value[key] === 'string'
  const isOptional = (key: string): boolean => value[key] === undefined || value[key] === null || isText(key)
  return (
    isText('batch_id') &&
    isText('input_file_id') &&
    isOptional('output_file_id') &&
    isOptional('error_file_id')
  )
}

describe('reading metadata', () => {
  test('gives null when there is none, by path and by triple', () =>
    withWorkspace({}, async (workspace) => {
      const triple = await locateTriple(workspace, '1')
      expect(metadataPath(workspace, triple)).toBe(workspace.layout.workdirFile('metadata', '1'))
      expect(await readMetadata(workspace, triple)).toBeNull()
      expect(await readMetadata(workspace, workspace.layout.workdirFile('metadata', '1'))).toBeNull()
    }))

  test('loads what the seed wrote', () =>
    withWorkspace({ [name]: seedText }, async (workspace) => {
      expect(await readMetadata(workspace, await locateTriple(workspace, '1'))).toEqual({
        batch_id: 'batch_1',
        input_file_id: 'file-1',
        output_file_id: 'file-2',
        error_file_id: null,
      })
    }))

  test.each(['null', '""', 'absent'])('takes %s for no id', (form) => {
    const value =
      form === 'absent'
        ? ''
        : ['batch_id', 'input_file_id', 'output_file_id', 'error_file_id']
            .map((key) => `"${key}":${form}`)
            .join()
    return withWorkspace({ [name]: `{${value}}` }, async (workspace) => {
      expect(await readMetadata(workspace, workspace.layout.workdirFile('metadata', '1'))).toEqual({
        batch_id: null,
        input_file_id: null,
        output_file_id: null,
        error_file_id: null,
      })
    })
  })

  test.each([
    ['', 'it is empty'],
    ['{"batch_id":', 'it is no JSON'],
    ['[]', 'it is no JSON object'],
    ['"text"', 'it is no JSON object'],
    ['{"batch_id":7}', "its field 'batch_id' is wrong"],
    ['{"batch_id":"b","submission":{}}', "its field 'submission.intent_key' is wrong"],
    ['{"attempt":0}', "its field 'attempt' is wrong"],
    [`{"x":"${'y'.repeat(1024 * 1024)}"}`, 'too many for metadata'],
  ])('refuses what is no metadata: %.30s', (text, reason) =>
    withWorkspace({ [name]: text }, async (workspace) => {
      const error = await rejection(readMetadata(workspace, workspace.layout.workdirFile('metadata', '1')))
      expect(error).toMatchObject({ code: 'BatchMetadataUnreadable', hint: expect.stringContaining('adopt') })
      expect(error.message).toContain(workspace.layout.workdirFile('metadata', '1'))
      expect(error.message).toContain(reason)
      expect(error.message.length).toBeLessThan(500)
    }),
  )

  test('refuses bytes that are no UTF-8, and a directory', () =>
    withWorkspace({}, async (workspace) => {
      const path = workspace.layout.workdirFile('metadata', '1')
      writeFileSync(path, Buffer.from([0x22, 0xff, 0x22]))
      expect((await rejection(readMetadata(workspace, path))).code).toBe('BatchMetadataUnreadable')
      const directory = workspace.layout.workdirFile('metadata', '2')
      mkdirSync(directory)
      expect((await rejection(readMetadata(workspace, directory))).message).toContain('no regular file')
    }))
})

describe('writing metadata', () => {
  test('of a batch that was never submitted gives a file the seed loads', () =>
    withWorkspace({}, async (workspace) => {
      const path = workspace.layout.workdirFile('metadata', '1')
      await writeMetadata(workspace, path, {
        ...emptyMetadata,
        attempt: 2,
        parent_index: '0',
        root_index: '0',
      })
      const text = filesBelow(workspace.root)[name] ?? ''
      expect(loadsInSeed(text)).toBe(true)
      expect(text).toMatch(/^\{"batch_id":"","input_file_id":"",.*\}\n$/)
      expect(await readMetadata(workspace, path)).toMatchObject({
        batch_id: null,
        attempt: 2,
        parent_index: '0',
      })
    }))

  test('keeps fields it does not know, also inside its own', () =>
    withWorkspace(
      {
        [name]:
          '{"later":{"b":1,"a":[2]},"batch_id":"b","submission":{"intent_key":"k","intended_at_ms":5,"more":true}}',
      },
      async (workspace) => {
        const path = workspace.layout.workdirFile('metadata', '1')
        await updateMetadata(workspace, path, { remote_status: 'in_progress', output_file_id: 'file-9' })
        const text = filesBelow(workspace.root)[name] ?? ''
        expect(JSON.parse(text)).toEqual({
          batch_id: 'b',
          input_file_id: '',
          output_file_id: 'file-9',
          error_file_id: null,
          remote_status: 'in_progress',
          submission: { intent_key: 'k', intended_at_ms: 5, more: true },
          later: { b: 1, a: [2] },
        })
        expect(text).toContain('"later":{"b":1,"a":[2]}')
        expect(loadsInSeed(text)).toBe(true)
      },
    ))

  test('makes the file where there is none, removes a field on undefined and writes nothing when nothing changes', () =>
    withWorkspace({}, async (workspace) => {
      const path = workspace.layout.workdirFile('metadata', '1')
      await updateMetadata(workspace, path, { batch_id: 'b', model: 'm' })
      const without = await updateMetadata(workspace, path, { model: undefined })
      expect(without.batch_id).toBe('b')
      expect(filesBelow(workspace.root)[name]).not.toContain('model')
      const disk = faultFileSystem(workspace.fileSystem)
      await updateMetadata(onDisk(workspace, disk), path, { batch_id: 'b' })
      expect(disk.log.filter(({ operation }) => operation === 'write' || operation === 'rename')).toEqual([])
    }))

  test.each(['ENOSPC', 'crash'])('that meets %s at any step keeps the old or the new whole', (fault) =>
    withWorkspace({ [name]: seedText }, async (workspace) => {
      const path = workspace.layout.workdirFile('metadata', '1')
      let hasFailed = true
      for (let nth = 1; hasFailed; nth++) {
        writeFileSync(path, seedText)
        const disk = faultFileSystem(workspace.fileSystem, [{ nth, error: fault, partialBytes: 7 }])
        await updateMetadata(onDisk(workspace, disk), path, { remote_status: 'completed' }).catch(() => {})
        hasFailed = disk.strikes() > 0
        const standing = await readMetadata(workspace, path)
        expect(standing).toMatchObject({ batch_id: 'batch_1', output_file_id: 'file-2' })
        expect([undefined, 'completed']).toContain(standing?.remote_status)
        const beside = Object.keys(filesBelow(workspace.root)).filter((each) => each !== name)
        const isTidied = beside.every((each) => !isTemporaryName(each.replace('workdir/', '')))
        expect(isTidied || fault === 'crash').toBe(true)
        const again = await updateMetadata(workspace, path, { remote_status: 'completed' })
        expect(again.remote_status).toBe('completed')
      }
    }),
  )

  test('says that the disk is full and that nothing was lost', () =>
    withWorkspace({ [name]: seedText }, async (workspace) => {
      const disk = faultFileSystem(workspace.fileSystem, [{ operation: 'write', error: 'ENOSPC' }])
      const path = workspace.layout.workdirFile('metadata', '1')
      const error = await rejection(updateMetadata(onDisk(workspace, disk), path, { model: 'm' }))
      expect(error).toMatchObject({
        code: 'DiskFull',
        hint: 'Free some space and run again; nothing was lost.',
      })
    }))
})
