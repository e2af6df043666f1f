import { createHash, randomUUID } from 'node:crypto'
import type { ProblemCode } from '../../../machines/index.js'
import type { Cause } from '../causes.js'
import { totalsJson, type Totals } from '../report-totals.js'
import type { StuckReason } from '../triple-story.js'

/** What is told to other programs. */
export type SignalType = 'settled' | 'needs-person' | 'overdue' | 'over-budget' | 'retention-ends'
export type CauseSignalType = Exclude<SignalType, 'settled'>

/** One message, with its id: the same at each try to deliver it. */
export interface Signal {
  readonly id: string
  readonly type: SignalType
  /** The JSON that is sent; signed as it stands here. */
  readonly body: string
}

/** Whoever is told, and where the triples are. */
export interface SignalSource {
  readonly root: string
  readonly nowMs: number
}

/** What each reason to be stuck is told as; `null` for one that the run in hand mends by itself. */
const signalOfReason: Readonly<Record<StuckReason, CauseSignalType | null>> = {
  'needs-attention': 'needs-person',
  failed: 'needs-person',
  'no-room': 'needs-person',
  'backing-off': 'needs-person',
  overdue: 'overdue',
  interrupted: null,
}

/** What a cause is told as; `null` when it is nothing to call somebody for. */
export function signalTypeOf({ stuck, code }: Cause): CauseSignalType | null {
  if (stuck === null) return null
  return code === overBudget ? 'over-budget' : signalOfReason[stuck]
}

const overBudget = 'OverBudget' satisfies ProblemCode

export function causeSignal(type: CauseSignalType, cause: Cause, source: SignalSource): Signal {
  const { stuck, code, count, sample, first, isCureCommon } = cause
  return signal(type, source, {
    cause_id: idOfCause(cause.key, source.root),
    stuck,
    code,
    count,
    indices: sample,
    why: first.story.why,
    what_to_do: isCureCommon ? first.story.whatToDo : null,
  })
}

export function settledSignal(totals: Totals, source: SignalSource): Signal {
  return signal('settled', source, totalsJson(totals))
}

function signal(type: SignalType, { root, nowMs }: SignalSource, data: object): Signal {
  const timestamp = new Date(nowMs).toISOString()
  const body = JSON.stringify({ type, timestamp, data: { workspace: root, ...data } })
  return { id: `msg_${randomUUID()}`, type, body }
}

/** Of each run and each poll the same for the same cause in the same folder, so that receivers can put them together. */
function idOfCause(key: string, root: string): string {
  return createHash('sha256')
    .update(JSON.stringify([root, key]))
    .digest('hex')
    .slice(0, 32)
}
