import {
  countFieldOf,
  rowClasses,
  rowClassesThat,
  sumOfRows,
  traitsOf,
  type RowCounts,
  type RowRetry,
} from '../../machines/index.js'
import { didAllFailForGood, failedForGoodOf, type LineageRows } from '../accounting/results/lineage-rows.js'
import { countOf, countText } from '../units.js'
import { shellWord } from '../workspace/shell-word.js'

/** A lineage and the index of its root. */
export interface RootedRows extends LineageRows {
  readonly rootIndex: string
}

/** What failed for good in a lineage, and the command that sends it again: one sentence each. */
export interface FailedForGoodText {
  readonly rootIndex: string
  readonly what: string
  readonly whatToDo: string
}

/** @param root the workspace */
export function failedForGoodText(lineage: RootedRows, root: string): FailedForGoodText {
  const { rootIndex, rows, failedForGood } = lineage
  const which = didAllFailForGood(lineage)
    ? `Every request of triple ${rootIndex} failed for good`
    : `${countText(failedForGoodOf(lineage))} of ${countOf(allRows(rows), 'request')} of triple ${rootIndex} failed for good`
  return {
    rootIndex,
    what: `${which}: ${classesText([failedForGood])}.`,
    whatToDo: retryText(lineage, root),
  }
}

/** How many rows there are, whatever they say. */
export function allRows(rows: RowCounts): number {
  return sumOfRows(rows, 'ok') + sumOfRows(rows, 'failed')
}

/** `6 ok, 4 not executed`: every class that has rows, in the order people are shown them. */
export function classesText(some: readonly RowCounts[]): string {
  return rowClasses
    .map((rowClass) => [sumOf(some, (rows) => rows[countFieldOf(rowClass)]), traitsOf(rowClass)] as const)
    .filter(([count]) => count > 0)
    .map(([count, { inTotals }]) => `${countText(count)} ${inTotals}`)
    .join(', ')
}

export function sumOf<One>(some: readonly One[], countIn: (one: One) => number): number {
  return some.reduce((sum, one) => sum + countIn(one), 0)
}

/** What each leave of a person sends. */
const leaves: readonly { readonly flag: string; readonly mayRetry: readonly RowRetry[] }[] = [
  { flag: '', mayRetry: ['when-asked', 'by-itself'] },
  { flag: ' --all', mayRetry: ['by-policy'] },
  { flag: ' --unrecognised', mayRetry: ['only-when-named'] },
]

function retryText({ rootIndex, failedForGood }: RootedRows, root: string): string {
  const command = `batch-reconciler retry ${shellWord(root)} ${rootIndex}`
  const [first, ...more] = leaves
    .map(({ flag, mayRetry }) => ({ flag, count: countOfLeave(failedForGood, mayRetry) }))
    .filter(({ count }) => count > 0)
  if (first === undefined) return `\`${command}\``
  const also = more.map(({ flag, count }) => `, with${flag} also ${countText(count)} more`)
  return `\`${command}${first.flag}\` sends ${countText(first.count)} of them again${also.join('')}.`
}

function countOfLeave(rows: RowCounts, leave: readonly RowRetry[]): number {
  return sumOf(
    rowClassesThat(({ mayRetry }) => leave.includes(mayRetry)),
    (rowClass) => rows[countFieldOf(rowClass)],
  )
}
