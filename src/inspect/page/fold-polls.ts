import { hasAskedServer, isWaitingForBatch } from '../../../machines/state-paths.js'
import type { InspectedStep } from '../protocol.js'

/** A line of the log. */
export interface LogLine {
  readonly step: InspectedStep
  /** More than none: so many polls that ended where they began; `step` is the end of the last one. */
  readonly polls: number
}

/** Two steps, from the wait to the question and back, are one poll. One with a problem stays a line of its own. */
export function foldPolls(steps: readonly InspectedStep[]): readonly LogLine[] {
  const lines: LogLine[] = []
  for (const step of steps) {
    const last = lines.at(-1)
    const isBack =
      last?.polls === 0 &&
      isWaitingForBatch(step.to) &&
      last.step.from === step.to &&
      last.step.to === step.from &&
      hasAskedServer(step.from) &&
      step.problemCode === null
    if (!isBack) {
      lines.push({ step, polls: 0 })
      continue
    }
    lines.pop()
    const before = lines.at(-1)
    if (before !== undefined && before.polls > 0) lines.pop()
    lines.push({ step, polls: (before?.polls ?? 0) + 1 })
  }
  return lines
}
