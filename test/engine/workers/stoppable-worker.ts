import { symlinkSync, unlinkSync } from 'node:fs'
import { expect, onTestFinished } from 'vitest'
import type { Clock } from '../../../src/clock.js'
import { createFakeBatchServer, type FakeBatchServer } from '../../../src/testing/index.js'
import { openWorkspace, type BatchWorkspace } from '../../../src/workspace/open-workspace.js'
import { idleClock } from '../../fakes/idle-clock.js'
import { steppingFileSystem } from '../../fakes/stepping-file-system.js'
import { filesBelow, putFiles, unsyncedFileSystem, withWorkspace } from '../../workspace/support.js'
import { idsUpTo, jsonl, requestLine } from '../lines.js'
import { sentTwice } from '../sent-lines.js'
import type { Process } from './one-worker.js'

const startAtMs = Date.UTC(2026, 0, 2, 3, 4, 5)

/** A process that is stopped and goes on where it was, as often as somebody says. */
export interface Stoppable {
  readonly stop: () => void
  readonly goOn: () => void
  /** Operations it came to so far. */
  readonly operations: () => number
  /** To be awaited before each operation on the disk and each call to the server. */
  readonly step: () => Promise<void>
  /** Its timers stand still while it does; those that are due go off first when it goes on, as those of a process do. */
  readonly clock: Clock
}

const nothing = (): void => {}

/** @param comesTo told of the number of each operation before it is done; it may stop the process there */
export function stoppable(clock: Clock, comesTo: (operation: number) => void): Stoppable {
  let operations = 0
  let isStopped = false
  let due: (() => void)[] = []
  let [resumed, resume] = [Promise.resolve(), nothing]
  return {
    operations: () => operations,
    async step() {
      operations += 1
      comesTo(operations)
      while (isStopped) await resumed
    },
    stop() {
      if (isStopped) return
      isStopped = true
      resumed = new Promise((resolve) => (resume = resolve))
    },
    goOn() {
      isStopped = false
      const [callbacks, wake] = [due, resume]
      due = []
      // One of them may come to where it is stopped anew.
      for (const callback of callbacks) callback()
      wake()
    },
    clock: {
      ...clock,
      setTimeout: (callback, delayMs) =>
        clock.setTimeout(() => (isStopped ? void due.push(callback) : callback()), delayMs),
    },
  }
}

export interface Scene {
  readonly workspace: BatchWorkspace
  readonly server: FakeBatchServer
  readonly clock: Clock
}

/** What a process that can be stopped has of the scene. */
export function processOf({ server }: Scene, { step, clock }: Stoppable): Process {
  return {
    fileSystem: steppingFileSystem(unsyncedFileSystem, step),
    clock,
    fetch: async (...args) => {
      await step()
      // What is due by then goes off first: a process that wakes does not send what it has given up.
      args[1]?.signal?.throwIfAborted()
      const answer = await server.fetch(...args)
      await step()
      return answer
    },
  }
}

/** Four requests, of which one has to be tried again. */
const ids = idsUpTo(4)
const input = { 'workdir/batch_input_1.jsonl': jsonl(...ids.map((id) => requestLine(id))) }

/** One triple that was never sent, and the same folder once more, as another host mounts it. */
export function withScene<Result>(use: (scene: Scene, elsewhere: Scene) => Promise<Result>): Promise<Result> {
  return withWorkspace(
    {},
    async (workspace) => {
      putFiles(workspace.root, input)
      const isServing = (): boolean => server.requests().some(({ answer }) => answer === 'pending')
      const clock = idleClock(startAtMs, isServing)
      const server = createFakeBatchServer({
        clock,
        defaults: { validatingMs: 1_000, inProgressMs: 60_000 },
        planFor: () => ({
          rows: [{ when: ({ custom_id: id }) => id === ids[1], times: 1, answer: 'server-error' }],
        }),
      })
      const scene = { workspace, server, clock }
      // What waits for its turn within one process goes by the path.
      return use(scene, { ...scene, workspace: await openWorkspace(mountedAgain(workspace.root)) })
    },
    unsyncedFileSystem,
  )
}

function mountedAgain(root: string): string {
  const path = `${root}-mounted`
  symlinkSync(root, path)
  onTestFinished(() => unlinkSync(path))
  return path
}

/** @param where which story it was */
export function expectDoneOnce({ workspace, server }: Scene, where: string): void {
  expect(
    server.batches().map(({ status }) => status),
    where,
  ).toEqual(['completed', 'completed'])
  const twice = sentTwice({ server })
  expect(twice, where).toHaveLength(1)
  const files = filesBelow(workspace.root)
  const rows = (files['target/batch_results_1.jsonl'] ?? '').split('\n').filter((line) => line !== '')
  const answered = rows.map((row) => JSON.parse(row) as { custom_id: string; outcome: string })
  expect(answered.map(({ custom_id: id, outcome: kind }) => `${id} ${kind}`).toSorted(), where).toEqual(
    ids.map((id) => `${id} success`).toSorted(),
  )
  const left = Object.keys(files).filter((path) => /^workdir|^\.batch|\.part|\.tmp$/.test(path))
  expect(left, where).toEqual([])
}
