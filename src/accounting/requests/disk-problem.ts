import { isBatchReconciliationError } from '../../errors.js'
import { systemErrorCode } from '../../workspace/system-error-code.js'

/** What the disk or a file is to blame for; `null` when the work came through. A stop, or a fault of ours, rejects. */
export async function diskProblemOf(work: Promise<unknown>): Promise<Error | null> {
  try {
    await work
    return null
  } catch (error) {
    if (error instanceof Error && isDiskProblem(error)) return error
    throw error
  }
}

function isDiskProblem(error: Error): boolean {
  if (isBatchReconciliationError(error)) return error.code !== 'Interrupted'
  return systemErrorCode(error) !== null
}
