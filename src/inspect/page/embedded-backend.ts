import type { ExportedInspection } from '../protocol.js'
import type { Backend } from './backend.js'

/** A saved page: everything is here already and nothing is ever asked for. */
export function embeddedBackend({
  page,
  triples,
  details,
  replays,
  history,
  failedForGood,
  tokens,
}: ExportedInspection): Backend {
  return {
    isServed: false,
    connect(listener) {
      listener.onMessage({ type: 'page', page })
      listener.onMessage({ type: 'triples', changed: triples, removed: [], isComplete: true })
      return () => {}
    },
    detail: async (index) => ownValue(details, index),
    replay: async (index) => ownValue(replays, index),
    history: async () => history,
    failedForGood: async () => failedForGood,
    tokens: async () => tokens,
    command: async ({ length }) => ({
      accepted: 0,
      refused: [{ reason: 'This is a saved page.', count: length }],
    }),
  }
}

/** An index is foreign text: `constructor` must not find what every object inherits. */
function ownValue<T>(values: Readonly<Record<string, T>>, key: string): T | null {
  return Object.hasOwn(values, key) ? (values[key] ?? null) : null
}
