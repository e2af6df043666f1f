import type { Redis } from 'ioredis'
import type { Problem } from '../../machines/index.js'
import type { CreationRoom } from '../actors/creation-room.js'
import { countText } from '../units.js'
import { queueNames, roomKeys } from './queue-names.js'

/** Bounds that all workers of an account keep together. `null`: no bound. */
export interface RoomBounds {
  readonly maxOpenBatches: number | null
  readonly maxOpenRequests: number | null
  readonly maxCreationsPerMinute: number | null
}

export interface SharedRoom extends CreationRoom {
  /** A batch of this triple is at the server, however it came there. */
  occupy(index: string, requests: number, createdAtMs: number | null): Promise<void>
  /** Gives back the room of triples that are gone. */
  drop(indices: readonly string[]): Promise<void>
  /** How many more may be sent now; a guess, `reserve` decides. */
  free(): Promise<number>
}

/**
 * KEYS: open, rate, state. ARGV: field, requests, most batches, most requests, most creations a minute (0: no bound).
 * Gives what is in the way, or nothing. The times are those of Redis, so that all workers count by one clock. Before all
 * triples of the workspace have been looked at since Redis began anew, nobody knows how many are under way.
 */
const reserveScript = `
if redis.call('HGET', KEYS[3], 'counted') ~= '1' then return 'uncounted' end
local requests = tonumber(ARGV[2])
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return '' end
local batches = redis.call('HLEN', KEYS[1])
local most = tonumber(ARGV[3])
if most > 0 and batches >= most then return 'batches ' .. batches end
most = tonumber(ARGV[4])
if most > 0 and batches > 0 then
  local open = 0
  for _, value in ipairs(redis.call('HVALS', KEYS[1])) do open = open + tonumber(value) end
  if open + requests > most then return 'requests ' .. open end
end
most = tonumber(ARGV[5])
if most > 0 then
  local now = redis.call('TIME')
  local ms = now[1] * 1000 + math.floor(now[2] / 1000)
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ms - 60000)
  if redis.call('ZCARD', KEYS[2]) >= most then
    local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
    return 'rate ' .. (60000 - (ms - tonumber(first[2])))
  end
  redis.call('ZADD', KEYS[2], ms, ARGV[1])
  redis.call('PEXPIRE', KEYS[2], 60000)
end
redis.call('HSET', KEYS[1], ARGV[1], requests)
return ''
`

/**
 * KEYS: open, rate. ARGV: field, requests, when the batch was made. What was made within the last minute counts, whether
 * or not Redis still knows of it; the clock of the server may differ.
 */
const occupyScript = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local made = math.min(tonumber(ARGV[3]), ms)
if made <= ms - 60000 then return end
redis.call('ZADD', KEYS[2], 'NX', made, ARGV[1])
redis.call('PEXPIRE', KEYS[2], 60000)
`

export interface SharedRoomOptions {
  /** What the bounds are for: all who use one server with one key. */
  readonly account: string
  readonly workspaceId: string
  readonly bounds: RoomBounds
}

/** Of requests nobody knows how many a triple has before it was read; so many are tried at a time. */
const triedAtATime = 10

export function sharedRoom(redis: Redis, { account, workspaceId, bounds }: SharedRoomOptions): SharedRoom {
  const { open, rate } = roomKeys(account)
  const { state } = queueNames(workspaceId)
  const fieldOf = (index: string): string => `${workspaceId}/${index}`
  const isBounded = Object.values(bounds).some((bound) => bound !== null)
  return {
    async reserve(index, requests) {
      if (!isBounded) return null
      try {
        const answer = await redis.eval(
          reserveScript,
          3,
          open,
          rate,
          state,
          fieldOf(index),
          requests,
          bounds.maxOpenBatches ?? 0,
          bounds.maxOpenRequests ?? 0,
          bounds.maxCreationsPerMinute ?? 0,
        )
        return problemOf(index, String(answer), bounds)
      } catch (error) {
        return notAsked(index, error)
      }
    },
    async giveBack(index) {
      // What cannot be given back now is so when the triple rests, at the latest.
      if (isBounded) await redis.hdel(open, fieldOf(index)).catch(() => {})
    },
    async occupy(index, requests, createdAtMs) {
      if (!isBounded) return
      await redis.eval(occupyScript, 2, open, rate, fieldOf(index), requests, createdAtMs ?? 0)
    },
    async drop(indices) {
      if (isBounded && indices.length > 0) await redis.hdel(open, ...indices.map(fieldOf))
    },
    async free() {
      if (!isBounded) return Infinity
      if ((await redis.hget(state, 'counted')) !== '1') return 0
      const { maxOpenBatches: batches, maxOpenRequests: requests, maxCreationsPerMinute: made } = bounds
      const [openBatches, madeLately] = [
        await redis.hlen(open),
        await redis.zcount(rate, Date.now() - 60_000, '+inf'),
      ]
      return Math.min(
        batches === null ? Infinity : batches - openBatches,
        made === null ? Infinity : made - madeLately,
        requests === null ? Infinity : triedAtATime,
      )
    },
  }
}

/** Without an answer nothing is sent. */
function notAsked(index: string, error: unknown): Problem {
  return {
    code: 'QueueUnavailable',
    message: `Triple ${index} waits: Redis did not say whether there is room (${error instanceof Error ? error.message.slice(0, 200) : 'no reason given'}).`,
    hint: 'It is sent when Redis says so; nothing has to be done if it is back by itself.',
    isPassing: true,
    hasBeenRetried: true,
    facts: { index, isHeldBack: true },
  }
}

function problemOf(index: string, answer: string, bounds: RoomBounds): Problem | null {
  const [what = '', count = ''] = answer.split(' ')
  const wait = 'It is sent when there is room; nothing has to be done.'
  const problem = {
    code: 'RateLimited',
    isPassing: true,
    hasBeenRetried: true,
    facts: { index, isHeldBack: true },
  } as const
  switch (what) {
    case '':
      return null
    case 'uncounted':
      return {
        ...problem,
        message: `Triple ${index} waits until it is known how many batches are under way.`,
        hint: wait,
      }
    case 'batches':
      return {
        ...problem,
        message: `Triple ${index} waits: ${countText(Number(count))} batches of the account are under way, and ${countText(bounds.maxOpenBatches ?? 0)} may be (--max-open-batches).`,
        hint: wait,
      }
    case 'requests':
      return {
        ...problem,
        message: `Triple ${index} waits: ${countText(Number(count))} requests of the account are under way, and ${countText(bounds.maxOpenRequests ?? 0)} may be (--max-open-requests).`,
        hint: wait,
      }
    default:
      return {
        ...problem,
        message: `Triple ${index} waits: ${countText(bounds.maxCreationsPerMinute ?? 0)} batches of the account were made within the last minute (--max-creations-per-minute).`,
        hint: wait,
        retryAfterMs: Math.max(0, Number(count)),
      }
  }
}
