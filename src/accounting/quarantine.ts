import type { FileSystem } from '../workspace/file-system.js'
import { writeFileDurably } from '../workspace/durable-write.js'
import { asFileProblem } from '../workspace/file-problem.js'
import { LineLookup } from './line-lookup.js'
import type { TripleAccounting, UnreadableLine } from './triple-accounting.js'

/** More of a line is not kept: it still stands in its file, at the offset given. */
export const maxQuarantinedBytes = 64 * 1024

/** One line of `failed-items/batch_unreadable_<index>.jsonl`. */
export interface QuarantinedLine {
  readonly file: string
  readonly line: number
  /** First byte in the file. */
  readonly offset: number
  /** Length in the file, without the line ending. */
  readonly bytes: number
  readonly reason: string
  /** The line's bytes, at most 64 KiB of them. */
  readonly content_base64: string
  readonly is_truncated: boolean
}

/**
 * Writes the unreadable lines of a triple where a person can look at them, one JSON object a line, replacing the
 * whole file; when there are more than 10,000 the last line says how many. Gives the number of lines kept.
 * With nothing unreadable nothing is written, and an older file stays: it may be the only trace of lost rows.
 */
export async function writeQuarantine(
  fs: FileSystem,
  path: string,
  accounting: Pick<TripleAccounting, 'counts' | 'files' | 'unreadableLines'>,
): Promise<number> {
  if (accounting.unreadableLines.length === 0) return 0
  const lookup = new LineLookup(fs)
  try {
    await writeFileDurably(fs, path, quarantinedLines(lookup, accounting))
  } catch (error) {
    asFileProblem({ path, action: 'write' })(error)
  } finally {
    await lookup.close()
  }
  return accounting.unreadableLines.length
}

async function* quarantinedLines(
  lookup: LineLookup,
  { counts, files, unreadableLines }: Parameters<typeof writeQuarantine>[2],
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const line of unreadableLines) {
    const name = files.find((file) => file.kind === line.kind)?.name ?? line.path
    yield jsonLine(await quarantined(lookup, name, line))
  }
  const left = counts.unreadable - unreadableLines.length
  if (left > 0)
    yield jsonLine({ more_lines: left, reason: `only the first ${unreadableLines.length} are kept` })
}

async function quarantined(
  lookup: LineLookup,
  file: string,
  unreadable: UnreadableLine,
): Promise<QuarantinedLine> {
  const { path, line, offset, length, reason } = unreadable
  const kept = Math.min(length, maxQuarantinedBytes)
  const content = await lookup.read(path, { offset, length: kept })
  return {
    file,
    line,
    offset,
    bytes: length,
    reason,
    content_base64: content.toString('base64'),
    is_truncated: kept < length,
  }
}

function jsonLine(value: object): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`)
}
