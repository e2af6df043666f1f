import { wasCancelled } from './facts.js'
import { isCancelledStatus } from './remote-status.js'
import type { Problem } from './problem.js'
import { canHear, isDoneState, isParkedState, needsPersonState } from './state-paths.js'
import type { TripleContext } from './triple/context.js'
import type { TripleSnapshot } from './triple/triple.machine.js'

/**
 * How one triple stands when a pass over it ends. `pending` and `not-submitted` are normal;
 * `needs-attention` waits for a person; `failed` carries what went wrong.
 */
export type TripleOutcome =
  | {
      readonly type: 'done'
      readonly retryIndex: string | null
      /** All triples that go on with its requests; only there when they are several. */
      readonly retryIndices?: readonly string[]
      /** What people have to know of an end that is not the usual one. */
      readonly note?: string
    }
  | { readonly type: 'pending'; readonly remoteStatus: string | null; readonly problem: Problem | null }
  | {
      readonly type: 'not-submitted'
      /** Why it waits for somebody's word, and whose command gives it; only there when it was withheld. */
      readonly note?: string
    }
  | { readonly type: 'needs-attention'; readonly problem: Problem }
  | { readonly type: 'failed'; readonly problem: Problem }

/** Reads the outcome off a snapshot at rest. A triple that still works counts as pending. */
export function outcomeOf(snapshot: TripleSnapshot): TripleOutcome {
  const { context } = snapshot
  if (snapshot.matches('done')) return doneOutcome(context)
  if (snapshot.matches({ submitting: 'waiting-for-leave' })) return notSubmitted(context)
  if (snapshot.hasTag('parked')) return parkedOutcome(context.problem)
  return { type: 'pending', remoteStatus: context.remoteStatus, problem: context.problem }
}

/** The same of a triple of which only the path of its state and its problem are known. */
export function outcomeTypeAt(path: string, problem: Problem | null): TripleOutcome['type'] {
  if (isDoneState(path)) return 'done'
  if (canHear(path, 'triple.submit')) return 'not-submitted'
  if (!isParkedState(path)) return 'pending'
  const needsPerson = problem === null ? needsPersonState(path) : problem.needsPerson === true
  return needsPerson ? 'needs-attention' : 'failed'
}

function notSubmitted({ facts, workspace }: TripleContext): TripleOutcome {
  if (facts === null || !(facts.isCancelWanted || facts.needsLeave)) return { type: 'not-submitted' }
  const retry = `\`batch-reconciler retry ${workspace} ${facts.index}\``
  return {
    type: 'not-submitted',
    note: facts.isCancelWanted
      ? `It was cancelled before it became a batch; ${retry} sends it.`
      : `Its requests may have been answered, and paid for; ${retry}, or \`run --submit\`, sends them again.`,
  }
}

function doneOutcome(context: TripleContext): TripleOutcome {
  const { retryIndex, retryIndices } = context
  const note = noteOf(context)
  return {
    type: 'done',
    retryIndex,
    ...(retryIndices.length > 1 && { retryIndices }),
    ...(note !== null && { note }),
  }
}

/** What was stopped is delivered as far as it went; only a person sends the rest. */
function noteOf({ facts, rows, counts, workspace }: TripleContext): string | null {
  if (facts === null || !wasCancelled(facts)) return null
  const retry = `\`batch-reconciler retry ${workspace} ${facts.index}\` sends`
  if (!isCancelledStatus(facts.remoteStatus)) {
    return `Batch ${facts.batchId ?? '(unknown)'} had ended before it could be cancelled; nothing of it is sent again by itself; ${retry} what failed.`
  }
  const total = counts === null ? null : counts.matched + counts.missing
  const rest =
    total === null
      ? 'what it did not execute is not sent again'
      : `${rows.notExecuted} of ${requests(total)} were not executed and are not sent again`
  return `Batch ${facts.batchId ?? '(unknown)'} was cancelled at the server; ${rest}; ${retry} them.`
}

const requests = (count: number): string => `${count} ${count === 1 ? 'request' : 'requests'}`

function parkedOutcome(problem: Problem | null): TripleOutcome {
  if (problem === null) throw new Error('A triple is parked without a problem.')
  return { type: problem.needsPerson === true ? 'needs-attention' : 'failed', problem }
}

/** The active state as a path, such as `awaiting-online-files.waiting`. */
export function statePathOf(snapshot: Pick<TripleSnapshot, 'value'>): string {
  return pathOf(snapshot.value)
}

function pathOf(value: unknown): string {
  if (typeof value === 'string') return value
  const [entry] = Object.entries(value as Record<string, unknown>)
  return entry === undefined ? '' : `${entry[0]}.${pathOf(entry[1])}`
}
