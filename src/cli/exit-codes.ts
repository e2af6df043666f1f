import { ExitCode as FrameworkExitCode } from '@stricli/core'
import { isBatchReconciliationError } from '../errors.js'
import type { ProblemCode, TripleOutcome } from '../../machines/index.js'

/** What the process says at its end (`docs/cli.md`). */
export const exitCodes = {
  /** Everything is done, or pending as it should be. */
  success: 0,
  /** At least one triple failed or needs a person, or the command itself failed. */
  failed: 1,
  /** Wrong usage or a workspace that does not exist; nothing was touched. */
  wrongUsage: 2,
  /** Another process works on the workspace. */
  locked: 3,
  /** Stopped by Ctrl-C or SIGTERM (128 + 2, as shells count). */
  interrupted: 130,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The exit code for an error that ended a command. */
export function exitCodeOfError(error: unknown, signal: AbortSignal): ExitCode {
  if (isBatchReconciliationError(error)) return codesByProblem[error.code] ?? exitCodes.failed
  return signal.aborted && error === signal.reason ? exitCodes.interrupted : exitCodes.failed
}

/** The framework counts downwards from zero and has no code for "wrong usage"; shells know 0 to 255 only. */
export function exitCodeOfFramework(code: number | string | null | undefined): ExitCode {
  if (code === FrameworkExitCode.InvalidArgument || code === FrameworkExitCode.UnknownCommand) {
    return exitCodes.wrongUsage
  }
  return Object.values(exitCodes).find((known) => known === code) ?? exitCodes.failed
}

/** The exit code of a command that came through: 1 as soon as one triple needs somebody. */
export function exitCodeOfOutcomes(outcomes: readonly (TripleOutcome['type'] | 'planned')[]): ExitCode {
  const needsSomebody = outcomes.some((outcome) => outcome === 'failed' || outcome === 'needs-attention')
  return needsSomebody ? exitCodes.failed : exitCodes.success
}

const codesByProblem: Partial<Record<ProblemCode, ExitCode>> = {
  WrongUsage: exitCodes.wrongUsage,
  WorkspaceNotFound: exitCodes.wrongUsage,
  WorkspaceLocked: exitCodes.locked,
  Interrupted: exitCodes.interrupted,
}
