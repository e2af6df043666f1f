import { z } from 'zod'

const whole = z.number().int().nonnegative()
const samples = z.array(z.object({ id: z.string().nullable(), at: z.string() }))

export const proofSchema = z.object({
  schema_version: z.literal(1),
  index: z.string(),
  verdict: z.enum(['balanced', 'balanced-with-missing', 'ids-missing', 'mismatch']),
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
  is_cut_short: z.boolean(),
  accounted_at: z.string(),
  counts: z.object({
    input: whole,
    output: whole,
    error: whole,
    matched: whole,
    missing: whole,
    unknown: whole,
    duplicate: whole,
    inBoth: whole,
    unreadable: whole,
    conflicting: whole,
  }),
  answers: z.object({ succeeded: whole, failed: whole }),
  /** Requests whose answer was understood, whatever it says; a proof made before this was kept has none. */
  understood: whole.optional(),
  /** How many requests have an answer of each class. */
  outcomes: z.record(z.string(), whole).optional(),
  /** What somebody decided about the faults of the triple; the verdict goes by it. */
  accepted: z
    .object({ unrecognised: z.boolean(), missing: z.boolean(), keep: z.enum(['first', 'last']).nullable() })
    .optional(),
  /** Tokens of all answers, good or not, by model; a proof made before this was kept has none. */
  usage: z
    .object({
      models: z.array(
        z.object({
          model: z.string().nullable(),
          answers: whole,
          input: whole,
          cached: whole,
          output: whole,
          reasoning: whole,
        }),
      ),
      untold: whole,
    })
    .optional(),
  files: z.array(
    z.object({
      kind: z.enum(['input', 'output', 'error']),
      name: z.string(),
      bytes: whole,
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      lines: whole,
      rows: whole,
    }),
  ),
  contradictions: z.array(z.string()),
  warnings: z.array(z.string()),
  samples: z.record(z.string(), samples),
})

/** `logs/batch_accounting_<index>.json`: what was found in which bytes. */
export type AccountingProof = Readonly<z.infer<typeof proofSchema>>

/** What keeps a value from being a proof, for people. */
export const faultsText = (error: z.ZodError): string => z.prettifyError(error)
