import { isAscii, isUtf8 } from 'node:buffer'
import { isNestedTooDeep } from './json-text/nesting.js'
import type { Line } from './line-reader.js'

export type JsonObject = Readonly<Record<string, unknown>>

export type DecodedLine =
  | {
      readonly type: 'object'
      /** Of a line that is nested too deep only the `custom_id` is left, so that nobody runs out of stack on it. */
      readonly value: JsonObject
      /** What it was parsed from. */
      readonly text: string
      readonly isNestedTooDeep: boolean
    }
  | { readonly type: 'unreadable'; readonly reason: string }

/** Parses one line; whatever is wrong with it comes back as a reason in plain words, never as a throw. */
export function decodeLine(line: Line): DecodedLine {
  if (line.isTooLong) return unreadable(`the line is longer than the limit (it has ${line.length} bytes)`)
  return decodeBytes(line.bytes)
}

/** The same for bytes that are known to be one line. */
export function decodeBytes(bytes: Buffer): DecodedLine {
  // Real files are ASCII, where Latin-1 and UTF-8 agree and Latin-1 is copied without a look at each byte.
  const isPlain = isAscii(bytes)
  if (!isPlain && !isUtf8(bytes)) return unreadable('not valid UTF-8')
  const text = bytes.toString(isPlain ? 'latin1' : 'utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return unreadable(whyNotJson(text))
  }
  if (isJsonObject(value)) return objectOf(value, text)
  return unreadable(`${kindOf(value)}; expected an object`)
}

function objectOf(value: JsonObject, text: string): DecodedLine {
  if (!isNestedTooDeep(text)) return { type: 'object', value, text, isNestedTooDeep: false }
  const id = Object.hasOwn(value, 'custom_id') ? { custom_id: value['custom_id'] } : {}
  return { type: 'object', value: id, text, isNestedTooDeep: true }
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

function unreadable(reason: string): DecodedLine {
  return { type: 'unreadable', reason }
}

/** What git and Mercurial leave in a file whose two versions nobody joined. */
const conflictMarker = /^(<{7}|={7}|>{7}|\|{7})( |$)/

function whyNotJson(text: string): string {
  if (conflictMarker.test(text)) return 'a version-control conflict marker, not JSON'
  if (text.includes('\0')) return 'contains NUL bytes, so a write to the disk was lost'
  if (endsInTheMiddle(text)) return 'the line ends in the middle'
  return 'not valid JSON'
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
