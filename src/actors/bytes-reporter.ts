import type { AccountingProgress } from '../accounting/account.js'
import type { StepEvent } from './events.js'

/** Turns "read so far of this file" into "read since last time", so that listeners can add up. */
export function bytesReporter(index: string, report: (event: StepEvent) => void) {
  let lastKind: string | null = null
  let lastBytes = 0
  return ({ kind, bytesRead }: AccountingProgress): void => {
    const before = kind === lastKind ? lastBytes : 0
    lastKind = kind
    lastBytes = bytesRead
    report({ type: 'bytes.read', index, bytes: bytesRead - before })
  }
}
