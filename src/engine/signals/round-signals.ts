import { doneState, outcomeTypeAt } from '../../../machines/index.js'
import type { KnownStanding } from '../known-standings.js'
import type { TripleStatus, WorkspaceStatus } from '../report.js'
import { countedBy, totalsJson, totalsOfStatus, type Totals } from '../report-totals.js'
import { standingOfStatus } from '../standing-of-status.js'
import { callKindNames, perKind } from './calls.js'
import { newSignals } from './new-signals.js'
import type { OpenSignal, SharedTold } from './shared-told.js'
import { settledSignal, type Signal, type SignalSource } from './signal.js'

/** A signal to be sent, and what it is about. */
export interface News {
  readonly signal: Signal
  readonly about: OpenSignal['about']
}

export interface TellingRound extends SignalSource {
  readonly isSettled: boolean
}

/** What the folder as it stands has to tell, as far as no worker has told it before. */
export function signalsOf(
  status: WorkspaceStatus,
  before: SharedTold,
  round: TellingRound,
): { readonly news: readonly News[]; readonly told: Omit<SharedTold, 'open'> } {
  const standings = status.triples.map(knownStanding)
  const atWork = new Set(status.triples.filter(isHeld).map(({ index }) => index))
  const found = perKind((kind) =>
    newSignals(kind, standings, round, before.causes[kind], (index) => atWork.has(index)),
  )
  const totals = totalsOfWorkspace(status)
  const numbers = JSON.stringify(totalsJson(totals))
  const isNewlySettled = round.isSettled && before.settled !== numbers && hasAny(status)
  return {
    news: [
      ...callKindNames.flatMap((kind) =>
        found[kind].signals.map(({ signal, key }) => ({ signal, about: { kind, key } })),
      ),
      ...(isNewlySettled
        ? [{ signal: settledSignal(totals, round), about: { kind: 'settled' } as const }]
        : []),
    ],
    told: {
      causes: perKind((kind) => found[kind].told),
      settled: round.isSettled ? numbers : before.settled,
    },
  }
}

const hasAny = ({ triples, doneCount }: WorkspaceStatus): boolean => triples.length + doneCount > 0

const isHeld = ({ worker }: TripleStatus): boolean => worker !== null

/** A worker has it at this moment, or nobody has. */
export function knownStanding(triple: TripleStatus): KnownStanding {
  const { problem } = triple
  const isPassing = problem?.isPassing === true && problem.needsPerson !== true
  return { ...standingOfStatus(triple, isHeld(triple)), isPassing }
}

function totalsOfWorkspace(status: WorkspaceStatus): Totals {
  return { ...totalsOfStatus(status), triples: outcomesOf(status) }
}

/** How many triples rest in which way, those in `done/` too. */
export function outcomesOf({ triples, doneCount }: WorkspaceStatus): Readonly<Record<string, number>> {
  const resting = countedBy(triples, ({ state, problem }) => outcomeTypeAt(state, problem))
  return doneCount === 0 ? resting : { [doneState]: doneCount, ...resting }
}
