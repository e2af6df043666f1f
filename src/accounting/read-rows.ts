import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { asFileProblem } from '../workspace/file-problem.js'
import type { FileStat, FileSystem } from '../workspace/file-system.js'
import { type JsonObject, decodeLine, reasonText } from './decode-line.js'
import { FileSniffer } from './dialects/sniff-file.js'
import { type Line, readLines } from './line-reader.js'
import { requestIdOf } from './request-id.js'
import type { LinePosition } from './request-ledger.js'
import type { AccountedFile, RowFileKind, UnreadableLine } from './triple-accounting.js'

/** A readable row. `bytes` is a view that lives until the handler is done. */
export interface Row {
  readonly id: string
  /** Of a line that is nested too deep only the fields that are no list and no object. */
  readonly value: JsonObject
  /** What the value was parsed from. */
  readonly text: string
  readonly isTooDeep: boolean
  readonly position: LinePosition
  readonly bytes: Buffer
}

export interface ReadRowsOptions {
  readonly fs: FileSystem
  readonly index: string
  readonly kind: RowFileKind
  readonly path: string
  readonly signal?: AbortSignal | undefined
  readonly maxLineBytes?: number | undefined
  /** Called once per chunk with the bytes of this file read so far. */
  readonly onBytes?: ((bytesRead: number) => void) | undefined
  /** Only a returned promise is awaited: almost no row needs one, and a promise costs more than a row. */
  readonly onRow: (row: Row) => Promise<void> | undefined
  readonly onUnreadable: (line: UnreadableLine) => void
}

/**
 * Reads one file of a triple from first byte to last, hands out its rows and its unreadable lines in order, and
 * hashes it in the same pass. The file is never changed.
 */
export async function readRows(options: ReadRowsOptions): Promise<AccountedFile> {
  const { path, kind, index } = options
  return readHashed(options).catch(asFileProblem({ path, action: `read the ${kind} file`, index }))
}

async function readHashed(options: ReadRowsOptions): Promise<AccountedFile> {
  const { fs, path, kind, signal, maxLineBytes } = options
  const hash = createHash('sha256')
  const sniffer = new FileSniffer(path, kind)
  let bytes = 0
  let lines = 0
  let rows = 0
  let identity: string | null = null
  const onEnd = (file: FileStat): void => void ({ identity } = file)
  const onChunk = (chunk: Buffer): void => {
    hash.update(chunk)
    sniffer.takeBytes(chunk)
    bytes += chunk.length
    options.onBytes?.(bytes)
  }
  for await (const batch of readLines(fs, path, { signal, maxLineBytes, onChunk, onEnd })) {
    for (const line of batch) {
      lines += 1
      const row = rowOf(line, options, sniffer)
      if (row === null) continue
      rows += 1
      const pending = options.onRow(row)
      if (pending !== undefined) await pending
    }
  }
  const dialect = rows < lines ? sniffer.found() : null
  const sha256 = hash.digest('hex')
  return { kind, name: basename(path), path, bytes, sha256, identity, lines, rows, dialect }
}

function rowOf(line: Line, { kind, path, onUnreadable }: ReadRowsOptions, sniffer: FileSniffer): Row | null {
  const decoded = decodeLine(line)
  const id = decoded.type === 'object' ? requestIdOf(decoded.value) : decoded
  if (decoded.type === 'object' && id.type === 'id') {
    const position = { line: line.number, offset: line.offset, length: line.length }
    const { value, text, isTooDeep } = decoded
    return { id: id.id, value, text, isTooDeep, position, bytes: line.bytes }
  }
  if (id.type === 'unreadable') {
    sniffer.takeUnreadable(line.bytes, decoded.type === 'object' ? decoded.value : null)
    onUnreadable({
      kind,
      path,
      line: line.number,
      offset: line.offset,
      length: line.length,
      reason: reasonText(id),
    })
  }
  return null
}
