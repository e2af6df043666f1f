import { z } from 'zod'

/** What a process says of itself in a file that it leaves: the fields of `ProcessIdentity`. */
export const identityFields = {
  host: z.string(),
  pid: z.number().int().positive(),
  /** Tells two processes with one number apart; `null` where the system does not. */
  process_start: z.string().nullable(),
  /** Containers may share the name of a host and not its processes; `null` where the system does not tell. */
  process_namespace: z.string().nullable().default(null),
}

/** The same with 16 random bytes in hexadecimal, by which a process knows what is its own. */
export const tokenFields = { ...identityFields, token: z.string().regex(/^[0-9a-f]{32}$/) }
