import type { Problem } from './problem.js'
import type { TripleSnapshot } from './triple/triple.machine.js'

/**
 * How one triple stands when a pass over it ends. `pending` and `not-submitted` are normal;
 * `needs-attention` waits for a person; `failed` carries what went wrong.
 */
export type TripleOutcome =
  | { readonly type: 'done'; readonly retryIndex: string | null }
  | { readonly type: 'pending'; readonly remoteStatus: string | null; readonly problem: Problem | null }
  | { readonly type: 'not-submitted' }
  | { readonly type: 'needs-attention'; readonly problem: Problem }
  | { readonly type: 'failed'; readonly problem: Problem }

/** Reads the outcome off a snapshot at rest. A triple that still works counts as pending. */
export function outcomeOf(snapshot: TripleSnapshot): TripleOutcome {
  const { context } = snapshot
  if (snapshot.matches('done')) return { type: 'done', retryIndex: context.retryIndex }
  if (snapshot.matches({ submitting: 'waiting-for-leave' })) return { type: 'not-submitted' }
  if (snapshot.hasTag('parked')) return parkedOutcome(context.problem)
  return { type: 'pending', remoteStatus: context.remoteStatus, problem: context.problem }
}

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
