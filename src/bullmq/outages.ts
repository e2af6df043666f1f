import type { Redis } from 'ioredis'
import { fullRedisHint } from './full-redis.js'

/**
 * Says once that Redis is away, once that it is back, and once of each other fault; not with each of the hundred tries in
 * between.
 */
export interface Outages {
  readonly isAway: boolean
  /** A fault of the queue, whether the engine or Redis tells it. */
  note(error: Error): void
  stop(): void
}

/** Kinds of faults that are remembered; more than there are. */
const mostKinds = 100

export function watchOutages(redis: Redis, warn: (message: string) => void): Outages {
  let isAway = false
  const said = new Set<string>()
  const note = (error: Error): void => {
    if (isDisconnection(error)) {
      if (!isAway) warn(`Redis is away (${wordsOf(error)}); the worker waits for it, and loses nothing.`)
      isAway = true
      return
    }
    const kind = error.message.slice(0, 60)
    if (said.has(kind) || said.size >= mostKinds) return
    said.add(kind)
    warn(`${wordsOf(error)}.${error.message.startsWith('OOM') ? whileFull : ''}`)
  }
  const onClose = (): void =>
    note(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }))
  const onReady = (): void => {
    if (isAway) warn('Redis is back.')
    isAway = false
    said.clear()
  }
  redis.on('error', note)
  redis.on('close', onClose)
  redis.on('ready', onReady)
  return {
    get isAway() {
      return isAway
    },
    note,
    stop() {
      redis.off('error', note)
      redis.off('close', onClose)
      redis.off('ready', onReady)
    },
  }
}

const whileFull = ` Redis is full. ${fullRedisHint} Triples are looked at again until it takes what they came to.`

function isDisconnection(error: Error): boolean {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return (
    /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)/.test(code) ||
    /connection is closed|loading the dataset|connect ETIMEDOUT/i.test(error.message)
  )
}

/** One line, and no key that somebody put into an address. */
const wordsOf = (error: Error): string =>
  error.message
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/rediss?:\/\/\S+/g, 'redis://…')
    .slice(0, 200)
