import type { TriplePlan } from '../../engine/report.js'
import { nothingText } from './nothing-text.js'
import { paintOutcome } from './outcome-table.js'
import type { Style } from './style.js'
import { terminalText } from './terminal-text.js'
import { countOf, countText } from '../../units.js'

/** What a run would do with one triple, as a short paragraph: where it goes, why, what its ids say, its operations. */
export function planText(plan: TriplePlan, style: Style): string {
  const { index, outcome, state, operations, why } = plan
  const heading = `${style.strong(terminalText(index))}  ${paintOutcome(outcome, outcome, style)} · ${state}`
  return [heading, `    ${terminalText(why)}`, ...idsLine(plan), ...operationsLine(operations)]
    .map((line) => `${line}\n`)
    .join('')
}

/**
 * How many triples a run would do something with by itself.
 *
 * `isQuick`: nobody looked into the files. `unused`: files in `workdir/` that are of no triple.
 */
export function planSummary(
  plans: readonly TriplePlan[],
  { isQuick, unused }: { readonly isQuick: boolean; readonly unused: number },
): string {
  if (plans.length === 0) return nothingText(unused)
  const count = (outcome: Total): number => plans.filter((plan) => totalOf(plan) === outcome).length
  const parts = outcomes
    .filter(([outcome]) => count(outcome) > 0)
    .map(([outcome, words]) => `${countText(count(outcome))} ${words}`)
  const quickly = isQuick ? ` ${nothingCounted}` : ''
  return `${countOf(plans.length, 'triple')}: ${parts.join(', ')}. Nothing was changed.${quickly}`
}

const nothingCounted =
  'Nothing was counted either: this goes by names, sizes and metadata, and ids that do not add up do not show.'

type Total = TriplePlan['outcome'] | 'not-confirmed'

function totalOf({ outcome, unconfirmed }: TriplePlan): Total {
  return outcome === 'not-submitted' && unconfirmed !== null ? 'not-confirmed' : outcome
}

const outcomes: readonly (readonly [Total, string])[] = [
  ['planned', 'to reconcile'],
  ['pending', 'at the server'],
  ['not-submitted', 'not submitted'],
  ['not-confirmed', 'not confirmed'],
  ['needs-attention', 'waiting for a person'],
  ['failed', 'that would fail'],
  ['done', 'done'],
]

function idsLine({ counts }: TriplePlan): readonly string[] {
  if (counts === null) return []
  const { input, output, error, missing, unknown, duplicate, inBoth, unreadable, conflicting } = counts
  const oddities = { missing, unknown, duplicate, 'in both files': inBoth, unreadable, conflicting }
  const parts = Object.entries(oddities).flatMap(([name, count]) =>
    count === 0 ? [] : [`${countText(count)} ${name}`],
  )
  const rows = `${countOf(input, 'request')}, ${countText(output)} in output, ${countText(error)} in error`
  return [`    ids: ${[rows, ...parts].join(', ')}`]
}

function operationsLine(operations: readonly string[]): readonly string[] {
  return operations.map((operation, at) => `    ${at + 1}. ${operation}`)
}
