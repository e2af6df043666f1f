import { roomBackoff, waitingForRoom, type SubmitResult } from '../../machines/index.js'
import { isoTime } from '../units.js'
import type { BatchMetadata } from '../workspace/metadata.js'
import type { TripleDependencies } from './dependencies.js'

/** The server had no room before and is left alone for a while; a time beyond the longest wait is a clock set back. */
export function waitsForRoom(
  { clock }: TripleDependencies,
  index: string,
  metadata: BatchMetadata | null,
): SubmitResult | null {
  const room = metadata?.room
  const remainingMs = room == null ? 0 : room.next_try_at_ms - clock.now()
  if (room == null || remainingMs <= 0 || remainingMs > roomBackoff.backoffCapMs) return null
  const [since, next] = [room.since_ms, room.next_try_at_ms].map(
    (atMs) => isoTime(atMs) ?? 'a time nobody can read',
  )
  const problem = waitingForRoom({
    code: 'BatchFailed',
    message: `Triple ${index} waits for room at the server since ${since}; it was refused ${room.refusals} times (token_limit_exceeded) and is sent again after ${next}.`,
    facts: { index, refusals: room.refusals },
  })
  return { type: 'no-room', problem, refusal: null }
}
