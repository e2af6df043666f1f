import { spawn, type ChildProcess } from 'node:child_process'
import type { Clock } from '../../clock.js'
import { durationText } from '../../units.js'
import { followSignal } from '../follow-signal.js'
import { sleep } from '../sleep.js'
import type { Signal } from './signal.js'

export interface SettledCommandOptions {
  /** As the user typed it. */
  readonly command: string
  readonly clock: Clock
  readonly warn: (text: string) => void
}

/** A command of the user's that is told when all is settled. */
export interface SettledCommand {
  /** Takes it and returns; never throws. */
  run(signal: Signal): void
  /** Waits for the one at work; `hurry` ends it within a second. */
  close(hurry: AbortSignal): Promise<void>
}

const longestMs = 60_000
/** Between being asked to end and being ended. */
const lastWordMs = 1_000

/**
 * Makes the runner. The shell gets the command word for word, with nothing of ours in it: what there is to know comes as JSON
 * on its standard input. One runs at a time; of those that come meanwhile the last one is kept. What it prints goes to
 * stderr, as stdout belongs to rows and `--json`.
 */
export function settledCommand(options: SettledCommandOptions): SettledCommand {
  const hurried = new AbortController()
  const stop = (): void => hurried.abort()
  let next: Signal | null = null
  let work: Promise<void> | null = null
  const runAll = async (): Promise<void> => {
    for (let one = next; one !== null && !hurried.signal.aborted; one = next) {
      next = null
      await runOnce(one, options, hurried.signal)
    }
    // At once, not when the promise is through: whatever comes from here on begins anew.
    work = null
  }
  return {
    run(signal) {
      next = signal
      if (!hurried.signal.aborted) work ??= runAll()
    },
    async close(hurry) {
      hurry.addEventListener('abort', stop, { once: true })
      if (hurry.aborted) stop()
      await work
      hurry.removeEventListener('abort', stop)
    },
  }
}

async function runOnce(signal: Signal, options: SettledCommandOptions, hurry: AbortSignal): Promise<void> {
  const child = started(options.command)
  const fault = child === null ? notStarted : await toItsEnd(child, signal, options, hurry)
  if (fault !== null) options.warn(`The command of --on-settled ${fault}.`)
}

const notStarted = 'could not be started'

/** Node throws for some of the reasons for which a process cannot be made, and emits the others. */
function started(command: string): ChildProcess | null {
  try {
    return spawn(command, { shell: true, stdio: ['pipe', 2, 2], ...ownGroup, windowsHide: true })
  } catch {
    return null
  }
}

/** What went wrong with it, or `null`. */
async function toItsEnd(
  child: ChildProcess,
  { body }: Signal,
  { clock }: SettledCommandOptions,
  hurry: AbortSignal,
): Promise<string | null> {
  const kill = (): void => endGroup(child, 'SIGKILL')
  // A process that is made to end at once takes it along.
  process.once('exit', kill)
  const ended = followSignal(undefined)
  let fault: string | null = null
  child.once('error', () => {
    fault = notStarted
    ended.abort()
  })
  child.once('exit', (code, signal) => {
    if (code !== 0) fault ??= code === null ? `was ended by ${signal}` : `ended with exit code ${code}`
    ended.abort()
  })
  // Not everybody reads what is on standard input.
  child.stdin?.on('error', () => {})
  child.stdin?.end(`${body}\n`)
  await untilEnded(clock, ended.signal, hurry)
  if (!ended.signal.aborted) {
    fault = hurry.aborted
      ? 'was stopped with this process'
      : `took longer than ${durationText(longestMs)} and was stopped`
    endGroup(child, 'SIGTERM')
    await sleep(clock, lastWordMs, ended.signal)
    kill()
  }
  child.stdin?.destroy()
  child.unref()
  process.removeListener('exit', kill)
  return fault
}

async function untilEnded(clock: Clock, ended: AbortSignal, hurry: AbortSignal): Promise<void> {
  const woken = followSignal(ended)
  const wake = (): void => woken.abort()
  hurry.addEventListener('abort', wake, { once: true })
  if (hurry.aborted) wake()
  await sleep(clock, longestMs, woken.signal)
  hurry.removeEventListener('abort', wake)
  woken.release()
}

/** A group of its own, so that what the shell started ends with it. Windows has no groups, and would open a window. */
const ownGroup = { detached: process.platform !== 'win32' }

function endGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(ownGroup.detached ? -pid : pid, signal)
  } catch {
    // It has ended by itself.
  }
}
