import {
  countFieldOf,
  rowClasses,
  rowClassesThat,
  sumOfRows,
  traitsOf,
  type RowCounts,
  type RowRetry,
} from '../../machines/index.js'
import {
  didAllFailForGood,
  failedForGoodOf,
  stoppedOf,
  type LineageRows,
} from '../accounting/results/lineage-rows.js'
import { countOf, countText } from '../units.js'
import { shellWord } from '../workspace/shell-word.js'

/** A lineage and the index of its root. */
export interface RootedRows extends LineageRows {
  readonly rootIndex: string
}

/** What failed for good or never ran in a lineage, and the command that sends it again. */
export interface FailedForGoodText {
  readonly rootIndex: string
  readonly what: string
  readonly whatToDo: string
}

/** @param root the workspace */
export function failedForGoodText(lineage: RootedRows, root: string): FailedForGoodText {
  const sentences = [failedText(lineage), stoppedText(lineage)].filter((text) => text !== null)
  return { rootIndex: lineage.rootIndex, what: sentences.join(' '), whatToDo: retryText(lineage, root) }
}

function failedText(lineage: RootedRows): string | null {
  const { rootIndex, rows, failedForGood } = lineage
  const failed = failedForGoodOf(lineage)
  if (failed === 0) return null
  const which = didAllFailForGood(lineage)
    ? `Every request of triple ${rootIndex} failed for good`
    : `${countText(failed)} of ${countOf(allRows(rows), 'request')} of triple ${rootIndex} failed for good`
  return `${which}: ${classesText([failedForGood])}.`
}

function stoppedText(lineage: RootedRows): string | null {
  const stopped = stoppedOf(lineage)
  if (stopped === 0) return null
  const which = `${countText(stopped)} of ${countOf(allRows(lineage.rows), 'request')} of triple ${lineage.rootIndex}`
  return `${which} never ran: somebody cancelled the batch.`
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
const leaves: readonly Leave[] = [
  { flag: '', mayRetry: ['when-asked', 'by-itself'], takesStopped: true },
  { flag: ' --all', mayRetry: ['by-policy'], takesStopped: false },
  { flag: ' --unrecognised', mayRetry: ['only-when-named'], takesStopped: false },
]

interface Leave {
  readonly flag: string
  readonly mayRetry: readonly RowRetry[]
  /** What never ran because somebody stopped it. */
  readonly takesStopped: boolean
}

function retryText(lineage: RootedRows, root: string): string {
  const { rootIndex, failedForGood } = lineage
  const command = `batch-reconciler retry ${shellWord(root)} ${rootIndex}`
  const [first, ...more] = leaves
    .map(({ flag, mayRetry, takesStopped }) => ({
      flag,
      count: countOfLeave(failedForGood, mayRetry) + (takesStopped ? stoppedOf(lineage) : 0),
    }))
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
