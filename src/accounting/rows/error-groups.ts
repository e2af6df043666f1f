import type { ResultRow } from './result-row.js'
import type { RowClass } from './row-class.js'

/** Rows that failed in the same way. */
export interface ErrorGroup {
  /** `other` stands for everything beyond the largest number of groups. */
  readonly outcome: RowClass | 'other'
  readonly code: string
  /** The message of the first row of the group. */
  readonly message: string
  readonly count: number
  /** At most three, in the order of the rows. */
  readonly sampleIds: readonly string[]
}

export interface ErrorGroups {
  /** Counts the row in; a row without an error is passed over. */
  add(row: Pick<ResultRow, 'custom_id' | 'outcome' | 'error'>): void
  /** The groups so far, the largest first. */
  groups(): readonly ErrorGroup[]
}

/** How many ways to fail are told apart; beyond that, a report would be as long as the error file. */
export const maxErrorGroups = 200

const maxSampleIds = 3

/** Starts grouping. Memory stays bounded whatever the rows say. */
export function collectErrorGroups(): ErrorGroups {
  const byKey = new Map<string, MutableGroup>()
  let other: MutableGroup | null = null
  return {
    add(row) {
      if (row.error === undefined) return
      const key = [row.outcome, row.error.code, normalisedMessage(row.error.message)].join('\u0000')
      const group = byKey.get(key) ?? (byKey.size < maxErrorGroups ? newGroup(row.outcome, row.error) : null)
      if (group === null) return count((other ??= newGroup('other', otherErrors)), row.custom_id)
      byKey.set(key, group)
      count(group, row.custom_id)
    },
    groups: () => [
      ...[...byKey.values()].toSorted((left, right) => right.count - left.count),
      ...(other ? [other] : []),
    ],
  }
}

/** The groups as text for people, one paragraph a group. */
export function formatErrorGroups(groups: readonly ErrorGroup[]): string {
  return groups.map(formatGroup).join('\n')
}

/** The groups as the lines of `logs/batch_expansion_error_log_<index>.jsonl`. */
export function errorGroupLines(groups: readonly ErrorGroup[]): string {
  return groups.map((group) => `${JSON.stringify(toLine(group))}\n`).join('')
}

interface MutableGroup extends ErrorGroup {
  count: number
  readonly sampleIds: string[]
}

const otherErrors = { code: 'other', message: `Errors beyond the first ${maxErrorGroups} kinds.` }

function newGroup(
  outcome: RowClass | 'other',
  error: { readonly code: string; readonly message: string },
): MutableGroup {
  return { outcome, code: error.code, message: error.message, count: 0, sampleIds: [] }
}

function count(group: MutableGroup, customId: string): void {
  group.count += 1
  if (group.sampleIds.length < maxSampleIds) group.sampleIds.push(customId)
}

// Request ids, organisation ids, times and limits differ from row to row; what went wrong does not.
function normalisedMessage(message: string): string {
  return message
    .slice(0, 500)
    .replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi, '#')
    .replace(/\b[a-z]+[_-](?=\w*\d)\w{6,}/gi, '#')
    .replace(/\b(?=\w*\d)[0-9a-f]{12,}\b/gi, '#')
    .replace(/\d+(?:[.,]\d+)*/g, '#')
}

function formatGroup({ outcome, code, message, count: rows, sampleIds }: ErrorGroup): string {
  const ids = sampleIds.map((id) => JSON.stringify(id.slice(0, 100))).join(', ')
  return `${rows} × ${code} (${outcome}): ${firstLine(message)} e.g. ${ids}`
}

function firstLine(message: string): string {
  const [line = ''] = message.trim().split('\n')
  return line.length <= 200 ? line : `${line.slice(0, 199)}…`
}

function toLine({ outcome, code, message, count: rows, sampleIds }: ErrorGroup): Record<string, unknown> {
  return { outcome, code, message, count: rows, sample_custom_ids: sampleIds }
}
