import type * as BullMqPart from '../bullmq/index.js'
import { reconciliationError } from '../errors.js'

/**
 * The part of this package that speaks to the engine of the workers, which users install beside it.
 *
 * @throws QueueUnavailable when the engine cannot be loaded
 */
export async function loadBullMq(): Promise<typeof BullMqPart> {
  try {
    return await import('../bullmq/index.js')
  } catch (cause) {
    throw reconciliationError(
      {
        code: 'QueueUnavailable',
        message: 'The package bullmq cannot be loaded; it is the engine of the workers.',
        hint: 'Install it beside this package: npm install bullmq ioredis',
      },
      { cause },
    )
  }
}
