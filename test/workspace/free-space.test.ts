import { expect, test } from 'vitest'
import { fullDiskText } from '../../src/workspace/free-space.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'
import { withWorkspace } from './support.js'

const told = (freeBytes: number | null) =>
  withWorkspace({}, fullDiskText, { ...nodeFileSystem, freeBytes: async () => freeBytes })

test('a disk without room is told, with what helps', async () => {
  expect(await told(4_096)).toMatch(
    /^The disk of \S+ is full \(4096 bytes are free\).* Free some space and run again/,
  )
  expect(await told(0)).toContain('(0 bytes are free)')
})

test('a disk with room is not, nor one that does not say', async () => {
  expect([await told(1_000_000), await told(null)]).toEqual([null, null])
})

test('this disk says how much is free; what does not stand says nothing', async () => {
  await withWorkspace({}, async ({ root, fileSystem }) => {
    expect(await fileSystem.freeBytes?.(root)).toBeGreaterThan(0)
    expect(await fileSystem.freeBytes?.(`${root}/nowhere`)).toBeNull()
  })
})
