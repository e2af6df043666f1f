import { canHear, wakeOf, type TripleEvent } from '../../machines/index.js'
import { onFirstUse } from '../on-first-use.js'
import type { BatchFileTriple } from '../workspace/triple.js'
import { fingerprintOf } from './fingerprint.js'
import { waitingBatch, type BatchOf } from './prefetch-statuses.js'
import type { PassOptions } from './reconcile-workspace.js'
import type { RunTriple } from './run-triples.js'
import type { TripleReport } from './report.js'
import type { Run } from './run.js'
import { sleepingTriples } from './sleeping-triples.js'
import type { TripleSession } from './triple-session.js'

/**
 * Actors that rest between two polls, so that the same actor is polled, woken by a person, and looked at. Beyond so many
 * of them triples that wait for their batch sleep without one.
 */
export interface KeptSessions extends Required<Omit<PassOptions, 'isWanted'>> {
  /** The next run of the triple begins with this event. */
  wakeWith(index: string, event: TripleEvent): void
  /** The triple is gone. */
  letGo(index: string): Promise<void>
  /** To be called before each pass. */
  beginPass(): void
  /** Stops every actor that rests. */
  close(): Promise<void>
}

/** About 70 kB each, and a millisecond at each poll. */
const maxKept = 1_000

const loadSessions = onFirstUse(async () => (await import('./triple-session.js')).openTripleSession)

interface Kept {
  readonly session: TripleSession
  readonly state: string
  readonly fingerprint: string
}

/** Keeps what is not done. A triple whose files changed while it rested looks at them again. */
export function keepSessions(run: Run, mostKept: number = maxKept): KeptSessions {
  const { workspace } = run
  const resting = new Map<string, Kept>()
  const asleep = sleepingTriples(run.board, mostKept)
  /** Of triples without an actor: the batch that the server was asked for in this pass. */
  const asked = new Map<string, string>()
  const wakes = new Map<string, TripleEvent>()

  const nextWake = async (index: string, { state, fingerprint }: Kept): Promise<TripleEvent> => {
    const wake = wakes.get(index)
    wakes.delete(index)
    if (wake !== undefined && canHear(state, wake.type)) return wake
    if ((await fingerprintOf(workspace, index)) !== fingerprint) return { type: 'triple.rescan' }
    return { type: wakeOf(state) }
  }
  const keep = async (
    triple: BatchFileTriple,
    session: TripleSession,
    report: TripleReport,
  ): Promise<void> => {
    const { index } = triple
    const batchId = asked.get(index)
    asked.delete(index)
    if (report.outcome.type !== 'done' && resting.size < mostKept) {
      const fingerprint = await fingerprintOf(workspace, index)
      resting.set(index, { session, state: report.state, fingerprint })
      return
    }
    await session.close()
    if (batchId !== undefined) asleep.lay(triple, batchId, report)
  }
  const batchOf: BatchOf = async (triple) => {
    const batchId = asleep.batchOf(triple) ?? (await waitingBatch(workspace, triple))
    if (batchId !== null && !resting.has(triple.index)) asked.set(triple.index, batchId)
    return batchId
  }
  const runTriple: RunTriple = async (triple) => {
    const { index } = triple
    const kept = resting.get(index)
    resting.delete(index)
    const openTripleSession = await loadSessions()
    const session = kept?.session ?? openTripleSession(run, index)
    try {
      const report = await session.run(kept && (await nextWake(index, kept)))
      await keep(triple, session, report)
      return report
    } catch (error) {
      await session.close()
      throw error
    }
  }
  return {
    runTriple,
    batchOf,
    sleepOn: (triple) => {
      const report = asleep.sleepOn(triple)
      if (report !== null) asked.delete(triple.index)
      return report
    },
    wakeWith: (index, event) => {
      wakes.set(index, event)
      asleep.wake(index)
    },
    letGo: async (index) => {
      await resting.get(index)?.session.close()
      resting.delete(index)
      asleep.wake(index)
    },
    beginPass: () => asleep.beginPass(),
    close: () => closeAll(resting),
  }
}

async function closeAll(resting: Map<string, Kept>): Promise<void> {
  for (const { session } of resting.values()) await session.close()
  resting.clear()
}
