import type { WorkReport } from '../../bullmq/index.js'
import type { ReportEvent } from '../../engine/events.js'
import type { CommandLineContext } from '../context.js'
import { countOf, countText } from '../../units.js'
import { jsonLine, reportJson } from './json-lines.js'
import { problemText } from './problem-text.js'
import { styleFor } from './style.js'
import { createTalk } from './talk.js'
import { shellWord } from '../../workspace/shell-word.js'
import { terminalText } from './terminal-text.js'

/**
 * Tells what one worker does, for logs: a line for each triple that came to rest in another way than before, and what a
 * run says beside. With `--json` one object for each time a triple came to rest.
 */
export function workTeller(
  { process: { stdout, stderr, env }, clock }: CommandLineContext,
  { json = false }: { readonly json?: boolean },
): ReportEvent {
  const style = styleFor(stderr, env)
  const talk = createTalk((text) => stderr.write(text), style)
  const stamp = (): string => new Date(clock.now()).toISOString()
  let waiting = -1
  return (event) => {
    talk.tell(event)
    if (event.type === 'triple.settled' && json) stdout.write(jsonLine(reportJson(event.report)))
    else if (event.type === 'triple.settled') {
      const { index, report } = event
      const { outcome, remoteStatus, problem } = report
      const state =
        outcome.type === 'pending' && remoteStatus !== null ? `pending (${remoteStatus})` : outcome.type
      const told = problem === null ? '' : `\n${problemText(problem, style)}`
      stdout.write(`${stamp()} triple ${index}: ${terminalText(state)}${told}\n`)
    } else if (event.type === 'round.ended' && (event.queued > 0 || event.waiting !== waiting)) {
      waiting = event.waiting
      stderr.write(
        `${stamp()} ${countOf(event.triples, 'triple')}, ${countText(event.queued)} to look at, ${countText(event.waiting)} waiting for the server\n`,
      )
    }
  }
}

/** @param root of the workspace, for commands that can be copied */
export function workReportText({ rested, done, held, needSomebody }: WorkReport, root: string): string {
  const others = held === 0 ? '' : `; ${countText(held)} times another worker had it`
  const waiting = needSomebody ?? 0
  const left = `${countOf(waiting, 'triple')} of the workspace ${waiting === 1 ? 'waits' : 'wait'} for somebody; what for: batch-reconciler status ${shellWord(root)}\n`
  return `Stopped. Worked on triples ${countText(rested)} times, ${countText(done)} came to their end${others}.\n${waiting === 0 ? '' : left}`
}
