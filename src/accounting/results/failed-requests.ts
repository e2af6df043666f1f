import { basename } from 'node:path'
import { reconciliationError } from '../../errors.js'
import { writeFileDurably } from '../../workspace/durable-write.js'
import type { FileSystem } from '../../workspace/file-system.js'
import { readLines } from '../line-reader.js'
import type { ResultRow } from '../rows/result-row-schema.js'
import type { RowClass } from '../rows/row-class.js'
import { chunked } from './chunked.js'
import { classOfRow, loadRowParser, readAttemptRows, unreadableRow } from './stored-rows.js'

/** The requests of a lineage whose last row in `target/` is no success. */
export interface FailedRequests {
  /** Those nobody tries again, in the order of the results: `custom_id` → the attempt that failed. */
  readonly waiting: ReadonlyMap<string, number>
  /** Those that are being tried again, by the index of the triple that does it. */
  readonly retried: ReadonlyMap<string, ReadonlySet<string>>
  /** The highest attempt of any row: a later one must count above it, or its rows would not take their place. */
  readonly lastAttempt: number
}

/**
 * Reads the results of a lineage. Memory: the ids of what failed.
 *
 * @param outcomes which rows count as failed
 * @throws ReconciliationFailed when the results are gone, or a line is no row.
 */
export async function readFailedRequests(
  fs: FileSystem,
  resultsPath: string,
  outcomes: ReadonlySet<RowClass>,
): Promise<FailedRequests> {
  if ((await fs.stat(resultsPath)) === null) throw resultsMissing(resultsPath)
  const waiting = new Map<string, number>()
  const retried = new Map<string, Set<string>>()
  let lastAttempt = 1
  for await (const row of readAttemptRows(fs, resultsPath)) {
    lastAttempt = Math.max(lastAttempt, row.attempt)
    if (row.retry !== undefined) addTo(retried, row.retry, row)
    else if (outcomes.has(classOfRow(row))) waiting.set(row.custom_id, row.attempt)
  }
  return { waiting, retried, lastAttempt }
}

export interface RetryMark {
  readonly fs: FileSystem
  /** `target/batch_results_<root index>.jsonl`. */
  readonly resultsPath: string
  readonly customIds: { has(customId: string): boolean }
  /** The triple that tries these requests again. */
  readonly retryIndex: string
  readonly signal?: AbortSignal | undefined
}

/** Notes in the results which triple tries these requests again. Every other byte of the file stays as it is. */
export function markRetried(mark: RetryMark): Promise<void> {
  return writeFileDurably(mark.fs, mark.resultsPath, chunked(markedLines(mark)))
}

function addTo(retried: Map<string, Set<string>>, retryIndex: string, { custom_id: id }: ResultRow): void {
  const ids = retried.get(retryIndex) ?? new Set<string>()
  retried.set(retryIndex, ids.add(id))
}

async function* markedLines(mark: RetryMark): AsyncGenerator<Uint8Array, void, undefined> {
  const { fs, resultsPath, signal } = mark
  const parseRow = await loadRowParser()
  for await (const lines of readLines(fs, resultsPath, { signal })) {
    for (const { bytes, number } of lines) {
      const text = bytes.toString()
      const row = parseRow(text)
      if (row === null) throw unreadableRow(resultsPath, number)
      yield Buffer.from(`${isMarked(mark, row) ? withRetry(text, mark.retryIndex) : text}\n`)
    }
  }
}

const isMarked = ({ customIds }: RetryMark, row: ResultRow): boolean =>
  row.retry === undefined && customIds.has(row.custom_id)

/** Put in as text: writing the parsed row anew would round the long numbers an answer may hold. */
function withRetry(text: string, retryIndex: string): string {
  const end = text.lastIndexOf('}')
  return `${text.slice(0, end)},"retry":${JSON.stringify(retryIndex)}}`
}

function resultsMissing(path: string): Error {
  return reconciliationError({
    code: 'ReconciliationFailed',
    message: `${basename(path)} is gone; without the results nobody knows which requests failed.`,
    hint: `Put ${path} back.`,
    needsPerson: true,
    facts: { path },
  })
}
