import { setMaxListeners } from 'node:events'

/** A signal that fires with another one, or by itself. */
export interface FollowingSignal {
  readonly signal: AbortSignal
  abort(): void
  /** Lets go of the signal it follows: nothing of ours, or of what it was handed to, stays on that one. */
  release(): void
}

/**
 * Makes a signal of our own. Whoever it is handed to may leave listeners on it (the `openai` client does, one for
 * each request), and a long run hands it out often; the caller's signal only ever has the one that follows it.
 */
export function followSignal(followed: AbortSignal | undefined): FollowingSignal {
  const controller = new AbortController()
  // One listener for each triple at work is no leak, though Node 20 warns from the eleventh on (nodejs.org, "Events").
  setMaxListeners(0, controller.signal)
  const follow = (): void => controller.abort(followed?.reason)
  followed?.addEventListener('abort', follow, { once: true })
  if (followed?.aborted === true) follow()
  return {
    signal: controller.signal,
    abort: () => controller.abort(),
    release: () => followed?.removeEventListener('abort', follow),
  }
}
