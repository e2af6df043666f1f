import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { BatchWorkspace } from '../../../src/workspace/open-workspace.js'
import type { ProcessTable } from '../../../src/workspace/process-table.js'
import { watchOwners, type OwnerWatch } from '../../../src/workspace/workers/owner-watch.js'
import { workerPath } from '../../../src/workspace/workers/worker-files.js'
import { withWorkspace } from '../support.js'

const leaseMs = 60_000
const graceMs = 500

const processes: ProcessTable = {
  host: 'here',
  pid: 1,
  isAlive: (pid) => pid === 1,
  startOf: () => null,
  namespace: 'boot:pid:[1]',
}

const owner = {
  host: 'here',
  pid: 7,
  process_start: null,
  process_namespace: 'boot:pid:[2]',
  token: 'a'.repeat(32),
}

interface Scene {
  readonly workspace: BatchWorkspace
  readonly owners: OwnerWatch
  readonly pass: (ms: number) => void
  /** The owner's record as it stands after so many signs of life. */
  readonly sign: (signs: number) => void
}

function watching(use: (scene: Scene) => Promise<void>): Promise<void> {
  return withWorkspace({}, async (workspace) => {
    let nowMs = 0
    const clock = {
      now: () => 0,
      monotonicMs: () => nowMs,
      setTimeout: () => 0,
      clearTimeout: () => {},
    }
    mkdirSync(workspace.layout.workers)
    const sign = (signs: number): void => {
      const more = { since_ms: 0, signs_of_life: signs, lease_ms: leaseMs, ends_at_ms: 0 }
      writeFileSync(workerPath(workspace, owner.token), JSON.stringify({ ...owner, ...more }))
    }
    sign(0)
    const owners = watchOwners(workspace, { clock, processes, leaseMs })
    await use({ workspace, owners, sign, pass: (ms) => (nowMs += ms) })
  })
}

describe('an owner that cannot be seen from here', () => {
  test('is gone when nothing new was seen of it for as long as its leases last', () =>
    watching(async ({ owners, pass }) => {
      expect(await owners.standingOf(owner)).toEqual({ type: 'present', knownInMs: leaseMs + graceMs })
      pass(leaseMs + graceMs - 1)
      expect(await owners.standingOf(owner)).toEqual({ type: 'present', knownInMs: 1 })
      pass(1)
      expect(await owners.standingOf(owner)).toEqual({ type: 'gone' })
    }))

  test('is waited for once, however many leases it has', () =>
    watching(async ({ owners, pass }) => {
      await owners.standingOf(owner)
      pass(leaseMs + graceMs)
      for (let lease = 0; lease < 3; lease += 1) {
        expect(await owners.standingOf(owner)).toEqual({ type: 'gone' })
        pass(1)
      }
    }))

  test('is there again with its next sign of life, for as long as before', () =>
    watching(async ({ owners, pass, sign }) => {
      await owners.standingOf(owner)
      pass(leaseMs + graceMs)
      expect(await owners.standingOf(owner)).toEqual({ type: 'gone' })
      sign(1)
      expect(await owners.standingOf(owner)).toEqual({ type: 'present', knownInMs: leaseMs + graceMs })
      pass(leaseMs)
      sign(2)
      expect(await owners.standingOf(owner)).toEqual({ type: 'present', knownInMs: leaseMs + graceMs })
    }))

  test('is gone at once when it has left, or when its process is known to have ended', () =>
    watching(async ({ owners, workspace }) => {
      const seen = { ...owner, process_namespace: processes.namespace }
      expect(await owners.standingOf(seen)).toEqual({ type: 'gone' })
      expect(await owners.standingOf({ ...seen, pid: 1 })).toMatchObject({ type: 'present' })
      rmSync(workerPath(workspace, owner.token))
      expect(await owners.standingOf(owner)).toEqual({ type: 'gone' })
    }))
})
