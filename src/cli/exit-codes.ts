import { ExitCode as FrameworkExitCode } from '@stricli/core'
import { isBatchReconciliationError } from '../errors.js'
import type { Problem, ProblemCode, TripleOutcome } from '../../machines/index.js'

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
  /** Nothing but faults that pass by themselves: the next run may well get through (`EX_TEMPFAIL` of `sysexits.h`). */
  passing: 75,
  /** Stopped by Ctrl-C or SIGTERM (128 + 2, as shells count). */
  interrupted: 130,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The exit code for an error that ended a command. */
export function exitCodeOfError(error: unknown, signal: AbortSignal): ExitCode {
  if (isBatchReconciliationError(error)) return codesByProblem[error.code] ?? exitCodeOfProblem(error.problem)
  return signal.aborted && error === signal.reason ? exitCodes.interrupted : exitCodes.failed
}

/** The framework counts downwards from zero and has no code for "wrong usage"; shells know 0 to 255 only. */
export function exitCodeOfFramework(code: number | string | null | undefined): ExitCode {
  if (code === FrameworkExitCode.InvalidArgument || code === FrameworkExitCode.UnknownCommand) {
    return exitCodes.wrongUsage
  }
  return Object.values(exitCodes).find((known) => known === code) ?? exitCodes.failed
}

/** How a triple stands at the end of a command. */
interface Standing {
  readonly outcome: TripleOutcome['type'] | 'planned'
  readonly problem: Problem | null
}

/** Whether a workspace holds nothing but files that nobody uses: that is not success. */
export function isAllUnused(found: {
  readonly triples: readonly unknown[]
  readonly warnings: readonly unknown[]
}): boolean {
  return found.triples.length === 0 && found.warnings.length > 0
}

/** The exit code of a command that came through: 1 as soon as one triple needs somebody, 75 when waiting helps them all. */
export function exitCodeOfStandings(standings: Iterable<Standing>): ExitCode {
  let exitCode: ExitCode = exitCodes.success
  for (const { outcome, problem } of standings) {
    const isNormal = outcome !== 'failed' && outcome !== 'needs-attention'
    if (isNormal && problem?.needsPerson !== true) continue
    exitCode = problem === null ? exitCodes.failed : exitCodeOfProblem(problem)
    if (exitCode === exitCodes.failed) return exitCode
  }
  return exitCode
}

/** The same of things that have a problem, or none when all went well with them. */
export function exitCodeOfProblems(items: readonly { readonly problem: Problem | null }[]): ExitCode {
  return exitCodeOfStandings(
    items.map(({ problem }) => ({ outcome: problem === null ? 'done' : 'failed', problem })),
  )
}

function exitCodeOfProblem({ isPassing, needsPerson }: Problem): ExitCode {
  return isPassing === true && needsPerson !== true ? exitCodes.passing : exitCodes.failed
}

const codesByProblem: Partial<Record<ProblemCode, ExitCode>> = {
  WrongUsage: exitCodes.wrongUsage,
  WorkspaceNotFound: exitCodes.wrongUsage,
  WorkspaceLocked: exitCodes.locked,
  Interrupted: exitCodes.interrupted,
}
