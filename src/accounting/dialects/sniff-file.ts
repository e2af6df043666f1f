import { shellWord } from '../../workspace/shell-word.js'
import type { JsonObject } from '../decode-line.js'
import type { FoundDialect, RowFileKind } from '../triple-accounting.js'
import { recogniseBytes } from './byte-dialects.js'
import type { Dialect } from './dialect.js'
import { recogniseValue } from './row-dialects.js'

/** Bytes of each end of a file that are kept to recognise it by. */
const keptBytes = 8 * 1024

/**
 * Looks over the shoulder of whoever reads a file, and tells in the end what it looked like. A file as a whole says
 * more than a line of it: a JSON array over many lines has no line that looks like one.
 */
export class FileSniffer {
  readonly #path: string
  readonly #kind: RowFileKind
  #head = Buffer.alloc(0)
  #tail = Buffer.alloc(0)
  #byLine: Dialect | null = null

  constructor(path: string, kind: RowFileKind) {
    this.#path = path
    this.#kind = kind
  }

  /** Every byte of the file once, in order; the view may be used again afterwards. */
  takeBytes(chunk: Buffer): void {
    if (this.#head.length < keptBytes)
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, keptBytes - this.#head.length)])
    const end = chunk.subarray(-keptBytes)
    this.#tail =
      end.length === keptBytes ? Buffer.from(end) : Buffer.concat([this.#tail, end]).subarray(-keptBytes)
  }

  /** A line that could not be read; `row` when it is JSON all the same. Only the first that is recognised counts. */
  takeUnreadable(bytes: Buffer, row: JsonObject | null): void {
    this.#byLine ??=
      row === null
        ? recogniseBytes(bytes, bytes)
        : recogniseValue(row, this.#kind === 'input' ? 'request' : 'answer')
  }

  /** To be asked only when lines could not be read. */
  found(): FoundDialect | null {
    const dialect = recogniseBytes(this.#head, this.#tail) ?? this.#byLine
    return dialect === null ? null : { name: dialect.name, cure: dialect.cure(shellWord(this.#path)) }
  }
}
