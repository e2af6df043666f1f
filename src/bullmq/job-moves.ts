import { DelayedError, WaitingError, type Job } from 'bullmq'

/** The same job later; what it throws is how the engine wants to be told. */
export async function delay(job: Job, token: string | undefined, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + Math.max(1, Math.ceil(delayMs)), token)
  throw new DelayedError()
}

/** For another worker, now. */
export async function putBack(job: Job, token: string | undefined): Promise<never> {
  await job.moveToWait(token)
  throw new WaitingError()
}
