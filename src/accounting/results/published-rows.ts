import type { FileSystem } from '../../workspace/file-system.js'
import { memberTexts } from '../json-text/top-level-member.js'
import { readLines, type Line, type ReadLinesOptions } from '../line-reader.js'
import type { ResultRow } from '../rows/result-row.js'
import { loadRowParser, unreadableRow } from './stored-rows.js'

/** A row of `target/batch_results_<root index>.jsonl`. */
export interface PublishedRow {
  readonly row: ResultRow
  /** Its fields as they are written, digit for digit, by name. */
  readonly texts: ReadonlyMap<string, string>
}

/**
 * The final rows of a lineage in their order, a batch for each chunk of the file. A batch is read while it is walked;
 * walk it once, before the next is asked for. Rejects as `readLines` does.
 *
 * @throws ReconciliationFailed at a line that is no row.
 */
export async function* readPublishedRows(
  fs: FileSystem,
  path: string,
  options: ReadLinesOptions,
): AsyncGenerator<Iterable<PublishedRow>, void, undefined> {
  const parseRow = await loadRowParser()
  const rowOf = (line: Line): PublishedRow => {
    const text = line.isTooLong || !line.hasNewline ? '' : line.bytes.toString()
    const row = parseRow(text)
    if (row === null) throw unreadableRow(path, line.number)
    return { row, texts: memberTexts(text) }
  }
  for await (const lines of readLines(fs, path, options)) yield mapped(lines, rowOf)
}

function* mapped<From, To>(items: Iterable<From>, make: (item: From) => To): Generator<To, void, undefined> {
  for (const item of items) yield make(item)
}
