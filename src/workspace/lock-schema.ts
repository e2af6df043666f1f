import { z } from 'zod'
import { tokenFields } from './identity-schema.js'

/** The content of the lock file. */
export const holderSchema = z.object({
  ...tokenFields,
  acquired_at_ms: z.number(),
})

/** Who works on a workspace, as the lock file says. */
export type LockHolder = z.infer<typeof holderSchema>
