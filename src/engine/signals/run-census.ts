import type { TripleOutcome } from '../../../machines/index.js'
import type { Clock } from '../../clock.js'
import type { ReportEvent } from '../events.js'
import type { KnownStandings } from '../known-standings.js'
import { countedBy } from '../report-totals.js'
import { stuckReasons, type Census } from './metrics.js'

/** How those triples stand that came to rest in this run or watch. */
export function runCensus(
  standings: KnownStandings,
  clock: Clock,
): { readonly onEvent: ReportEvent; now(): Census } {
  const outcomes = new Map<string, TripleOutcome['type']>()
  return {
    onEvent(event) {
      if (event.type === 'triple.gone') outcomes.delete(event.index)
      if (event.type === 'triple.settled') outcomes.set(event.index, event.report.outcome.type)
    },
    now: () => ({
      outcomes: countedBy(outcomes.values(), (type) => type),
      stuck: stuckReasons(standings.all(null), clock.now()),
    }),
  }
}
