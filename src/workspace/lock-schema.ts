import { z } from 'zod'

/** The content of the lock file. */
export const holderSchema = z.object({
  host: z.string(),
  pid: z.number().int().positive(),
  /** Tells two processes with one number apart; `null` where the system does not. */
  process_start: z.string().nullable(),
  /** Ours alone; by it a process knows its own lock. */
  token: z.string().regex(/^[0-9a-f]{32}$/),
  acquired_at_ms: z.number(),
})

/** Who works on a workspace, as the lock file says. */
export type LockHolder = z.infer<typeof holderSchema>
