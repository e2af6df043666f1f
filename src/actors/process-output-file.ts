import type { ProcessResult, StepInput } from '../../machines/index.js'
import { describeAttempt } from './attempt.js'
import { accountFor } from './check-ids.js'
import type { Step } from './dependencies.js'
import { logErrors } from './log-errors.js'
import { processOutputRows } from './process-rows.js'

/** ProcessBatchOutputFile: every row of the output file to the user's code. Failed rows may stand in it too. */
export const processOutputFile: Step<StepInput, ProcessResult> = async (dependencies, { facts }, signal) => {
  const attempt = await describeAttempt(dependencies, facts, await accountFor(dependencies, facts, signal))
  const rows = await processOutputRows(dependencies, attempt, signal)
  await logErrors(dependencies, attempt)
  return { rows }
}
