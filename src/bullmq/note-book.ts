import type { Redis } from 'ioredis'
import { z } from 'zod'
import type { TripleNote } from '../engine/workers/triple-note.js'

/** How the triples of a workspace rested, where all workers see it. What Redis loses is found out again from the files. */
export interface NoteBook {
  all(): Promise<ReadonlyMap<string, TripleNote>>
  keep(index: string, note: TripleNote): Promise<void>
  drop(indices: readonly string[]): Promise<void>
}

/** As an array without names: a hundred thousand of them stand in Redis. */
const storedSchema = z
  .tuple([
    z.string(),
    z.string(),
    z.string(),
    z.string().nullable(),
    z.number(),
    z.number().nullable(),
    z.string().nullable(),
    z.boolean(),
    z.boolean(),
    z.boolean(),
  ])
  .transform(
    ([
      state,
      names,
      fingerprint,
      batchId,
      requests,
      createdAtMs,
      remoteStatus,
      isPassing,
      isHeldBack,
      couldSubmit,
    ]): TripleNote => ({
      state,
      names,
      fingerprint,
      batchId,
      requests,
      createdAtMs,
      remoteStatus,
      isPassing,
      isHeldBack,
      couldSubmit,
    }),
  )

const fieldsAtOnce = 1_000

export function noteBook(redis: Redis, key: string): NoteBook {
  return {
    async all() {
      const notes = new Map<string, TripleNote>()
      let cursor = '0'
      do {
        const [next, fields] = await redis.hscan(key, cursor, 'COUNT', fieldsAtOnce)
        for (let at = 0; at + 1 < fields.length; at += 2) {
          const note = parseNote(fields[at + 1] as string)
          // One that nobody can read is as good as none.
          if (note !== null) notes.set(fields[at] as string, note)
        }
        cursor = next
      } while (cursor !== '0')
      return notes
    },
    async keep(index, note) {
      const {
        state,
        names,
        fingerprint,
        batchId,
        requests,
        createdAtMs,
        remoteStatus,
        isPassing,
        isHeldBack,
        couldSubmit,
      } = note
      const stored = [
        state,
        names,
        fingerprint,
        batchId,
        requests,
        createdAtMs,
        remoteStatus,
        isPassing,
        isHeldBack,
        couldSubmit,
      ]
      await redis.hset(key, index, JSON.stringify(stored))
    },
    async drop(indices) {
      for (let at = 0; at < indices.length; at += fieldsAtOnce) {
        await redis.hdel(key, ...indices.slice(at, at + fieldsAtOnce))
      }
    },
  }
}

function parseNote(text: string): TripleNote | null {
  try {
    return storedSchema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
