import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { reconcileWorkspace, watchWorkspace, type BatchWorkspace } from '../../src/index.js'
import { createFakeBatchServer, type FakeBatchServer, type FaultEffect } from '../../src/testing/index.js'
import { idsUpTo, jsonl, requestLine } from '../engine/lines.js'
import { idleClock, type IdleClock } from '../fakes/idle-clock.js'
import { putFiles, unsyncedFileSystem, withWorkspace } from '../workspace/support.js'
import { answeredTwice, expectSettled, startAtMs } from './scene.js'

/** In each of them triple 1: as many requests, and as many bytes. */
const idsOf = (name: 'left' | 'east'): string[] => idsUpTo(3).map((id) => `${name}-${id}`)
const inputOf = (name: 'left' | 'east'): Record<string, string> => ({
  'workdir/batch_input_1.jsonl': jsonl(...idsOf(name).map((id) => requestLine(id))),
})

type InBoth = (left: BatchWorkspace, east: BatchWorkspace) => Promise<number>

const inBoth = (use: InBoth): Promise<number> =>
  withWorkspace(
    {},
    (left) => withWorkspace({}, (east) => use(left, east), unsyncedFileSystem),
    unsyncedFileSystem,
  )

/** Both are watched at the same time, with one key; one call fails. Gives the calls that were made. */
function watchBoth(nth: number, effect: FaultEffect): Promise<number> {
  return inBoth(async (left, east) => {
    putFiles(left.root, inputOf('left'))
    putFiles(east.root, inputOf('east'))
    const isServing = (): boolean => server.requests().some(({ answer }) => answer === 'pending')
    const clock = idleClock(startAtMs, isServing)
    const server: FakeBatchServer = createFakeBatchServer({
      clock,
      defaults: {
        rows: ['left', 'east'].map((name) => ({ when: `${name}-row-2`, times: 1, answer: 'server-error' })),
      },
    })
    const fault = server.script({ on: 'all', skip: nth - 1, times: 1, effect })
    await Promise.all([left, east].map((workspace) => untilSettled(workspace, server, clock)))
    expect(fault.hits()).toBeLessThan(2)
    await expectSettled({ workspace: left }, '1', idsOf('left'))
    await expectSettled({ workspace: east }, '1', idsOf('east'))
    expect(server.batches()).toHaveLength(4)
    expect(answeredTwice({ server })).toEqual([])
    return server.requests().length
  })
}

/** A watch leaves what needs a person until files change; a run looks at it again. */
async function untilSettled(
  workspace: BatchWorkspace,
  server: FakeBatchServer,
  clock: IdleClock,
): Promise<void> {
  const client = new OpenAI({ apiKey: 'one-key', baseURL: 'http://fake.test/v1', fetch: server.fetch })
  const options = { client, clock, shouldSubmit: true }
  await watchWorkspace(workspace, options)
  await reconcileWorkspace(workspace, options)
  await watchWorkspace(workspace, options)
}

/** One of this many calls is tried; `EVERY_CALL=1` tries all. */
const stride = process.env['EVERY_CALL'] === '1' ? 1 : 5

describe('two workspaces on one account, each with a triple of the same index and size', () => {
  test.each([
    ['before the server did it', { type: 'reset' }],
    ['after the server did it', { type: 'silence', isExecuted: true }],
  ] as const)(
    'take nothing of each other, whichever call is lost %s',
    { timeout: 300_000 },
    async (_, effect) => {
      const calls = await watchBoth(Number.MAX_SAFE_INTEGER, effect)
      expect(calls).toBeGreaterThan(10)
      for (let nth = 1; nth <= calls; nth += stride) {
        await watchBoth(nth, effect).catch((cause: unknown) => {
          throw new Error(`call ${nth} was lost`, { cause })
        })
      }
    },
  )
})
