import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { reconciliationError, type BatchReconciliationError } from '../errors.js'
import { loadPackage } from '../load-package.js'
import { fullRedisHint } from './full-redis.js'
import { keyPrefix } from './queue-names.js'

/** A Redis that was found fit for jobs. */
export interface RedisConnection {
  readonly redis: Redis
  /** Lets go of it, and of all connections that the engine made after its likeness: what was asked fails within a second. */
  readonly close: () => void
}

/** Jobs are moved with commands that came with it. */
const oldestVersion = [6, 2] as const

/** Only who writes as workers do learns that a replica, a full disk or the rights of a user stand in the way. */
const tryToWrite = `redis.call('HSET', KEYS[1], 'a', 1) return redis.call('DEL', KEYS[1])`

/** A server that is not there is not waited for when the work begins; later on it is. */
const firstAnswerMs = 10_000

/**
 * Connects to Redis and makes sure that it can hold jobs. Commands then wait for as long as it is away.
 *
 * @param url such as `redis://:password@host:6379/0`, or `rediss://` with TLS
 * @throws QueueUnavailable when it cannot be reached, refuses the password, is too old, is full, or may throw jobs away
 */
export async function connectRedis(url: string): Promise<RedisConnection> {
  const { Redis: Client } = await loadRedis()
  const redis = new Client(url, {
    lazyConnect: true,
    connectTimeout: firstAnswerMs,
    // For as long as it takes: jobs wait in the files anyway.
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 5), longestPauseMs),
  })
  const all = withLikenesses(redis)
  // Whoever works with it hears of errors; without a listener each of them would be printed.
  redis.on('error', () => {})
  try {
    await firstConnection(redis, url)
    requireUsable(await redis.info().catch(refused(url)), url)
    await redis.eval(tryToWrite, 1, `${keyPrefix}:try:${randomUUID()}`).catch(refused(url))
    const close = (): void => {
      for (const each of all) each.disconnect()
    }
    return { redis, close }
  } catch (error) {
    redis.disconnect()
    throw error
  }
}

/** Between two tries to reach a Redis that is away. */
const longestPauseMs = 1_000

/** The engine makes connections of its own. */
function withLikenesses(redis: Redis): ReadonlySet<Redis> {
  const all = new Set([endingSurely(redis)])
  const duplicate = redis.duplicate.bind(redis)
  redis.duplicate = (override) => {
    const likeness = endingSurely(duplicate(override))
    all.add(likeness)
    return likeness
  }
  return all
}

/**
 * A connection that waits for its next try would, told to disconnect, neither say that it has ended nor fail what was asked
 * of it (ioredis 5), and the engine waits for both. So it ends with that try.
 */
function endingSurely(redis: Redis): Redis {
  const disconnect = redis.disconnect.bind(redis)
  redis.disconnect = (shouldReconnect = false) => {
    if (shouldReconnect || redis.status !== 'reconnecting') return disconnect(shouldReconnect)
    redis.options.retryStrategy = () => null
    redis.once('connect', () => disconnect())
  }
  return redis
}

const loadRedis = () =>
  loadPackage(() => import('ioredis'), {
    code: 'QueueUnavailable',
    message: 'The package ioredis cannot be loaded; it speaks to Redis.',
    hint: 'Install the engine of the workers beside this package: npm install bullmq ioredis',
  })

/** The client would go on trying for ever; here the first failure is the answer. */
function firstConnection(redis: Redis, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => settle(() => reject(unreachable(url, error)))
    const timer = setTimeout(
      () => settle(() => reject(unreachable(url, new Error(`no answer within ${firstAnswerMs / 1000} s`)))),
      firstAnswerMs,
    )
    const settle = (finish: () => void): void => {
      clearTimeout(timer)
      redis.off('error', onError)
      finish()
    }
    redis.on('error', onError)
    redis.connect().then(
      () => settle(resolve),
      (error: Error) => settle(() => reject(unreachable(url, error))),
    )
  })
}

function unreachable(url: string, cause: Error): BatchReconciliationError {
  const isRefused = /WRONGPASS|NOAUTH|NOPERM|invalid.*password|without any password/i.test(cause.message)
  return reconciliationError(
    {
      code: 'QueueUnavailable',
      message: isRefused
        ? `Redis at ${addressOf(url)} refuses the user or the password.`
        : `Redis at ${addressOf(url)} cannot be reached: ${wordsOf(cause)}.`,
      hint: isRefused
        ? 'Put them into the address, as in redis://user:password@host:6379; special characters as %-escapes.'
        : 'Check the address (--redis, REDIS_URL; rediss:// is with TLS), and that the server runs and may be reached from here.',
      isPassing: !isRefused,
      facts: { address: addressOf(url) },
    },
    { cause },
  )
}

/** Some errors of the system have a code and no words. */
function wordsOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return (error.message === '' ? code : error.message).slice(0, 200).replace(/\.+$/, '')
}

/** Host, port and database: an address may hold a password. */
export function addressOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null
  return parsed === null
    ? 'the given address'
    : `${parsed.host}${parsed.pathname === '/' ? '' : parsed.pathname}`
}

/**
 * From what `INFO` says.
 *
 * @throws QueueUnavailable
 */
export function requireUsable(info: string, url: string): void {
  const said = new Map(
    info.split(/\r?\n/).map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  )
  const version = said.get('redis_version') ?? '0'
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor, oldestMinor] = oldestVersion
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    throw unusable(
      url,
      `is version ${version}; ${oldestVersion.join('.')} or newer is needed`,
      'Update Redis, or name another server.',
    )
  }
  const policy = said.get('maxmemory_policy') ?? 'noeviction'
  if (policy !== 'noeviction') {
    throw unusable(
      url,
      `may throw away jobs when its memory is full (maxmemory-policy ${policy})`,
      'Set it to keep what it has: redis-cli config set maxmemory-policy noeviction (and in redis.conf).',
    )
  }
  const most = Number(said.get('maxmemory') ?? 0)
  if (most > 0 && Number(said.get('used_memory') ?? 0) >= most) {
    throw unusable(url, `is full: ${said.get('used_memory')} of ${most} bytes are used`, fullRedisHint)
  }
}

/** By the word that an error of Redis begins with. */
const refusals: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  NOPERM: [
    'does not let the user do what workers do',
    `Give the user the rights: redis-cli acl setuser <user> '~${keyPrefix}:*' +@all -@dangerous +info`,
  ],
  READONLY: ['is a replica, which takes no changes', 'Name the address of its primary.'],
  OOM: ['is full', fullRedisHint],
  MISCONF: [
    'cannot save what it is told to its disk',
    'Look at the log of Redis and at the space on its disk.',
  ],
}

function refused(url: string): (error: Error) => never {
  return (cause) => {
    const [what, hint] = refusals[/^[A-Z]+/.exec(cause.message)?.[0] ?? ''] ?? [
      `refused a command: ${wordsOf(cause)}`,
      'Workers need a Redis of its own kind, alone or the primary of others; see its log.',
    ]
    throw unusable(url, what, hint, cause)
  }
}

function unusable(url: string, what: string, hint: string, cause?: Error): BatchReconciliationError {
  return reconciliationError(
    {
      code: 'QueueUnavailable',
      message: `Redis at ${addressOf(url)} ${what}.`,
      hint,
      facts: { address: addressOf(url) },
    },
    { cause },
  )
}
