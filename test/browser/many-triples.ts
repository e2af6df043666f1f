import { historyOf } from '../../src/engine/phase-history.js'
import type { InspectionSource } from '../../src/inspect/inspection-source.js'
import type { TripleSummary } from '../../src/inspect/protocol.js'
import { makePageDocument, readPageAssets, serveInspector } from './built.js'

/** Serves the page over a source that is not a workspace. */
export async function serveMany(source: InspectionSource, address: { port?: number; token?: string } = {}) {
  const document = makePageDocument({ ...(await readPageAssets()), title: 'many', data: null })
  return serveInspector({ source, document, ...address })
}

/** A source of made-up triples that wait at the server. */
export function manyTriples(count: number) {
  const triples = new Map<string, TripleSummary>()
  for (let at = 1; at <= count; at += 1) triples.set(String(at), waiting(String(at)))
  const startMs = Date.now() - 3_600_000
  const history = historyOf(
    Array.from({ length: count }, (_, at) => [{ atMs: startMs + at, phase: 'at-server' }]),
    Date.now(),
  )
  const listeners = new Set<(index: string | null) => void>()
  const source: InspectionSource = {
    title: 'many',
    root: null,
    mode: 'live',
    isComplete: true,
    isOver: false,
    summaries: () => [...triples.values()],
    summary: (index) => triples.get(index) ?? null,
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    detail: async () => null,
    replay: async () => null,
    history: async () => history,
    failedForGood: async () => [],
    tokens: async () => [],
    command: null,
    close: () => {},
  }
  const change = (index: string, parts: Partial<TripleSummary>): void => {
    triples.set(index, { ...(triples.get(index) ?? waiting(index)), ...parts })
    for (const listener of listeners) listener(index)
  }
  /** Every second one is stuck, for one of three reasons. */
  const breakHalf = (): void => {
    for (let at = 2; at <= count; at += 2) {
      const problem = { code: `Code${at % 3}`, message: 'It broke.', hint: 'Mend it.', needsPerson: false }
      change(String(at), { state: 'failed', problem })
    }
  }
  return { source, change, breakHalf, move: (index: string, state: string) => change(index, { state }) }
}

const waiting = (index: string): TripleSummary => ({
  index,
  state: 'awaiting-online-files.waiting',
  stateSinceMs: Date.now(),
  remoteStatus: 'in_progress',
  lastPollAtMs: Date.now(),
  nextPollAtMs: null,
  attempt: 1,
  problem: null,
  isAtRest: true,
  isAtWork: true,
  batchId: `batch_${index}`,
  rootIndex: index,
  requests: null,
  missing: null,
  worker: null,
  restedAtMs: null,
})
