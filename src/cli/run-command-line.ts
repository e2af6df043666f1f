import { run } from '@stricli/core'
import { buildCommandLine } from './app.js'
import type { CommandLineContext } from './context.js'
import { exitCodeOfFramework, type ExitCode } from './exit-codes.js'

/**
 * Runs the command line once and gives its exit code. All it does goes through the context.
 *
 * @param inputs the words after the program's name
 */
export async function runCommandLine(
  inputs: readonly string[],
  context: CommandLineContext,
): Promise<ExitCode> {
  const process = { ...context.process }
  await run(buildCommandLine(), inputs, { ...context, process })
  return exitCodeOfFramework(process.exitCode)
}
