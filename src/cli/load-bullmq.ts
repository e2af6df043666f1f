import type * as BullMqPart from '../bullmq/index.js'
import { loadPackage } from '../load-package.js'

/**
 * The part of this package that speaks to the engine of the workers, which users install beside it.
 *
 * @throws QueueUnavailable when the engine cannot be loaded
 */
export function loadBullMq(): Promise<typeof BullMqPart> {
  return loadPackage(() => import('../bullmq/index.js'), {
    code: 'QueueUnavailable',
    message: 'The package bullmq cannot be loaded; it is the engine of the workers.',
    hint: 'Install it beside this package: npm install bullmq ioredis',
  })
}
