import OpenAI from 'openai'
import { unboundedRoom } from '../../src/actors/creation-room.js'
import { waitsForSomebody } from '../../src/engine/workers/triple-note.js'
import { withTripleWorker, type TripleWorker } from '../../src/engine/workers/triple-worker.js'
import type { BatchWorkspace } from '../../src/index.js'
import { NeverEnds } from '../engine/workers/one-worker.js'
import type { JobQueue, QueueFault } from './job-queue.js'
import type { World, WorldProcess } from './world.js'

const leaseMs = 30_000
/** Between two looks over the folder, and after so long a job of which nothing is heard is given to another worker. */
const lookDelayMs = 20_000
const silenceMs = 30_000
/** Turns of a worker; a story takes less than a tenth of it. */
const mostTurns = 400

/** Works until nothing is left in the folder, as one of several that a queue tells which triple is next. */
export function queueWorker(workspace: BatchWorkspace, process: WorldProcess): Promise<void> {
  const { clock, fetch, world } = process
  const client = new OpenAI({ apiKey: 'test-key', baseURL: 'http://fake.test/v1', fetch, maxRetries: 0 })
  const options = { client, clock, leaseMs, shouldSubmit: true }
  return withTripleWorker(
    workspace,
    options,
    () => unboundedRoom,
    async (worker) => {
      const asking = askerOf(world, process)
      await asking('begin', forgetWhatWaited)
      for (let turn = 1; turn <= mostTurns; turn += 1) {
        if (await asking('round', (queue) => queue.takeRound(lookDelayMs))) {
          const state = await lookOver(worker, asking, turn)
          if (state === 'done') return
          if (state === 'stuck') throw new NeverEnds('What is left waits for somebody.')
        }
        if (!(await workOnNext(worker, asking)))
          await new Promise<void>((resolve) => void clock.setTimeout(resolve, pauseMs))
      }
      throw new NeverEnds('A worker never came to an end.')
    },
  )
}

const pauseMs = 5_000

type Ask = <Result>(what: string, work: (queue: JobQueue) => Result) => Promise<Result>

/** Each question is an operation of its own: others come in between, a process is killed there, the queue forgets. */
const askerOf =
  (world: World, process: WorldProcess): Ask =>
  (what, work) =>
    world.ask(process, `queue ${what}`, (fault) => {
      if (fault !== null) world.queue.suffer(fault as QueueFault)
      return work(world.queue)
    })

/** Whoever starts a worker may have done what triples wait for. */
function forgetWhatWaited(queue: JobQueue): void {
  const waiting = [...queue.notes].filter(([, note]) => waitsForSomebody(note))
  queue.drop(waiting.map(([index]) => index))
}

/** Looks over the folder for all workers. `stuck`: nothing in it goes on by itself. */
async function lookOver(worker: TripleWorker, ask: Ask, turn: number): Promise<'done' | 'stuck' | 'open'> {
  const notes = await ask('notes', (queue) => queue.notes)
  const sight = await worker.lookOver({ notes, isPollDue: true, turn })
  const isIdle = await ask('add', (queue) => {
    queue.add(sight.tasks)
    queue.drop(sight.gone)
    for (const index of sight.news) {
      const note = queue.notes.get(index)
      if (note !== undefined) queue.keep(index, { ...note, hasNews: true })
    }
    return queue.isEmpty
  })
  if (sight.triples === 0) return 'done'
  return isIdle && sight.unsettled === 0 ? 'stuck' : 'open'
}

/** False when there was nothing to do. */
async function workOnNext(worker: TripleWorker, ask: Ask): Promise<boolean> {
  const task = await ask('take', (queue) => queue.take(silenceMs))
  if (task === null) return false
  const end = await worker.work(task)
  await ask(end.type, (queue) => {
    switch (end.type) {
      case 'done':
        queue.done(task.index)
        queue.drop([task.index])
        return queue.add(end.retryIndices.map((index) => ({ index })))
      case 'rested':
        queue.done(task.index)
        return queue.keep(task.index, end.note)
      case 'backing-off':
        return queue.later(end.again, end.delayMs)
      case 'held':
        return queue.later(task, end.delayMs)
      case 'interrupted':
        return queue.later(task, 0)
    }
  })
  return true
}
