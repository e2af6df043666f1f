/*
 * JSON text cut into tokens. The text is one that `JSON.parse` accepts; on any other the functions that find an end
 * still find one, which means nothing. Text may also be UTF-8 read as Latin-1: structure is ASCII, so positions are
 * bytes then.
 */

/** The characters of JSON's structure, as char codes. */
export const char = {
  quote: 0x22,
  comma: 0x2c,
  minus: 0x2d,
  colon: 0x3a,
  openList: 0x5b,
  backslash: 0x5c,
  closeList: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const

/** True for the four characters that JSON takes for white space (RFC 8259, section 2). */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

/** The first position from `at` on that is no white space; the length of the text when there is none. */
export function skipSpace(text: string, at: number): number {
  let end = at
  while (end < text.length && isSpace(text.charCodeAt(end))) end += 1
  return end
}

/** Where the token that begins at `start` ends: behind its last character. */
export function tokenEnd(text: string, start: number): number {
  const code = text.charCodeAt(start)
  if (code === char.quote) return stringEnd(text, start)
  let end = start + 1
  if (isStructural(code)) return end
  while (end < text.length && isPartOfScalar(text.charCodeAt(end))) end += 1
  return end
}

/** Where the value that begins at `start` ends, whatever it holds. */
export function valueEnd(text: string, start: number): number {
  if (isFlatList(text, start)) return text.indexOf(']', start) + 1
  let depth = 0
  let end = start
  do {
    const code = text.charCodeAt(end)
    if (isOpening(code)) depth += 1
    else if (isClosing(code)) depth -= 1
    end = tokenEnd(text, end)
  } while (depth > 0 && end < text.length)
  return end
}

/** Where the string that opens at `start` ends. Jumps from quote to quote: nearly all of a batch file is text. */
export function stringEnd(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1)
  while (quote !== -1 && isEscaped(text, quote)) quote = text.indexOf('"', quote + 1)
  return quote === -1 ? text.length : quote + 1
}

/** True for a list or an object that opens here. */
export function isOpening(code: number): boolean {
  return code === char.openList || code === char.openObject
}

/** True for a list or an object that closes here. */
export function isClosing(code: number): boolean {
  return code === char.closeList || code === char.closeObject
}

/** What a string between two positions of a text says, its escapes resolved. */
export function stringValue(text: string, start: number, end: number): string {
  const inside = text.slice(start + 1, end - 1)
  return inside.includes('\\') ? String(JSON.parse(text.slice(start, end))) : inside
}

// An even number of backslashes before a quote escape each other. No run is counted twice: a quote ends it.
function isEscaped(text: string, quote: number): boolean {
  let at = quote - 1
  while (text.charCodeAt(at) === char.backslash) at -= 1
  return (quote - at) % 2 === 0
}

/** A list of numbers, such as a vector: its end is found without a look at each of them. */
function isFlatList(text: string, start: number): boolean {
  const close = text.charCodeAt(start) === char.openList ? text.indexOf(']', start) : -1
  const inside = text.slice(start + 1, close)
  return close !== -1 && !inside.includes('"') && !inside.includes('[') && !inside.includes('{')
}

function isStructural(code: number): boolean {
  return isOpening(code) || isClosing(code) || code === char.comma || code === char.colon
}

function isPartOfScalar(code: number): boolean {
  return !isStructural(code) && !isSpace(code) && code !== char.quote
}
