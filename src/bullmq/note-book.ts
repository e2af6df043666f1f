import type { Redis } from 'ioredis'
import { z } from 'zod'
import type { TripleNote } from '../engine/workers/triple-note.js'

/** How the triples of a workspace rested, where all workers see it. What Redis loses is found out again from the files. */
export interface NoteBook {
  all(): Promise<ReadonlyMap<string, TripleNote>>
  keep(notes: ReadonlyMap<string, TripleNote>): Promise<void>
  drop(indices: readonly string[]): Promise<void>
}

const noteSchema = z.object({
  state: z.string(),
  names: z.string(),
  fingerprint: z.string(),
  batchId: z.string().nullable(),
  requests: z.number(),
  createdAtMs: z.number().nullable(),
  remoteStatus: z.string().nullable(),
  restedAtMs: z.number(),
  isPassing: z.boolean(),
  isHeldBack: z.boolean(),
  hasNews: z.boolean(),
  againAtMs: z.number().nullable(),
  couldSubmit: z.boolean(),
}) satisfies z.ZodType<TripleNote>

/** Without names: a hundred thousand of them stand in Redis. */
const fields = Object.keys(noteSchema.shape) as readonly (keyof TripleNote)[]

const fieldsAtOnce = 1_000

export function noteBook(redis: Redis, key: string): NoteBook {
  return {
    async all() {
      const notes = new Map<string, TripleNote>()
      let cursor = '0'
      do {
        const [next, found] = await redis.hscan(key, cursor, 'COUNT', fieldsAtOnce)
        for (let at = 0; at + 1 < found.length; at += 2) {
          const note = parseNote(found[at + 1] as string)
          // One that nobody can read is as good as none.
          if (note !== null) notes.set(found[at] as string, note)
        }
        cursor = next
      } while (cursor !== '0')
      return notes
    },
    async keep(notes) {
      const all = [...notes]
      for (let at = 0; at < all.length; at += fieldsAtOnce) {
        const part = all.slice(at, at + fieldsAtOnce)
        await redis.hset(key, new Map(part.map(([index, note]) => [index, textOf(note)])))
      }
    },
    async drop(indices) {
      for (let at = 0; at < indices.length; at += fieldsAtOnce) {
        await redis.hdel(key, ...indices.slice(at, at + fieldsAtOnce))
      }
    },
  }
}

const textOf = (note: TripleNote): string => JSON.stringify(fields.map((field) => note[field]))

function parseNote(text: string): TripleNote | null {
  try {
    const values: unknown = JSON.parse(text)
    if (!Array.isArray(values)) return null
    const named = Object.fromEntries(fields.map((field, at) => [field, values[at] as unknown]))
    return noteSchema.safeParse(named).data ?? null
  } catch {
    return null
  }
}
