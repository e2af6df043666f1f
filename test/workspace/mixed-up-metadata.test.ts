import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { BatchMetadata } from '../../src/workspace/metadata.js'
import { emptyMetadata } from '../../src/workspace/metadata.js'
import { ownerOfMetadata } from '../../src/workspace/mixed-up-metadata.js'
import { withWorkspace } from './support.js'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const here = 'requests of 2\n'
const there = 'requests of 1\n'

/** Whose the metadata under the name of triple 2 is, with triple 1 beside it. */
function ownerOf(noted: Partial<BatchMetadata>, itsInput: string | null = there) {
  const files = {
    'workdir/batch_input_2.jsonl': here,
    ...(itsInput !== null && { 'done/batch_input_1.jsonl': itsInput }),
  }
  return withWorkspace(files, (workspace) => {
    const inputPath = workspace.layout.workdirFile('input', '2')
    return ownerOfMetadata(workspace, { index: '2', inputPath, metadata: { ...emptyMetadata, ...noted } })
  })
}

describe('metadata under the name of a triple', () => {
  test('is that of another one, which it names and whose input was sent with it', async () => {
    expect(await ownerOf({ index: '1', input_sha256: sha256(there) })).toBe('1')
  })

  test('of a root says whose it is by its lineage, as earlier versions noted it', async () => {
    expect(await ownerOf({ root_index: '1', input_sha256: sha256(there) })).toBe('1')
  })

  test('of a retry does not say it by its lineage: the root is another triple', async () => {
    expect(await ownerOf({ root_index: '1', parent_index: '1', input_sha256: sha256(there) })).toBeNull()
  })

  test('is its own after the triple got another index: its input is the one that was sent', async () => {
    expect(await ownerOf({ index: '1', input_sha256: sha256(here) })).toBeNull()
  })

  test.each([
    ['the other input is not the one that was sent', { input_sha256: sha256('others') }, there],
    ['the other input is gone', { input_sha256: sha256(there) }, null],
    ['nothing says what was sent', {}, there],
  ])('counts as its own where %s', async (_, noted, itsInput) => {
    expect(await ownerOf({ index: '1', ...noted }, itsInput)).toBeNull()
  })
})
