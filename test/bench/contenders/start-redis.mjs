import { existsSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { startProgram } from '../measure/run-child.mjs'

const places = [process.env.REDIS_SERVER_PATH, '/usr/bin/redis-server', '/usr/local/bin/redis-server']

/** Path of the program; `undefined` where there is none. */
export const redisPath = places.find((path) => path !== undefined && existsSync(path))

/** A Redis as workers use it, in a folder of its own. */
export async function startRedis(folder) {
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  const flags = ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes']
  const child = startProgram(redisPath, flags.map(String))
  child.stdout.resume()
  const client = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null, retryStrategy: () => 50 })
  client.on('error', () => {})
  await client.ping()
  return {
    url: `redis://127.0.0.1:${port}`,
    client,
    /** A field of INFO, as a number. */
    async said(name) {
      return Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(await client.info())?.[1])
    },
    async close() {
      client.disconnect()
      child.kill()
      await once(child, 'close')
    },
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}
