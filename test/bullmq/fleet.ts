import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import {
  createFakeBatchServer,
  type FakeBatchServer,
  type FakeBatchServerOptions,
} from '../../src/testing/index.js'
import { openWorkspace } from '../../src/workspace/open-workspace.js'
import { listWorkerFiles, readWorker } from '../../src/workspace/workers/worker-files.js'
import { requestLine } from '../server/scene.js'
import { startRedis, type RedisServer } from './redis-server.js'

const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

/** The server's clock: its minutes are seconds here, so that batches and doubts are over soon. */
const speed = 20

export interface FleetOptions {
  readonly triples: number
  readonly rows?: number
  readonly server?: FakeBatchServerOptions
  readonly redisFlags?: readonly string[]
}

/** A folder, a server on a real socket, a Redis, and workers that are real processes. */
export interface Fleet {
  readonly root: string
  readonly server: FakeBatchServer
  /** Where the server listens, on our loopback. */
  readonly port: number
  readonly redis: RedisServer
  readonly ids: readonly string[]
  start(flags?: readonly string[], env?: NodeJS.ProcessEnv, place?: Place): WorkerProcess
  /** Any other command, beside the workers. */
  command(inputs: readonly string[], env?: NodeJS.ProcessEnv, place?: Place): WorkerProcess
}

/** Gives the command that runs a command somewhere else, such as in a container. */
export type Place = (command: string, inputs: readonly string[]) => [string, string[]]

export interface WorkerProcess {
  readonly child: ChildProcess
  /** What it has printed so far. */
  readonly said: () => string
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number | null>
}

/** With the requests of so many triples in the folder, never sent. */
export async function withFleet(options: FleetOptions, use: (fleet: Fleet) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'batch-fleet-'))
  const ids = putInputs(root, options)
  const epochMs = Date.now()
  const server = createFakeBatchServer({
    clock: { now: () => epochMs + (Date.now() - epochMs) * speed },
    defaults: { validatingMs: 1_000, inProgressMs: 40_000 },
    ...options.server,
  })
  const { baseURL, port, close } = await server.listen()
  const redis = await startRedis(options.redisFlags)
  const workers = new Set<ChildProcess>()
  const command: Fleet['command'] = (inputs, env = {}, place = here) => {
    const child = spawn(...place(process.execPath, [program, ...inputs]), {
      env: {
        ...process.env,
        OPENAI_API_KEY: 'test-key',
        OPENAI_BASE_URL: baseURL,
        REDIS_URL: redis.url,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    workers.add(child)
    let text = ''
    const gather = (bytes: Buffer): void => void (text += bytes.toString())
    child.stdout.on('data', gather)
    child.stderr.on('data', gather)
    const ended = once(child, 'close').then(() => {
      workers.delete(child)
      return child.exitCode
    })
    return { child, said: () => text, ended }
  }
  const start: Fleet['start'] = (flags = [], env = {}, place = here) => {
    const usual = ['--poll-seconds', '1', '--lease-seconds', '5', '--submit'].filter(
      (_, at, all) => !flags.includes(all[at - (at % 2)] as string),
    )
    return command(['work', root, ...usual, ...flags], env, place)
  }
  try {
    await use({ root, server, port, redis, ids, start, command })
  } finally {
    for (const child of workers) child.kill('SIGKILL')
    await close()
    await redis.remove()
    rmSync(root, { recursive: true, force: true })
  }
}

const here: Place = (command, inputs) => [command, [...inputs]]

/** Waits until it holds, for as long as a test may take. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 2_400; tries += 1) {
    if (await holds()) return
    await delay(25)
  }
  throw new Error(`It did not come to this: ${what}.`)
}

/** What workers write while they are at work, and nobody leaves behind. */
export function workerFiles(root: string): readonly string[] {
  const folder = join(root, '.batch-reconciler.workers')
  return existsSync(folder) ? readdirSync(folder) : []
}

/**
 * The hosts of the workers that have sat down, in order. One whose record is just being written has not: its file stands
 * before its content does.
 */
export async function hostsSeated(root: string): Promise<readonly string[]> {
  const workspace = await openWorkspace(root)
  const { tokens } = await listWorkerFiles(workspace)
  const reads = await Promise.all(tokens.map((token) => readWorker(workspace, token)))
  return reads.flatMap((read) => (read.type === 'record' ? [read.record.host] : [])).toSorted()
}

/** How often a text stands in another one. */
export const timesIn = (text: string, part: string): number => text.split(part).length - 1

function putInputs(root: string, { triples, rows = 5 }: FleetOptions): readonly string[] {
  mkdirSync(join(root, 'workdir'))
  const ids: string[] = []
  for (let triple = 1; triple <= triples; triple += 1) {
    const own = Array.from({ length: rows }, (_, row) => `t${triple}-r${row + 1}`)
    ids.push(...own)
    writeFileSync(
      join(root, 'workdir', `batch_input_${triple}.jsonl`),
      own.map((id) => `${requestLine(id)}\n`).join(''),
    )
  }
  return ids
}

/** One row for each request, a batch for each submission that was meant, and nothing left over. */
export function expectAllDoneOnce({ root, server, ids }: Fleet, meant: number): void {
  expect(readdirSync(join(root, 'workdir'))).toEqual([])
  const rows = readdirSync(join(root, 'target')).flatMap((name) =>
    readFileSync(join(root, 'target', name), 'utf8')
      .trimEnd()
      .split('\n'),
  )
  const found = rows.map((row) => (JSON.parse(row) as { readonly custom_id: string }).custom_id)
  expect(found.toSorted()).toEqual([...ids].toSorted())
  expect(server.batches()).toHaveLength(meant)
  expect(readdirSync(root).filter((name) => name.startsWith('.'))).toEqual(['.batch-reconciler.id'])
  const temporary = ['done', 'target', 'logs', 'failed-items'].flatMap((directory) =>
    readdirSync(join(root, directory)).filter((name) => name.startsWith('.') || name.includes('.part')),
  )
  expect(temporary).toEqual([])
}
