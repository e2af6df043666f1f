/** What a person asks of one triple while a run is on: to look at its files again, or to try again what failed. */
export interface TripleCommand {
  readonly index: string
  readonly type: 'triple.rescan' | 'triple.retry'
}

/** Carries commands from a person's buttons to a run. At most one waits for each triple: the last one asked for. */
export interface TripleCommands {
  request(command: TripleCommand): void
  /** What was asked for since the last call; called by the run. */
  take(): ReadonlyMap<string, TripleCommand['type']>
  /** Calls back at each request. */
  subscribe(listener: () => void): () => void
}

/** The most triples that commands may wait for; more are not noted. */
const maxWaiting = 10_000

/**
 * Makes the way for commands into `watchWorkspace`.
 *
 * @example
 * const commands = createTripleCommands()
 * void watchWorkspace(workspace, { client, commands })
 * commands.request({ index: '7', type: 'triple.retry' })
 */
export function createTripleCommands(): TripleCommands {
  let waiting = new Map<string, TripleCommand['type']>()
  const listeners = new Set<() => void>()
  return {
    request({ index, type }) {
      if (waiting.size < maxWaiting || waiting.has(index)) waiting.set(index, type)
      for (const listener of listeners) listener()
    },
    take() {
      const taken = waiting
      waiting = new Map()
      return taken
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
