import type { ProcessResult, StepInput } from '../../machines/index.js'
import { describeAttempt } from './attempt.js'
import { accountFor } from './check-ids.js'
import type { Step } from './dependencies.js'
import { logErrors } from './log-errors.js'
import { processErrorRows } from './process-rows.js'

/** ProcessBatchErrorFile: every error row to the user's code, then LogErrors. */
export const processErrorFile: Step<StepInput, ProcessResult> = async (dependencies, { facts }, signal) => {
  const attempt = await describeAttempt(dependencies, facts, await accountFor(dependencies, facts, signal))
  const rows = await processErrorRows(dependencies, attempt, signal)
  await logErrors(dependencies, attempt)
  return { rows }
}
