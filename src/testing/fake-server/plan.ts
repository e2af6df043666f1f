import type { BatchErrorObject, BatchRequest } from './wire.js'

/**
 * How one batch goes. Everything left out is the server's `defaults`, and then: one second of validating, ten of
 * running, one of finalizing, all requests answered, in the order of the input.
 */
export interface BatchPlan {
  readonly validatingMs?: number
  /** Time for the whole input; requests are answered evenly over it. */
  readonly inProgressMs?: number
  readonly finalizingMs?: number
  readonly cancellingMs?: number
  readonly ending?: BatchEnding
  /** Outcomes of single requests; the first rule that matches decides. */
  readonly rows?: readonly RowRule[]
  /** Order of the lines in both files. */
  readonly order?: 'input' | 'reversed' | 'shuffled'
  /** What the error file says of requests that an expired or cancelled batch never ran. */
  readonly unexecuted?: 'error-lines' | 'nothing'
  readonly damage?: FileDamage
}

/** How a batch ends. `afterShare` is the part of the requests (0 to 1) that was answered by then. */
export type BatchEnding =
  | { readonly status: 'completed' }
  | { readonly status: 'expired' | 'cancelled'; readonly afterShare: number }
  | {
      readonly status: 'failed'
      readonly errors: readonly BatchErrorObject[]
      /** Left out: it fails while validating and has no files. Set: it fails while running and has them (Azure). */
      readonly afterShare?: number
    }

/** What is wrong with the files of a batch, beyond the outcomes of its rows. */
export interface FileDamage {
  /** Error rows go into the output file, and there is no error file. */
  readonly errorsInOutput?: boolean
  /** This many output lines stand there twice, byte for byte. */
  readonly duplicateLines?: number
  /** This many answered ids get a second, different answer in the output file. */
  readonly conflictingLines?: number
  /** This many answered ids stand in the error file too. */
  readonly alsoInErrorFile?: number
  /** This many output lines carry an id that nobody asked for. */
  readonly unknownIds?: number
  /** This many output lines are cut in the middle and are no JSON. */
  readonly unreadableLines?: number
  readonly noFinalNewline?: boolean
  /** An error file of 0 bytes where there would be none (Azure, "Troubleshooting"). */
  readonly emptyErrorFile?: boolean
}

/** Gives requests an answer of their own. */
export interface RowRule {
  /** The `custom_id`, a pattern for it, or a question about the request. */
  readonly when: string | RegExp | ((request: BatchRequest) => boolean)
  /** Only the first so many times that the id is run on this server, over all batches. Default: always. */
  readonly times?: number
  readonly answer: Answer
  /** Which file the line goes to. Default: success to the output file, everything else to the error file. */
  readonly file?: ResultFile
}

export type ResultFile = 'output' | 'error'

/** An outcome by name, the text of the answer, the body of the response, or the whole line. */
export type Answer =
  | RowOutcome
  | { readonly text: string }
  | { readonly status: number; readonly body: unknown }
  | { readonly line: Readonly<Record<string, unknown>> }

/** Outcomes seen on real servers. */
export const rowOutcomes = [
  'success',
  'fenced-json',
  'truncated',
  'content-filter',
  'refusal',
  'failed-body',
  'text-body',
  'status-0',
  'timeout',
  'conflict',
  'rate-limited',
  'insufficient-quota',
  'server-error',
  'response-and-error',
  'bad-request',
  'context-length',
  'unauthorized',
  'forbidden',
  'expired',
  'cancelled',
  'missing',
] as const
export type RowOutcome = (typeof rowOutcomes)[number]

/** Whether a rule speaks of this request at its so many-th run. */
export function ruleApplies(rule: RowRule, request: BatchRequest, run: number): boolean {
  return run <= (rule.times ?? Infinity) && matches(rule.when, request)
}

function matches(when: RowRule['when'], request: BatchRequest): boolean {
  if (typeof when === 'string') return request.custom_id === when
  if (typeof when === 'function') return when(request)
  return new RegExp(when.source, when.flags.replace(/[gy]/g, '')).test(request.custom_id)
}
