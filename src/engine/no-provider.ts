import { reconciliationError, type BatchReconciliationError } from '../errors.js'

/**
 * For a call that can do nothing without a server.
 *
 * @param what it does there: `A batch is cancelled at its server`
 */
export function noProvider(what: string): BatchReconciliationError {
  return reconciliationError({
    code: 'NoProvider',
    message: `${what}, and this run has none.`,
    hint: 'Pass a client or a provider.',
  })
}
