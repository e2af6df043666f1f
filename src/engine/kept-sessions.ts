import { canHear, wakeOf, type TripleEvent } from '../../machines/index.js'
import { onFirstUse } from '../on-first-use.js'
import { fingerprintOf } from './fingerprint.js'
import type { RunTriple } from './run-triples.js'
import type { TripleReport } from './report.js'
import type { Run } from './run.js'
import type { TripleSession } from './triple-session.js'

/** Actors that rest between two polls, so that the same actor is polled, woken by a person, and looked at. */
export interface KeptSessions {
  readonly runTriple: RunTriple
  /** The next run of the triple begins with this event. */
  wakeWith(index: string, event: TripleEvent): void
  /** Stops every actor that rests. */
  close(): Promise<void>
}

/** About 5 kB each; triples beyond it get a new actor for each poll. */
const maxKept = 10_000

const loadSessions = onFirstUse(async () => (await import('./triple-session.js')).openTripleSession)

interface Kept {
  readonly session: TripleSession
  readonly state: string
  readonly fingerprint: string
}

/** Keeps what is not done. A triple whose files changed while it rested looks at them again. */
export function keepSessions(run: Run): KeptSessions {
  const { workspace } = run
  const resting = new Map<string, Kept>()
  const wakes = new Map<string, TripleEvent>()

  const nextWake = async (index: string, { state, fingerprint }: Kept): Promise<TripleEvent> => {
    const wake = wakes.get(index)
    wakes.delete(index)
    if (wake !== undefined && canHear(state, wake.type)) return wake
    if ((await fingerprintOf(workspace, index)) !== fingerprint) return { type: 'triple.rescan' }
    return { type: wakeOf(state) }
  }
  const keep = async (index: string, session: TripleSession, report: TripleReport): Promise<void> => {
    if (report.outcome.type === 'done' || resting.size >= maxKept) return session.close()
    resting.set(index, { session, state: report.state, fingerprint: await fingerprintOf(workspace, index) })
  }
  return {
    runTriple: async ({ index }) => {
      const kept = resting.get(index)
      resting.delete(index)
      const openTripleSession = await loadSessions()
      const session = kept?.session ?? openTripleSession(run, index)
      try {
        const report = await session.run(kept && (await nextWake(index, kept)))
        await keep(index, session, report)
        return report
      } catch (error) {
        await session.close()
        throw error
      }
    },
    wakeWith: (index, event) => void wakes.set(index, event),
    close: async () => {
      for (const { session } of resting.values()) await session.close()
      resting.clear()
    },
  }
}
