import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { describe } from 'vitest'
import { freePort } from '../free-port.js'

const usualPlaces = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server']

/** `REDIS_SERVER_PATH`, else the first of the usual places; `null` where there is none. */
const serverPath =
  [process.env['REDIS_SERVER_PATH'] ?? '', ...usualPlaces].find((path) => existsSync(path)) ?? null

/** Tests on a real Redis; each is reported as skipped, by name, where there is none. */
// oxlint-disable-next-line vitest/valid-title, vitest/valid-describe-callback -- no call of a test, but what makes one.
export const describeOnRedis = describe.skipIf(serverPath === null)

/** A Redis of our own, on a free port of the loopback, with its append-only file in a temporary folder. */
export interface RedisServer {
  readonly url: string
  readonly client: Redis
  start(): Promise<void>
  /** As a crash does it; what it had not synced within the last second may be gone. */
  kill(): Promise<void>
  /** Removes what it keeps on disk, while it does not run. */
  wipe(): void
  /** Stops it and removes its folder. */
  readonly remove: () => Promise<void>
}

/** @param more flags, such as `--requirepass` with what follows it, which is then what the client uses */
export async function startRedis(more: readonly string[] = []): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'batch-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const password = more.includes('--requirepass') ? more[more.indexOf('--requirepass') + 1] : undefined
  const client = new Redis(url, {
    maxRetriesPerRequest: null,
    lazyConnect: true,
    retryStrategy: () => 50,
    ...(password !== undefined && { password }),
  })
  client.on('error', () => {})
  const flags = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '']
  let child: ChildProcess | null = null
  const kill = async (): Promise<void> => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  }
  const server: RedisServer = {
    url,
    client,
    async start() {
      child = spawn(serverPath ?? '', [...flags, '--appendonly', 'yes', ...more], { stdio: 'ignore' })
      await answers(port, password)
    },
    kill,
    wipe() {
      for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true })
    },
    async remove() {
      client.disconnect()
      await kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
  await server.start()
  return server
}

/** It loads its file first, and says so. */
async function answers(port: number, password: string | undefined): Promise<void> {
  const probe = new Redis(port, '127.0.0.1', {
    lazyConnect: true,
    retryStrategy: null,
    ...(password !== undefined && { password }),
  })
  probe.on('error', () => {})
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      await probe.connect()
      await probe.config('GET', 'maxmemory')
      probe.disconnect()
      return
    } catch {
      probe.disconnect()
      await delay(50)
    }
  }
  throw new Error('Redis did not start.')
}
