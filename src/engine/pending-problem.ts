import { isWaitingForServer, type Problem, type TripleFacts } from '../../machines/index.js'
import { isoTime } from '../units.js'
import type { Run } from './run.js'
import { atServerOf, hasPromisedEnd, overdueWords } from './triple-story.js'

/** Where a triple waits, and for what. */
export interface Wait {
  readonly state: string
  readonly facts: TripleFacts
}

/** What is wrong with a wait that looks like any other: nobody asked the server, or it is past the time it promised. */
export function problemOfWait(
  { provider, clock, workspace }: Pick<Run, 'provider' | 'clock' | 'workspace'>,
  { state, facts }: Wait,
): Problem | null {
  if (!isWaitingForServer(state)) return null
  if (provider === null) return notAsked(facts)
  const { dueAtMs } = atServerOf(facts) ?? { dueAtMs: null }
  const isPast = dueAtMs !== null && clock.now() > dueAtMs
  return isPast && hasPromisedEnd({ state, remoteStatus: facts.remoteStatus })
    ? overdue(facts, dueAtMs, workspace.root)
    : null
}

/** What the server is late with is waited for like anything else. */
export const isOverdue = ({ code }: Problem): boolean => code === 'BatchOverdue'

function notAsked({ index, batchId, remoteStatus }: TripleFacts): Problem {
  const last = remoteStatus === null ? '' : `; last it said ${remoteStatus}`
  return {
    code: 'NoProvider',
    message: `The server was not asked for triple ${index}${last}: no key of it is set.`,
    hint: 'Set the key (OPENAI_API_KEY, or another variable with --api-key-env), or pass a client, then run again.',
    needsPerson: true,
    facts: { index, batchId },
  }
}

function overdue({ index, batchId, remoteStatus }: TripleFacts, dueAtMs: number, root: string): Problem {
  const at = isoTime(dueAtMs)
  const due = at === null ? 'long ago' : `at ${at}`
  return {
    code: 'BatchOverdue',
    message: `Batch ${batchId} of triple ${index} was due ${due}, and the server says ${remoteStatus ?? 'nothing'} of it.`,
    hint: overdueWords(root, index).whatToDo,
    needsPerson: true,
    facts: { index, batchId, dueAtMs },
  }
}
