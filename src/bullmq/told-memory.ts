import type { Redis } from 'ioredis'
import type { ToldMemory } from '../engine/signals/shared-told.js'

const toldField = 'told'
const endedPrefix = 'ended:'

/** What all workers of a workspace have told, in one hash of Redis. Each field is written by one worker at a time. */
export function toldMemory(redis: Redis, key: string): ToldMemory {
  return {
    async load() {
      const fields = await redis.hgetall(key)
      const ended = Object.keys(fields).filter((field) => field.startsWith(endedPrefix))
      return {
        text: fields[toldField] ?? null,
        ended: new Set(ended.map((field) => field.slice(endedPrefix.length))),
      }
    },
    async save(text, forgotten) {
      await redis.hset(key, toldField, text)
      const fields = [...forgotten].map((id) => endedPrefix + id)
      if (fields.length > 0) await redis.hdel(key, ...fields)
    },
    async noteEnd(id) {
      await redis.hset(key, endedPrefix + id, 1)
    },
  }
}
