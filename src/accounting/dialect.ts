import { recogniseBytes } from './dialects/byte-dialects.js'
import { recogniseValue, type RowPlace } from './dialects/row-dialects.js'
import { shellWord } from '../workspace/shell-word.js'
import type { FoundDialect } from './triple-accounting.js'

/**
 * What a parsed line seems to be instead of a row of OpenAI's, such as `an Anthropic Message Batches result`; `null`
 * when nothing known fits. Reads behind "looks like". Ask only about rows that could not be understood: a whole
 * answer of OpenAI's is nothing foreign where an answer should stand, but is named where a request should.
 *
 * @param place what should have stood there
 */
export function dialectOfValue(value: unknown, place: RowPlace = 'answer'): string | null {
  return recogniseValue(value, place)?.name ?? null
}

/**
 * The same of a row that stands where none is expected, with what to do about its file.
 *
 * @param path of the file
 */
export function strangeRow(value: unknown, path: string): FoundDialect | null {
  const dialect = recogniseValue(value, 'answer')
  return dialect === null ? null : { name: dialect.name, cure: dialect.cure(shellWord(path)) }
}

/**
 * What bytes that are no lines of JSON objects seem to be, such as `UTF-16 text` or `one JSON array`; `null` when
 * nothing known fits. Works on a whole file and on a single line alike.
 *
 * @param start the first bytes; a few KiB are enough
 * @param end the last bytes; may be the same bytes when the file is short
 */
export function dialectOfBytes(start: Uint8Array, end: Uint8Array): string | null {
  return recogniseBytes(start, end)?.name ?? null
}
