import type { StepInput, SubmitResult } from '../../machines/index.js'
import type { Step } from './dependencies.js'

/** Without a server nothing is sent; the input waits. */
export const submitBatch: Step<StepInput, SubmitResult> = async () => ({ type: 'offline' })
