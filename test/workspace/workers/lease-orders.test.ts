import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isBatchReconciliationError } from '../../../src/errors.js'
import { writeFileDurably } from '../../../src/workspace/durable-write.js'
import type { FileSystem } from '../../../src/workspace/file-system.js'
import { workspaceLayout } from '../../../src/workspace/layout.js'
import type { BatchWorkspace } from '../../../src/workspace/open-workspace.js'
import { takeLease } from '../../../src/workspace/workers/lease.js'
import { leasedFileSystem } from '../../../src/workspace/workers/leased-file-system.js'
import type { OwnerWatch } from '../../../src/workspace/workers/owner-watch.js'
import { workerPath } from '../../../src/workspace/workers/worker-files.js'
import type { LeaseRecord } from '../../../src/workspace/workers/worker-schema.js'
import { memoryDisk } from '../../fakes/memory-disk.js'
import {
  inEveryOrder,
  interleave,
  type Choice,
  type StepActor,
  type StepTrace,
} from '../../fakes/step-scheduler.js'

const layout = workspaceLayout('/batches')
const place = join(layout.target, 'batch_results_7.jsonl')

const workerOf = (name: string): LeaseRecord => ({
  host: 'host',
  pid: 1,
  process_start: null,
  process_namespace: null,
  token: name.repeat(32),
  taken_at_ms: 1_000,
})
const nameOf = (token: string): string => token.slice(0, 1)

/** Each judges the others by what the scenario says, whatever time has passed. */
const watching = (isGone: (owner: string) => boolean): OwnerWatch => ({
  standingOf: async ({ token }) =>
    isGone(nameOf(token)) ? { type: 'gone' } : { type: 'present', knownInMs: 1_000 },
})

/** What came to be, in the order in which it did: the lease was got, a file was put in place, the lease was given back. */
interface Happening {
  readonly type: 'has' | 'put' | 'gives'
  readonly worker: string
}

interface Scene {
  readonly workers: readonly string[]
  /** Whether the first takes the second for gone, although it may go on at any moment. */
  readonly isGone: (judge: string, owner: string) => boolean
  readonly crashed?: Readonly<Record<string, number>>
}

interface Outcome {
  readonly happenings: readonly Happening[]
  readonly files: readonly string[]
  readonly trace: StepTrace
  readonly fileSystem: FileSystem
}

/** Each worker takes the lease once, puts a file in place, and gives the lease back. */
async function play({ workers, isGone, crashed }: Scene, choose: Choice): Promise<Outcome> {
  const disk = memoryDisk()
  const happenings: Happening[] = []
  for (const path of [layout.workers, layout.target]) await disk.makeDirectory(path)
  for (const name of workers)
    disk.put(workerPath(on(disk), workerOf(name).token), JSON.stringify(workerOf(name)))
  const actors = workers.map((worker): StepActor => {
    const owners = watching((owner) => isGone(worker, owner))
    return {
      name: worker,
      act: (fileSystem) => workOnce(on(fileSystem), worker, owners, (each) => happenings.push(each)),
    }
  })
  const trace = await interleave(disk, actors, choose, crashed)
  const files = Object.keys(disk.files()).filter((path) => !path.includes('/worker.'))
  return { happenings, files, trace, fileSystem: disk }
}

const on = (fileSystem: FileSystem): BatchWorkspace => ({ root: layout.root, layout, fileSystem })

async function workOnce(
  workspace: BatchWorkspace,
  worker: string,
  owners: OwnerWatch,
  tell: (happening: Happening) => void,
): Promise<void> {
  const answer = await takeLease(workspace, { name: '7', owner: workerOf(worker), owners })
  if (answer.type === 'held') return
  const { lease } = answer
  tell({ type: 'has', worker })
  // The rename is the moment at which others see it.
  const seen: FileSystem = {
    ...workspace.fileSystem,
    async rename(from, to) {
      await workspace.fileSystem.rename(from, to)
      tell({ type: 'put', worker })
    },
  }
  try {
    await writeFileDurably(
      leasedFileSystem(seen, lease, () => false),
      place,
      worker,
    )
  } catch (error) {
    if (!isBatchReconciliationError(error) || error.code !== 'TripleTaken') throw error
  }
  tell({ type: 'gives', worker })
  await lease.release()
}

/** Nothing is put in place but by who has the lease, and nobody gets it from one whom he sees at work. */
function expectFenced({ isGone }: Scene, { happenings, trace }: Outcome): void {
  let owner: string | null = null
  for (const { type, worker } of happenings) {
    if (type === 'has') {
      if (owner !== null) expect(isGone(worker, owner), trace.join('\n')).toBe(true)
      owner = worker
    }
    if (type === 'gives' && owner === worker) owner = null
    if (type === 'put') expect(owner, trace.join('\n')).toBe(worker)
  }
}

const staged = ({ files }: Outcome): readonly string[] =>
  files.filter((path) => path.startsWith(layout.workers))

/** `LEASE_SWITCHES=2` tries some hundred thousand orders, and takes minutes. */
const moreSwitches = Number(process.env['LEASE_SWITCHES'] ?? 0)

describe('in every order of their operations', () => {
  test.each([
    ['two that see each other', ['a', 'b'], () => false, 4],
    ['one, and one that takes it for gone while it is not', ['a', 'b'], (judge) => judge === 'b', 4],
    ['two that take each other for gone', ['a', 'b'], () => true, 4],
    ['three, of which two take the first for gone', ['a', 'b', 'c'], (_, owner) => owner === 'a', 2],
    ['four, of which all take the first for gone', ['a', 'b', 'c', 'd'], (_, owner) => owner === 'a', 2],
    ['three that take each other for gone', ['a', 'b', 'c'], () => true, 2],
  ] satisfies readonly (readonly [string, readonly string[], Scene['isGone'], number])[])(
    '%s: nobody who lost the lease puts anything in place, and nothing is left',
    async (_, workers, isGone, switches) => {
      let puts = 0
      const orders = await inEveryOrder(switches + moreSwitches, async (choose) => {
        const outcome = await play({ workers, isGone }, choose)
        expectFenced({ workers, isGone }, outcome)
        expect(staged(outcome), outcome.trace.join('\n')).toEqual([])
        puts += outcome.happenings.filter(({ type }) => type === 'put').length
      })
      expect(orders).toBeGreaterThan(400)
      expect(puts).toBeGreaterThan(orders / 2)
    },
  )
})
