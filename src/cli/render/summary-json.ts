import type { Problem } from '../../../machines/index.js'
import { totalsJson, type Totals } from '../../engine/report-totals.js'
import { errorJson } from './json-lines.js'

/** The last object of `--json` (`docs/cli.md`). Every command gives every field, `null` for what it did not count. */
export function summaryJson(exitCode: number, problem: Problem | null, totals: Totals): object {
  return { exit_code: exitCode, error: errorJson(problem), ...totalsJson(totals) }
}
