import type { TripleFacts } from '../facts.js'
import type { Problem } from '../problem.js'
import { noRows, type RowCounts } from '../row-classes.js'
import type { AccountingCounts } from '../steps.js'
import type { TokenTotals } from '../tokens.js'
import { seedOf } from '../backoff.js'

export interface TripleLimits {
  /** Passing failures of one step in a row before the triple is parked as failed. */
  readonly maxRetries: number
  /** How often a batch that ended without all of its answers is looked at again. */
  readonly maxLooksAgain: number
  /** Attempts of a lineage, the first one included. */
  readonly maxAttempts: number
  readonly backoffBaseMs: number
  readonly backoffCapMs: number
}

export const defaultTripleLimits: TripleLimits = {
  maxRetries: 5,
  maxLooksAgain: 3,
  maxAttempts: 3,
  backoffBaseMs: 1_000,
  backoffCapMs: 300_000,
}

export interface TripleMachineInput {
  readonly index: string
  readonly limits?: Partial<TripleLimits>
  /** Spreads this triple's backoff; defaults to a number made from the index. */
  readonly jitterSeed?: number
  /** Passing failures of a step before this actor was made, of an actor that had the triple before. */
  readonly earlierFailures?: StepFailures
  /** Whether an input that was never submitted may be sent to the server. */
  readonly maySubmit?: boolean
  /** Whether the retry of failed requests may be sent; on unless set. */
  readonly maySubmitRetries?: boolean
  /** How commands in its words name the workspace, quoted for a shell where it has to be. */
  readonly workspace?: string
}

/** How commands name a workspace that nobody has named. */
export const unnamedWorkspace = '<workspace>'

/** How often a step failed in a row, for whoever makes another actor of the same triple later on. */
export interface StepFailures {
  /** The step, as `deciding` and its neighbours invoke it. */
  readonly step: string
  readonly failures: number
}

/** Paths, numbers and problems; never file contents. Serialisable. */
export interface TripleContext {
  readonly index: string
  readonly limits: TripleLimits
  readonly jitterSeed: number
  readonly maySubmit: boolean
  readonly maySubmitRetries: boolean
  readonly workspace: string
  /** What stood on disk at the last survey; `null` before the first. */
  readonly facts: TripleFacts | null
  /** Why the triple backs off, waits or is parked; `null` while all is well. */
  readonly problem: Problem | null
  /** Passing failures of the present step in a row. */
  readonly failures: number
  /** Those of an earlier actor; they count when the same step fails again before it succeeds. */
  readonly earlierFailures: StepFailures | null
  /** The step that failed last; `null` before one did. */
  readonly failedStep: string | null
  /** Looks at the server since the batch ended with answers missing. */
  readonly looksAgain: number
  readonly remoteStatus: string | null
  readonly counts: AccountingCounts | null
  /** What its answers took; `null` before they were counted. */
  readonly tokens: TokenTotals | null
  readonly notExecuted: number
  /** Why the server is asked again; the reason to give up when that brings nothing new. */
  readonly idsProblem: Problem | null
  /** Surveys since the triple last rested. */
  readonly surveys: number
  /** A submission succeeded since the triple last rested; a survey that does not show it must not send another. */
  readonly hasSubmitted: boolean
  readonly rows: RowCounts
  readonly retryIndex: string | null
  /** More than one when the requests go on in parts. */
  readonly retryIndices: readonly string[]
}

export function initialTripleContext(input: TripleMachineInput): TripleContext {
  return {
    index: input.index,
    limits: { ...defaultTripleLimits, ...input.limits },
    jitterSeed: input.jitterSeed ?? seedOf(input.index),
    maySubmit: input.maySubmit ?? false,
    maySubmitRetries: input.maySubmitRetries ?? true,
    workspace: input.workspace ?? unnamedWorkspace,
    facts: null,
    earlierFailures: input.earlierFailures ?? null,
    failedStep: null,
    ...freshStart,
    looksAgain: 0,
    ...rested,
  }
}

/** What a new look at the disk forgets. */
export const freshStart = {
  problem: null,
  failures: 0,
  remoteStatus: null,
  counts: null,
  tokens: null,
  notExecuted: 0,
  idsProblem: null,
  rows: noRows,
  retryIndex: null,
  retryIndices: [],
} as const

/** What coming to rest forgets. */
export const rested = { surveys: 0, hasSubmitted: false } as const

/**
 * The most surveys an honest run makes without resting: the first, one after submitting, one after the download,
 * one after each download anew. Beyond it a step keeps saying that it worked while the disk does not show it.
 */
export const mostSurveys = ({ maxLooksAgain }: TripleLimits): number => 3 + maxLooksAgain

/** The facts of the last survey. Every state but `deciding` and the parked ones is entered after one. */
export function surveyed(context: TripleContext): TripleFacts {
  if (context.facts === null) throw new Error(`Triple ${context.index} acted before it was surveyed.`)
  return context.facts
}

/** Passing failures of a step in a row, those of an earlier actor included. */
export function failuresOf({ failures, earlierFailures }: TripleContext, step: string): number {
  const isAnother = failures === 0 && earlierFailures !== null && earlierFailures.step === step
  return isAnother ? earlierFailures.failures : failures
}
