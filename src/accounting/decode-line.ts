import { isAscii, isUtf8 } from 'node:buffer'
import { recogniseBytes } from './dialects/byte-dialects.js'
import { findPeculiarity, peculiarities } from './dialects/json-peculiarity.js'
import { isNestedTooDeep } from './json-text/nesting.js'
import type { Line } from './line-reader.js'

export type JsonObject = Readonly<Record<string, unknown>>

export type DecodedLine =
  | {
      readonly type: 'object'
      /** Of a line that is nested too deep, only the fields that are no list and no object: nobody may walk it. */
      readonly value: JsonObject
      /** What it was parsed from. */
      readonly text: string
      readonly isTooDeep: boolean
    }
  /** `column`: of the first fault, from 1, where it is known. */
  | { readonly type: 'unreadable'; readonly reason: string; readonly column?: number | undefined }

/** Parses one line; whatever is wrong with it comes back as a reason in plain words, never as a throw. */
export function decodeLine(line: Line): DecodedLine {
  if (line.isTooLong) return unreadable(`the line is longer than the limit (it has ${line.length} bytes)`)
  return decodeBytes(line.bytes)
}

/** The same for bytes that are known to be one line. */
export function decodeBytes(bytes: Buffer): DecodedLine {
  // Real files are ASCII, where Latin-1 and UTF-8 agree and Latin-1 is copied without a look at each byte.
  const isPlain = isAscii(bytes)
  if (!isPlain && !isUtf8(bytes)) return unreadable(`not valid UTF-8${butLikely(bytes)}`)
  const text = bytes.toString(isPlain ? 'latin1' : 'utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return whyNotJson(bytes, text, error)
  }
  if (isJsonObject(value)) return objectOf(value, text)
  return unreadable(`${kindOf(value)}; expected an object`)
}

function objectOf(value: JsonObject, text: string): DecodedLine {
  if (!isNestedTooDeep(text)) return { type: 'object', value, text, isTooDeep: false }
  const flat = Object.entries(value).filter(([, field]) => typeof field !== 'object')
  return { type: 'object', value: Object.fromEntries(flat), text, isTooDeep: true }
}

/** True for JSON objects: not `null`, not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `a number`, `an array`, `null`: what a JSON value is, for a message. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** `not valid JSON, at column 7`. */
export function reasonText({
  reason,
  column,
}: {
  readonly reason: string
  readonly column?: number | undefined
}): string {
  return column === undefined ? reason : `${reason}, at column ${column}`
}

function unreadable(reason: string, column?: number): DecodedLine {
  return { type: 'unreadable', reason, column }
}

/** What git and Mercurial leave in a file whose two versions nobody joined. */
const conflictMarker = /^(<{7}|={7}|>{7}|\|{7})( |$)/

function whyNotJson(bytes: Buffer, text: string, error: unknown): DecodedLine {
  if (conflictMarker.test(text)) return unreadable('a version-control conflict marker, not JSON')
  const peculiarity = findPeculiarity(text)
  if (peculiarity !== null) {
    const { name } = peculiarities[peculiarity.kind]
    return unreadable(`not valid JSON; it looks like ${name}`, peculiarity.at + 1)
  }
  const likely = butLikely(bytes)
  if (likely !== '') return unreadable(`not valid JSON${likely}`)
  if (text.includes('\0')) return unreadable('contains NUL bytes, so a write to the disk was lost')
  return endsInTheMiddle(text)
    ? unreadable('the line ends in the middle')
    : unreadable('not valid JSON', columnOf(error))
}

function butLikely(bytes: Buffer): string {
  const dialect = recogniseBytes(bytes, bytes)
  return dialect === null ? '' : `; it looks like ${dialect.name}`
}

/** V8 tells the place of most faults, from 0, in the words of its message. */
function columnOf(error: unknown): number | undefined {
  const [, position] = /at position (\d+)/.exec(error instanceof Error ? error.message : '') ?? []
  return position === undefined ? undefined : Number(position) + 1
}

/** True when an object was begun and the text stops before it is closed. */
function endsInTheMiddle(text: string): boolean {
  if (!text.trimStart().startsWith('{')) return false
  let depth = 0
  let isInString = false
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (isInString && character === '\\') at += 1
    else if (character === '"') isInString = !isInString
    else if (!isInString) depth += depthChange(character)
  }
  return isInString || depth > 0
}

function depthChange(character: string | undefined): number {
  if (character === '{' || character === '[') return 1
  return character === '}' || character === ']' ? -1 : 0
}
