import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { builtFile } from '../built-file.js'
import { acquireWorkspaceLock } from '../../src/workspace/hold-workspace.js'
import { readWorkspaceLock, removeWorkspaceLock } from '../../src/workspace/lock.js'
import { isGone, systemProcessTable } from '../../src/workspace/process-table.js'
import type { BatchWorkspace } from '../../src/workspace/open-workspace.js'
import { takeWorkerSeat } from '../../src/workspace/workers/worker-seat.js'
import { rejection, withWorkspace } from './support.js'

/** A program with a table of processes of its own and our host name, as two containers of a pod have it. */
const container = ['--pid', '--fork', '--mount-proc', '--kill-child']
const canUnshare = spawnSync('unshare', [...container, 'true']).status === 0

const program = `
const [, part, root] = process.argv
const { openWorkspace } = await import('${builtFile('workspace/open-workspace.js')}')
const { acquireWorkspaceLock } = await import('${builtFile('workspace/hold-workspace.js')}')
const { takeWorkerSeat } = await import('${builtFile('workspace/workers/worker-seat.js')}')
const workspace = await openWorkspace(root)
try {
  await (part === 'alone' ? acquireWorkspaceLock(workspace) : takeWorkerSeat(workspace))
  console.log('taken')
  setInterval(() => {}, 1_000)
} catch (error) {
  console.log(error.code)
  process.exit()
}`

/** Starts one in a container; gives what it says first, and how to kill it. */
async function inContainer(part: 'alone' | 'worker', { root }: BatchWorkspace) {
  const child = spawn(
    'unshare',
    [...container, process.execPath, '--input-type=module', '-e', program, part, root],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const kill = async (): Promise<void> => {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(kill)
  const [said] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return { said, kill }
}

describe.skipIf(!canUnshare)(
  'beside a container of the same host name (skipped where `unshare` is not allowed)',
  () => {
    test('what one has for itself no other takes, also where its number is that of nobody here', () =>
      withWorkspace({}, async (workspace) => {
        const { said, kill } = await inContainer('alone', workspace)
        expect(said).toBe('taken')
        const refused = await rejection(acquireWorkspaceLock(workspace))
        expect([refused.code, refused.message]).toEqual([
          'WorkspaceLocked',
          expect.stringContaining('container'),
        ])
        expect(await rejection(takeWorkerSeat(workspace))).toMatchObject({ code: 'WorkspaceLocked' })
        expect((await inContainer('alone', workspace)).said).toBe('WorkspaceLocked')
        expect((await inContainer('worker', workspace)).said).toBe('WorkspaceLocked')
        // Nobody here can know that it is gone: a person says so.
        await kill()
        expect(await rejection(acquireWorkspaceLock(workspace))).toMatchObject({ code: 'WorkspaceLocked' })
        await removeWorkspaceLock(workspace)
        await (await acquireWorkspaceLock(workspace)).release()
      }))

    test('a worker there keeps out who wants it for himself here, and the other way round', () =>
      withWorkspace({}, async (workspace) => {
        const { said } = await inContainer('worker', workspace)
        expect(said).toBe('taken')
        expect(await rejection(acquireWorkspaceLock(workspace))).toMatchObject({ code: 'WorkspaceLocked' })
        await (await takeWorkerSeat(workspace)).leave()
      }))

    test('what is ours in our own table is taken over once it is gone', () =>
      withWorkspace({}, async (workspace) => {
        const lock = await acquireWorkspaceLock(workspace)
        expect((await inContainer('alone', workspace)).said).toBe('WorkspaceLocked')
        expect(isGone(lock.holder, systemProcessTable)).toBe(false)
        const state = await readWorkspaceLock(workspace)
        expect(state).toMatchObject({ holder: { process_namespace: systemProcessTable.namespace } })
        await lock.release()
      }))
  },
)
