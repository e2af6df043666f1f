import OpenAI from 'openai'
import { unboundedRoom } from '../../../src/actors/creation-room.js'
import type { Clock } from '../../../src/clock.js'
import type { TripleNote } from '../../../src/engine/workers/triple-note.js'
import {
  withTripleWorker,
  type TripleTask,
  type TripleWorker,
} from '../../../src/engine/workers/triple-worker.js'
import type { FileSystem } from '../../../src/workspace/file-system.js'
import type { BatchWorkspace } from '../../../src/workspace/open-workspace.js'

/** What a process has of its machine. */
export interface Process {
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly fetch: typeof fetch
}

const leaseMs = 30_000

/** What a person would have to look at: a triple rests and is not done. */
export class NeverEnds extends Error {
  override readonly name = 'NeverEnds'
}

/** Works until nothing is left to do, as the workers of a queue do. */
export function worker(
  { workspace }: { readonly workspace: BatchWorkspace },
  { fileSystem, clock, fetch }: Process,
): Promise<void> {
  const client = new OpenAI({ apiKey: 'test-key', baseURL: 'http://fake.test/v1', fetch, maxRetries: 0 })
  const options = { client, clock, leaseMs, shouldSubmit: true }
  return withTripleWorker(
    { ...workspace, fileSystem },
    options,
    () => unboundedRoom,
    (each) => untilNothingIsLeft(each, clock),
  )
}

async function untilNothingIsLeft(each: TripleWorker, clock: Clock): Promise<void> {
  const notes = new Map<string, TripleNote>()
  const ends: string[] = []
  const later = (delayMs: number) => new Promise<void>((resolve) => void clock.setTimeout(resolve, delayMs))
  const workOn = async (task: TripleTask): Promise<void> => {
    const end = await each.work(task)
    ends.push(JSON.stringify(end).slice(0, 500))
    if (end.type === 'rested') notes.set(task.index, end.note)
    else if (end.type === 'backing-off' || end.type === 'held') await later(end.delayMs)
  }
  for (let turn = 0; turn < 100; turn += 1) {
    const { tasks, triples } = await each.lookOver({ notes, isPollDue: true, turn })
    if (triples === 0) return
    for (const task of tasks) await workOn(task)
    await later(20_000)
  }
  throw new NeverEnds(`It never came to an end; last came:\n${ends.slice(-6).join('\n')}`)
}
