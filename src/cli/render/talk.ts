import type { ReconciliationEvent } from '../../engine/events.js'
import type { Style } from './style.js'
import { cutToWidth, terminalText } from './terminal-text.js'
import { countOf, countText } from '../../units.js'

/** What a run says while it works, for people: the first messages of each kind, and how many more there were. */
export interface Talk {
  tell(event: ReconciliationEvent): void
  warn(message: string): void
  /** Says how much was left unsaid. */
  finish(): void
}

/** Starts talking. `write` gets whole lines, line feed included. */
export function createTalk(write: (text: string) => void, style: Style): Talk {
  const said = new Set<string>()
  const counts: Record<Topic, number> = { warning: 0, retry: 0, errors: 0 }
  const say = (topic: Topic, lines: readonly string[]): void => {
    counts[topic] += 1
    if (counts[topic] <= most[topic]) write(lines.map((line) => `${line}\n`).join(''))
  }
  const errors = new Map<string, EventOf<'errors.grouped'>>()
  const tellErrors = (index: string): void => {
    const grouped = errors.get(index)
    if (grouped !== undefined) say('errors', errorLines(grouped, style))
    errors.delete(index)
  }
  const warn = (message: string): void => {
    if (said.has(message)) return
    if (said.size < mostRemembered) said.add(message)
    say('warning', [`${style.careful('!')} ${bounded(message)}`])
  }
  return {
    warn,
    tell(event) {
      if (event.type === 'warning') warn(warningText(event))
      if (event.type === 'retry.written') say('retry', [retryText(event)])
      // Both files of a triple may be grouped; the last word is the whole one.
      if (event.type === 'errors.grouped') errors.set(event.index, event)
      if (event.type === 'triple.settled') tellErrors(event.index)
    },
    finish: () => write(unsaid(counts)),
  }
}

type Topic = 'warning' | 'retry' | 'errors'
type EventOf<Type extends ReconciliationEvent['type']> = Extract<ReconciliationEvent, { type: Type }>

const most: Readonly<Record<Topic, number>> = { warning: 50, retry: 20, errors: 20 }
const mostRemembered = 1_000
const mostGroups = 3
const longestLine = 300

function bounded(text: string): string {
  return cutToWidth(terminalText(text), longestLine)
}

function warningText({ index, message }: EventOf<'warning'>): string {
  return index === null || message.startsWith(`Triple ${index}`) ? message : `Triple ${index}: ${message}`
}

function retryText({ requests, index, retryIndex, willBeSubmitted }: EventOf<'retry.written'>): string {
  const those = countOf(requests, 'failed request')
  if (willBeSubmitted) {
    return `${those} of triple ${index} ${requests === 1 ? 'is' : 'are'} tried again as triple ${retryIndex}.`
  }
  const verb = requests === 1 ? 'waits' : 'wait'
  return `${those} of triple ${index} ${verb} as triple ${retryIndex} in workdir/ (not submitted).`
}

function errorLines({ index, groups }: EventOf<'errors.grouped'>, style: Style): readonly string[] {
  const rows = groups.reduce((sum, group) => sum + group.count, 0)
  const shown = groups
    .slice(0, mostGroups)
    .map(({ count, code, outcome, message }) =>
      bounded(`    ${countText(count)} × ${code} (${outcome}): ${message}`),
    )
  const left = groups.length - shown.length
  const more = left > 0 ? [`    and ${countOf(left, 'more kind')}`] : []
  const heading = `${countOf(rows, 'row')} of triple ${index} failed; all kinds: logs/batch_expansion_error_log_${index}.jsonl`
  const advice = groups.some(({ code }) => code === 'truncated') ? [truncatedAdvice] : []
  return [heading, ...[...shown, ...more].map((line) => style.faint(line)), ...advice]
}

/** A retry is byte for byte the same request, and would be cut and paid for again. */
const truncatedAdvice =
  '    → Answers that are cut: raise the limit (max_tokens, max_completion_tokens, max_output_tokens) before they are sent again, in a file for `submit`. `retry --all` sends them with the limit they have.'

function unsaid(counts: Readonly<Record<Topic, number>>): string {
  const left = (topic: Topic): number => Math.max(0, counts[topic] - most[topic])
  const lines = [
    left('warning') > 0 ? `… and ${countOf(left('warning'), 'more warning')}.` : '',
    left('retry') > 0
      ? `… and ${countOf(left('retry'), 'more retry triple')} in workdir/ (not submitted).`
      : '',
    left('errors') > 0 ? `… and failed rows of ${countOf(left('errors'), 'more triple')}; see logs/.` : '',
  ]
  return lines
    .filter((line) => line !== '')
    .map((line) => `${line}\n`)
    .join('')
}
