import type { Problem, ProblemCode } from '../machines/index.js'

/** Of a problem that passes by itself: true while a command goes on, and when it has ended. */
export const laterHint = '`watch` goes on by itself, or `run` again later.'

/**
 * The one error class of this package. `code` says which problem (`docs/errors.md`), `hint` what to do,
 * `facts` what the message was built from.
 */
export class BatchReconciliationError extends Error {
  readonly problem: Problem
  /** The triple it happened to, when it happened to one. */
  readonly index: string | undefined

  constructor(
    problem: Problem,
    options: { readonly index?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(problem.message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'BatchReconciliationError'
    this.problem = problem
    this.index = options.index
  }

  get code(): ProblemCode {
    return this.problem.code
  }

  get hint(): string | undefined {
    return this.problem.hint
  }

  get facts(): Readonly<Record<string, unknown>> {
    return this.problem.facts ?? {}
  }
}

/** True for errors of this package, also across two copies of it. */
export function isBatchReconciliationError(error: unknown): error is BatchReconciliationError {
  return error instanceof Error && error.name === 'BatchReconciliationError' && 'problem' in error
}

/** Shorthand for throwing: `throw problem({ code, message, hint })`. */
export function reconciliationError(
  problem: Problem,
  options: { readonly index?: string | undefined; readonly cause?: unknown } = {},
): BatchReconciliationError {
  const causeMessage = options.cause instanceof Error ? options.cause.message : undefined
  return new BatchReconciliationError(
    causeMessage === undefined ? problem : { causeMessage, ...problem },
    options,
  )
}
