import type { BaseFlags, CommandFunction } from '@stricli/core'
import { toProblem, type Problem } from '../../machines/index.js'
import type { CommandLineContext } from './context.js'
import { endingLine, exitCodeOfEnding, type Ending } from './ending.js'
import { exitCodeOfError, exitCodes, type ExitCode } from './exit-codes.js'
import { problemText } from './render/problem-text.js'
import { styleFor } from './render/style.js'

/**
 * Makes a command of a function that says how it ended. What it throws is printed as a problem on stderr, never as
 * a stack. With `--json` the last line of stdout sums up, however it ended.
 */
export function command<Flags extends BaseFlags, Args extends readonly unknown[]>(
  act: (context: CommandLineContext, flags: Flags, ...args: Args) => Promise<ExitCode | Ending>,
): CommandFunction<Flags, Args, CommandLineContext> {
  return async function (flags, ...args) {
    const { ending, problem } = await endingOf(this, () => act(this, flags, ...args))
    if ('json' in flags && flags['json'] === true) this.process.stdout.write(endingLine(ending, problem))
    this.process.exitCode = exitCodeOfEnding(ending)
  }
}

interface Ended {
  readonly ending: ExitCode | Ending
  /** What ended the command before it came to its end. */
  readonly problem: Problem | null
}

async function endingOf(context: CommandLineContext, act: () => Promise<ExitCode | Ending>): Promise<Ended> {
  try {
    return { ending: await act(), problem: null }
  } catch (error) {
    const exitCode = exitCodeOfError(error, context.signal)
    context.process.stderr.write(errorText(context, error, exitCode))
    return { ending: exitCode, problem: exitCode === exitCodes.interrupted ? null : toProblem(error) }
  }
}

function errorText(context: CommandLineContext, error: unknown, exitCode: ExitCode): string {
  if (exitCode === exitCodes.interrupted) return 'Stopped. The next run goes on from here.\n'
  const { stderr, env } = context.process
  const text = `${problemText(toProblem(error), styleFor(stderr, env))}\n`
  const isDebugging = env['BATCH_RECONCILER_DEBUG'] === '1'
  return isDebugging && error instanceof Error ? `${text}${error.stack ?? ''}\n` : text
}
