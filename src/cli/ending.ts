import type { Problem } from '../../machines/index.js'
import type { ExitCode } from './exit-codes.js'
import type { Totals } from '../engine/report-totals.js'
import { summaryJson } from './render/summary-json.js'
import { jsonLine } from './render/json-lines.js'

/** How a command ended, and what it counted; commands that count nothing give their exit code alone. */
export interface Ending {
  readonly exitCode: ExitCode
  readonly totals: Totals
}

export const exitCodeOfEnding = (ending: ExitCode | Ending): ExitCode =>
  typeof ending === 'number' ? ending : ending.exitCode

/** The last line of `--json`. */
export function endingLine(ending: ExitCode | Ending, problem: Problem | null): string {
  const totals = typeof ending === 'number' ? {} : ending.totals
  return jsonLine({ summary: summaryJson(exitCodeOfEnding(ending), problem, totals) })
}
