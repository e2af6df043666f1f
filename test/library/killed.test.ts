import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest'
import { openWorkspace } from '../../src/index.js'
import { createFakeBatchServer, type FakeBatchServer } from '../../src/testing/index.js'
import { idsUpTo, jsonl, requestLine } from '../engine/lines.js'
import { randomFrom } from '../random-from.js'
import { answeredTwice, expectSettled } from '../server/scene.js'
import { installedProject, repositoryRoot, type InstalledProject } from './installed-project.js'

/** `KILLS=300 KILL_SEED=7` for longer runs. */
const wantedKills = Number(process.env['KILLS'] ?? 16)
const firstSeed = Number(process.env['KILL_SEED'] ?? 1)
const killsAStory = 8

let installed: InstalledProject | null = null

beforeAll(async () => {
  if (!existsSync(join(repositoryRoot, 'dist/src/index.js'))) throw new Error('`npm run build` comes first.')
  installed = await installedProject()
})

afterAll(() => installed?.remove())

function projectOf(context: TestContext): InstalledProject {
  if (installed === null) context.skip('the npm registry cannot be reached')
  return installed
}

const indices = ['1', '2', '3']
const idsOf = (index: string): readonly string[] => idsUpTo(3, `${index}-`)

/** A folder with three inputs, a server on a real socket, and the command as it was installed. */
interface Story {
  readonly root: string
  readonly server: FakeBatchServer
  readonly start: (...inputs: readonly string[]) => ChildProcess
}

/** So many times as fast as real time passes the server's: nobody waits minutes for what it lost. */
const speed = 100

async function withStory<Result>(
  { root: home }: InstalledProject,
  name: string,
  use: (story: Story) => Promise<Result>,
): Promise<Result> {
  const root = join(home, name)
  mkdirSync(join(root, 'workdir'), { recursive: true })
  for (const index of indices)
    writeFileSync(
      join(root, 'workdir', `batch_input_${index}.jsonl`),
      jsonl(...idsOf(index).map((id) => requestLine(id))),
    )
  const epochMs = Date.now()
  const server = createFakeBatchServer({
    clock: { now: () => epochMs + (Date.now() - epochMs) * speed },
    defaults: {
      validatingMs: 1_000,
      inProgressMs: 20_000,
      rows: indices.map((index) => ({ when: `${index}-2`, times: 1, answer: 'server-error' })),
    },
  })
  const { baseURL, close } = await server.listen()
  const command = join(home, 'node_modules/.bin/batch-reconciler')
  const env = { ...process.env, OPENAI_API_KEY: 'test-key', OPENAI_BASE_URL: baseURL }
  const start = (...inputs: readonly string[]): ChildProcess =>
    spawn(command, [...inputs], { env, stdio: 'ignore' })
  try {
    return await use({ root, server, start })
  } finally {
    await close()
  }
}

const passOver = ({ root, start }: Story): ChildProcess => start('run', root, '--submit')

/** Sends the signal after so long; gives how long the process was there afterwards, `null` when it had ended before. */
async function signalled(
  child: ChildProcess,
  signal: NodeJS.Signals,
  afterMs: number,
): Promise<number | null> {
  const closed = once(child, 'close')
  const isLate = await Promise.race([closed.then(() => true), delay(afterMs).then(() => false)])
  if (isLate || !child.kill(signal)) return null
  const sentAtMs = performance.now()
  await closed
  return performance.now() - sentAtMs
}

/** How long one pass over a workspace in which nothing is left to do takes here, in milliseconds: most of it is the start. */
async function lengthOfAPass(project: InstalledProject): Promise<number> {
  return withStory(project, 'measured', async (story) => {
    const startedAtMs = performance.now()
    await once(passOver(story), 'close')
    return performance.now() - startedAtMs
  })
}

const mostPasses = 60

/** Passes without a kill, until nothing is left to do. */
async function untilSettled(story: Story): Promise<void> {
  for (let pass = 0; pass < mostPasses; pass += 1) {
    const child = passOver(story)
    await once(child, 'close')
    if (child.exitCode === 0 && readdirSync(join(story.root, 'workdir')).length === 0) return
    await delay(100)
  }
  throw new Error(`Something is left in workdir/ after ${mostPasses} passes.`)
}

async function expectAllOnce({ root, server }: Story): Promise<void> {
  const workspace = await openWorkspace(root)
  for (const index of indices) await expectSettled({ workspace }, index, idsOf(index))
  // One for each input, and one for the request of each that failed at first.
  expect(server.batches()).toHaveLength(2 * indices.length)
  expect(answeredTwice({ server })).toEqual([])
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
  expect(names.filter((name) => /\.part(\.|$)|\.tmp$|\.lock|\.workers/.test(name))).toEqual([])
}

describe('the command as it is installed', () => {
  test('killed at any moment, again and again, loses nothing and pays for nothing twice', async (context) => {
    const project = projectOf(context)
    const lengthMs = await lengthOfAPass(project)
    let kills = 0
    for (let seed = firstSeed; kills < wantedKills; seed += 1) {
      const random = randomFrom(seed)
      await withStory(project, `killed-${seed}`, async (story) => {
        for (let turn = 0; turn < killsAStory; turn += 1) {
          const wasThere = await signalled(passOver(story), 'SIGKILL', random() * 1.2 * lengthMs)
          kills += Number(wasThere !== null)
        }
        await untilSettled(story)
        await expectAllOnce(story)
      }).catch((cause: unknown) => {
        throw new Error(`KILL_SEED=${seed}`, { cause })
      })
    }
    console.info(`${kills} kills of the installed command, a pass takes ${Math.round(lengthMs)} ms`)
  }, 3_600_000)

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'stops within a second of %s, at whatever it is',
    async (signal) => {
      const project = installed
      if (project === null) return
      const random = randomFrom(firstSeed)
      const lengthMs = await lengthOfAPass(project)
      const stopsMs: number[] = []
      for (let turn = 0; stopsMs.length < wantedKills / 4; turn += 1) {
        await withStory(project, `${signal}-${turn}`, async (story) => {
          const watching = story.start('watch', story.root, '--submit')
          const stopMs = await signalled(watching, signal, random() * 1.5 * lengthMs)
          if (stopMs !== null) stopsMs.push(stopMs)
        })
      }
      console.info(`${stopsMs.length} × ${signal}, the longest stop ${Math.round(Math.max(...stopsMs))} ms`)
      expect(Math.max(...stopsMs)).toBeLessThan(1_000)
    },
    3_600_000,
  )
})
