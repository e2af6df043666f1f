import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { BatchWorkspace } from '../../src/index.js'
import { createFakeBatchServer, type Fault, type FakeBatchServer } from '../../src/testing/index.js'
import { withWorkspace } from '../workspace/support.js'
import { secondFailsOnce } from './life.js'
import { answeredTwice, expectSettled, idsUpTo, requestLine } from './scene.js'

const childPath = fileURLToPath(new URL('live-child.mjs', import.meta.url))
const ids = idsUpTo(30)
/** As in the child. */
const speed = 100

interface Story {
  readonly server: FakeBatchServer
  readonly workspace: BatchWorkspace
  readonly start: () => ChildProcessByStdio<null, Readable, null>
}

/** A workspace, a server on a real socket, and processes that work on it, one after the other. */
function withStory(use: (story: Story) => Promise<void>): Promise<void> {
  return withWorkspace({}, async (workspace) => {
    const epochMs = Date.now()
    const server = createFakeBatchServer({
      clock: { now: () => epochMs + (Date.now() - epochMs) * speed },
      defaults: secondFailsOnce,
    })
    const listening = await server.listen()
    const path = join(workspace.root, 'requests.jsonl')
    writeFileSync(path, ids.map((id) => `${requestLine(id)}\n`).join(''))
    const parts = [childPath, workspace.root, path, listening.baseURL, String(epochMs)]
    const start = () => spawn(process.execPath, parts, { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await use({ server, workspace, start })
      await expectWholeStory({ server, workspace, start })
    } finally {
      await listening.close()
    }
  })
}

/** The last process comes through; one batch for the file, one for the retry, every answer asked for once. */
async function expectWholeStory({ server, workspace, start }: Story): Promise<void> {
  const last = start()
  const [said] = await Promise.all([text(last.stdout), once(last, 'close')])
  expect(last.exitCode).toBe(0)
  expect(new Set(JSON.parse(said) as string[])).toEqual(new Set(said === '[]' ? [] : ['done']))
  const [root] = server.batches()
  await expectSettled({ workspace }, root?.metadata?.['root_index'] ?? '', ids)
  expect(server.batches()).toHaveLength(2)
  expect(answeredTwice({ server })).toEqual([])
  expect(server.executions()).toHaveLength(ids.length + 1)
}

/** Starts a process and kills it when its so many-th call arrives; the server may carry the call out all the same. */
async function killAtCall({ server, start }: Story, nth: number, effect?: Fault['effect']): Promise<boolean> {
  const child = start()
  const from = server.requests().length
  const kill = server.script({
    on: 'all',
    when: () => server.requests().length === from + nth && child.kill('SIGKILL'),
    effect: effect ?? { type: 'silence', isExecuted: true },
  })
  await once(child, 'close')
  kill.stop()
  return child.signalCode === 'SIGKILL'
}

describe('a process that is killed', () => {
  test.each([
    ['before the server does what was asked', { type: 'reset' }],
    ['after the server did what was asked', { type: 'silence', isExecuted: true }],
  ] as const)(
    '%s, again and again: the one after it finishes the story',
    (_, effect) =>
      withStory(async (story) => {
        let kills = 0
        for (const nth of [1, 2, 1, 3, 2, 1, 4, 3, 5, 2])
          kills += Number(await killAtCall(story, nth, effect))
        expect(kills).toBeGreaterThan(5)
      }),
    120_000,
  )

  test.each([1, 2, 3])(
    'at moments that nobody chose: the one after it finishes the story (seed %i)',
    (seed) =>
      withStory(async ({ start }) => {
        let kills = 0
        for (let turn = 1; turn <= 5; turn += 1) {
          const child = start()
          const closed = once(child, 'close')
          // Nothing is waited for here: this is the moment of the kill.
          await delay(250 + ((seed * 7919 + turn * 104_729) % 800))
          child.kill('SIGKILL')
          await closed
          kills += Number(child.signalCode === 'SIGKILL')
        }
        expect(kills).toBeGreaterThan(0)
      }),
    120_000,
  )
})
