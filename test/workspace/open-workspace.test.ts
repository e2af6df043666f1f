import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { workspaceDirectories } from '../../src/workspace/layout.js'
import { createTemporaryWorkspace, openWorkspace } from '../../src/workspace/open-workspace.js'
import { removeStaleTemporaryFiles } from '../../src/workspace/stale-files.js'
import { filesBelow, putFiles, rejection, withDirectory, withWorkspace } from './support.js'

describe('opening a workspace', () => {
  test('changes nothing on disk', () =>
    withDirectory(async (root) => {
      putFiles(root, { 'workdir/batch_input_1.jsonl': 'x' })
      const workspace = await openWorkspace(root)
      expect(workspace.root).toBe(root)
      expect(filesBelow(root)).toEqual({ 'workdir/batch_input_1.jsonl': 'x' })
      expect(existsSync(workspace.layout.done)).toBe(false)
    }))

  test('makes the six directories only when asked to, and keeps those that stand', () =>
    withDirectory(async (root) => {
      putFiles(root, { 'new/workdir/batch_input_1.jsonl': 'x' })
      const { layout } = await openWorkspace(join(root, 'new'), { create: true })
      expect(workspaceDirectories(layout).every((path) => existsSync(path))).toBe(true)
      expect(filesBelow(root)).toEqual({ 'new/workdir/batch_input_1.jsonl': 'x' })
      await openWorkspace(join(root, 'deep', 'er'), { create: true })
      expect(existsSync(join(root, 'deep', 'er', 'workdir'))).toBe(true)
    }))

  test('refuses a path where nothing stands', () =>
    withDirectory(async (root) => {
      const error = await rejection(openWorkspace(join(root, 'nothing')))
      expect(error).toMatchObject({ code: 'WorkspaceNotFound', message: `${root}/nothing does not exist.` })
      expect(error.hint).toContain('Check the path')
    }))

  test('refuses a file, also when it may create', () =>
    withDirectory(async (root) => {
      writeFileSync(join(root, 'file'), '')
      for (const create of [true, false]) {
        const error = await rejection(openWorkspace(join(root, 'file'), { create }))
        expect(error).toMatchObject({ code: 'WorkspaceNotFound' })
        expect(error.message).toContain('is a file')
      }
      writeFileSync(join(root, 'workdir'), '')
      expect((await rejection(openWorkspace(root))).message).toContain('workdir is a file')
    }))

  test('refuses a folder in which the batch files lie directly, also when it may create', () =>
    withDirectory(async (root) => {
      putFiles(root, { 'batch_input_1.jsonl': '' })
      for (const create of [true, false]) {
        const error = await rejection(openWorkspace(root, { create }))
        expect(error.code).toBe('WorkspaceNotFound')
        expect(error.message).toContain('batch_input_1.jsonl')
        expect(error.hint).toContain('into a directory workdir/')
      }
      expect(filesBelow(root)).toEqual({ 'batch_input_1.jsonl': '' })
      expect(existsSync(join(root, 'workdir'))).toBe(false)
    }))

  test('refuses a folder without workdir instead of finding nothing to do in it', () =>
    withDirectory(async (root) => {
      expect((await rejection(openWorkspace(root))).message).toContain('has no workdir/')
    }))
})

test('a temporary workspace is there until it is removed', async () => {
  const { workspace, remove } = await createTemporaryWorkspace()
  expect(existsSync(workspace.layout.failedJsonRepairs)).toBe(true)
  remove()
  expect(existsSync(workspace.root)).toBe(false)
})

describe('tidying up after a crash', () => {
  test('removes temporary files of ours and nothing else', () =>
    withWorkspace(
      {
        'workdir/.batch_metadata_1.jsonl.0123456789ab.tmp': 'half',
        'logs/.batch_accounting_1.json.0123456789ab.tmp': 'half',
        'failed-json-repairs/.order-1.0123456789ab.tmp': 'half',
        'workdir/.notes.0123456789ab.tmp': 'theirs',
        'workdir/.batch_metadata_1.jsonl.swp': 'theirs',
        'workdir/batch_output_1.jsonl.part': 'a download that was cut short',
        'workdir/notes.jsonl.part': 'theirs',
        'workdir/batch_input_1.jsonl': 'x',
      },
      async (workspace) => {
        mkdirSync(join(workspace.layout.done, '.batch_input_1.jsonl.0123456789ab.tmp'))
        expect(await removeStaleTemporaryFiles(workspace)).toHaveLength(4)
        expect(Object.keys(filesBelow(workspace.root))).toEqual([
          'workdir/.batch_metadata_1.jsonl.swp',
          'workdir/.notes.0123456789ab.tmp',
          'workdir/batch_input_1.jsonl',
          'workdir/notes.jsonl.part',
        ])
        expect(await removeStaleTemporaryFiles(workspace)).toEqual([])
      },
    ))
})
