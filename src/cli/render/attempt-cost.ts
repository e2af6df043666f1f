import type { LineageReport } from '../../engine/lineage-report.js'
import type { TripleReport } from '../../engine/report.js'
import { countOf, countText } from '../../units.js'
import { allRows, sumOf } from '../../engine/failed-for-good-text.js'

/**
 * What the attempts at these requests cost, in requests; says nothing when each was sent once. Lineages whose first
 * attempt was in another run are told apart: this report does not know all of theirs.
 */
export function attemptCost(lineages: readonly LineageReport[]): readonly string[] {
  const whole = lineages.filter(isWhole)
  const requests = sumOf(whole, ({ rows }) => allRows(rows))
  const again = sumOf(whole, sentAgain)
  const later = sumOf(
    lineages.filter((lineage) => !isWhole(lineage)),
    sentAgain,
  )
  return [
    ...(again === 0
      ? []
      : [
          `${countOf(requests + again, 'request')} were sent for ${countText(requests)}; ${countText(again)} of them again.`,
        ]),
    ...(later === 0
      ? []
      : [`${countOf(later, 'request')} of earlier runs ${later === 1 ? 'was' : 'were'} sent again.`]),
  ]
}

const isFirst = ({ attempt }: TripleReport): boolean => attempt === 1

/** Every request of the root was sent for the first time within this report. */
function isWhole({ rows, triples }: LineageReport): boolean {
  return sumOf(triples.filter(isFirst), ({ requestsSent }) => requestsSent ?? 0) >= allRows(rows)
}

function sentAgain({ triples }: LineageReport): number {
  return sumOf(triples, (triple) => (isFirst(triple) ? 0 : requestsOf(triple, triples)))
}

/** A batch that is still at the server has as many as its parent says that it tries again. */
function requestsOf(
  { index, requestsSent, remoteStatus }: TripleReport,
  triples: LineageReport['triples'],
): number {
  if (requestsSent !== null) return requestsSent
  const parent = triples.find(({ outcome }) => outcome.type === 'done' && outcome.retryIndex === index)
  const isOnlyOne = parent?.outcome.type === 'done' && parent.outcome.retryIndices === undefined
  return remoteStatus !== null && isOnlyOne ? (parent.rows?.retryable ?? 0) : 0
}
