import type { CommandContext, StricliProcess } from '@stricli/core'
import { systemClock, type Clock } from '../clock.js'
import { askAtTerminal, type Ask } from './ask.js'
import { quietOnceClosed } from './output-stream.js'
import { listenForStop } from './stop-signals.js'
import type { OutputStream } from './output-stream.js'

/** Everything a command may touch beside the workspace itself. Tests give their own. */
export interface CommandLineContext extends CommandContext {
  readonly process: CommandLineProcess
  /** Absolute; relative paths of the command line start here. */
  readonly currentDirectory: string
  readonly clock: Clock
  /** Aborted by the first Ctrl-C or SIGTERM: stop cleanly. */
  readonly signal: AbortSignal
  /** `null` where no person can be asked. */
  readonly ask: Ask | null
}

interface CommandLineProcess extends StricliProcess {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The context of a real process. Starts listening for signals and for closed pipes. */
export function nodeContext(): CommandLineContext {
  const stdout = quietOnceClosed(process.stdout)
  const stderr = quietOnceClosed(process.stderr)
  const signal = listenForStop(process)
  return {
    process: { stdout, stderr, env: process.env },
    currentDirectory: process.cwd(),
    clock: systemClock,
    signal,
    ask: askAtTerminal(process.stdin, process.stderr, signal),
  }
}
