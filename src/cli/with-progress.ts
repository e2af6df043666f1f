import type { ReportEvent } from '../engine/events.js'
import type { CommandLineContext } from './context.js'
import { createProgress } from './render/progress.js'
import { styleFor } from './render/style.js'
import { createTalk, type Talk } from './render/talk.js'

/** What a long command gets to show that it works. */
export interface Reporter {
  readonly onEvent: ReportEvent
  readonly talk: Talk
  /** Writes ordinary text above the live lines. */
  readonly write: (text: string) => void
}

/** Runs work with live progress and talk on stderr. The live lines are gone when it ends, however it ends. */
export async function withProgress<Result>(
  { process: { stderr, env }, clock, signal }: CommandLineContext,
  work: (reporter: Reporter) => Promise<Result>,
): Promise<Result> {
  const style = styleFor(stderr, env)
  const progress = createProgress(stderr, clock, style)
  const talk = createTalk((text) => progress.write(text), style)
  const onEvent: ReportEvent = (event) => {
    talk.tell(event)
    progress.add(event)
  }
  const onStop = (): void => progress.write('Stopping cleanly; once more stops at once.\n')
  signal.addEventListener('abort', onStop, { once: true })
  try {
    return await work({ onEvent, talk, write: (text) => progress.write(text) })
  } finally {
    signal.removeEventListener('abort', onStop)
    progress.close()
    talk.finish()
  }
}
