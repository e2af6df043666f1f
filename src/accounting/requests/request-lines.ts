import type { FileSystem } from '../../workspace/file-system.js'
import { decodeLine } from '../decode-line.js'
import { memberTexts } from '../json-text/top-level-member.js'
import { readLines, type Line, type ReadLinesOptions } from '../line-reader.js'
import { requestIdOf } from '../request-id.js'

/** One line of an input, as it was written. */
export interface RequestLine {
  readonly customId: string
  /** `null` when it names none. */
  readonly url: string | null
  /** JSON text, digit for digit; `null` when there is none. */
  readonly body: string | null
}

/**
 * The requests of an input in its order, those that repeat an id too; a batch for each chunk of the file, to be walked
 * once. `null` stands for a line that nobody can read as one. Rejects as `readLines` does.
 */
export async function* readRequestLines(
  fs: FileSystem,
  path: string,
  options: ReadLinesOptions = {},
): AsyncGenerator<Iterable<RequestLine | null>, void, undefined> {
  for await (const lines of readLines(fs, path, options)) yield requestsOf(lines)
}

function* requestsOf(lines: Iterable<Line>): Generator<RequestLine | null, void, undefined> {
  for (const line of lines) yield requestOf(line)
}

function requestOf(line: Line): RequestLine | null {
  const decoded = decodeLine(line)
  if (decoded.type === 'unreadable') return null
  const id = requestIdOf(decoded.value)
  if (id.type === 'unreadable') return null
  const { url } = decoded.value
  return {
    customId: id.id,
    url: typeof url === 'string' ? url : null,
    body: memberTexts(decoded.text).get('body') ?? null,
  }
}

/** Looks up requests of an input by id, in the order of the file. Memory: one chunk. */
export interface RequestCursor {
  /** Goes on to the request; `null` when none with this id stands behind the last one. */
  find(customId: string): Promise<RequestLine | null>
  close(): Promise<void>
}

export function requestCursor(fs: FileSystem, path: string, options: ReadLinesOptions): RequestCursor {
  const batches = readRequestLines(fs, path, options)
  let held: Iterator<RequestLine | null> = [][Symbol.iterator]()
  return {
    async find(customId) {
      for (;;) {
        for (let next = held.next(); next.done !== true; next = held.next())
          if (next.value?.customId === customId) return next.value
        const batch = await batches.next()
        if (batch.done === true) return null
        held = batch.value[Symbol.iterator]()
      }
    },
    close: async () => void (await batches.return()),
  }
}

/** The URL of the first line that is a request: a batch has one endpoint. `null` without one. */
export async function firstUrlIn(
  fs: FileSystem,
  path: string,
  options: ReadLinesOptions,
): Promise<string | null> {
  for await (const batch of readRequestLines(fs, path, options))
    for (const line of batch) if (line !== null) return line.url
  return null
}
