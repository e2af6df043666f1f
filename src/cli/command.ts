import type { BaseFlags, CommandFunction } from '@stricli/core'
import { toProblem } from '../../machines/index.js'
import type { CommandLineContext } from './context.js'
import { exitCodeOfError, exitCodes, type ExitCode } from './exit-codes.js'
import { problemText } from './render/problem-text.js'
import { styleFor } from './render/style.js'

/**
 * Makes a command of a function that gives an exit code. What it throws is printed as a problem on stderr, never as
 * a stack.
 */
export function command<Flags extends BaseFlags, Args extends readonly unknown[]>(
  act: (context: CommandLineContext, flags: Flags, ...args: Args) => Promise<ExitCode>,
): CommandFunction<Flags, Args, CommandLineContext> {
  return async function (flags, ...args) {
    this.process.exitCode = await exitCodeOf(this, () => act(this, flags, ...args))
  }
}

async function exitCodeOf(context: CommandLineContext, act: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await act()
  } catch (error) {
    const exitCode = exitCodeOfError(error, context.signal)
    context.process.stderr.write(errorText(context, error, exitCode))
    return exitCode
  }
}

function errorText(context: CommandLineContext, error: unknown, exitCode: ExitCode): string {
  if (exitCode === exitCodes.interrupted) return 'Stopped. The next run goes on from here.\n'
  const { stderr, env } = context.process
  const text = `${problemText(toProblem(error), styleFor(stderr, env))}\n`
  const isDebugging = env['BATCH_RECONCILER_DEBUG'] === '1'
  return isDebugging && error instanceof Error ? `${text}${error.stack ?? ''}\n` : text
}
