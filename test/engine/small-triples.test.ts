import { expect, test } from 'vitest'
import { openWorkspace, reconcileWorkspace } from '../../src/index.js'
import { faultFileSystem, type FaultLogEntry } from '../fakes/fault-file-system.js'
import { memoryDisk } from '../fakes/memory-disk.js'
import { answeredTriple, idsUpTo } from './lines.js'

const root = '/disk/workspace'

/** What a run asks of the disk for so many triples of ten answered rows. */
async function asked(triples: number): Promise<readonly FaultLogEntry[]> {
  const memory = memoryDisk()
  await openWorkspace(root, { create: true, fileSystem: memory })
  for (let index = 1; index <= triples; index += 1) {
    const files = answeredTriple(String(index), idsUpTo(10, `t${index}-`))
    for (const [path, content] of Object.entries(files)) memory.put(`${root}/${path}`, content)
  }
  const disk = faultFileSystem(memory)
  const workspace = await openWorkspace(root, { fileSystem: disk })
  const report = await reconcileWorkspace(workspace)
  expect(report.triples.filter(({ outcome }) => outcome.type === 'done')).toHaveLength(triples)
  return disk.log
}

const timesOf = (log: readonly FaultLogEntry[], operation: string): number =>
  log.filter((one) => one.operation === operation).length

/**
 * What one more triple costs, which is what ten thousand of them cost. A number may fall; let none rise unless the disk is
 * asked something that nobody knows yet. `open` and `remove` of the files that are made cost more than all the rest.
 */
test('one more small triple asks the disk so much and no more', async () => {
  const [few, many] = [20, 60]
  const [less, more] = [await asked(few), await asked(many)]
  const aTriple = (operation: string): number =>
    (timesOf(more, operation) - timesOf(less, operation)) / (many - few)
  expect({
    list: aTriple('list'),
    stat: aTriple('stat'),
    fileStat: aTriple('fileStat'),
    open: aTriple('open'),
    read: aTriple('read'),
    write: aTriple('write'),
    sync: aTriple('sync'),
    rename: aTriple('rename'),
    link: aTriple('link'),
    remove: aTriple('remove'),
  }).toEqual({
    list: 0,
    stat: 46,
    fileStat: 9,
    open: 12,
    read: 10,
    write: 4,
    sync: 6,
    rename: 3,
    link: 3,
    remove: 3,
  })
  // Shared by those at work: one alone needs seven.
  expect(aTriple('syncDirectory')).toBeLessThan(2)
})
