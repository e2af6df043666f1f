import { char, isSpace, skipSpace, stringEnd } from './tokens.js'

const spaces = [' ', '\n', '\r', '\t'] as const

/** Pieces kept apart before they are joined: pretty-printed text has one for every few characters. */
const piecesPerJoin = 4_096

/**
 * JSON text on one line: without the white space that stands outside of strings, and otherwise the same characters.
 * Numbers, escapes, the order of keys and keys that repeat stay as they are.
 */
export function compactJson(text: string): string {
  if (!spaces.some((space) => text.includes(space))) return text
  if (!text.includes('"')) return text.replaceAll(/[ \n\r\t]+/g, '')
  let joined = ''
  let pieces: string[] = []
  let keptFrom = 0
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at)
    if (code === char.quote) at = stringEnd(text, at)
    else if (!isSpace(code)) at += 1
    else {
      pieces.push(text.slice(keptFrom, at))
      keptFrom = at = skipSpace(text, at)
    }
    if (pieces.length < piecesPerJoin) continue
    joined += pieces.join('')
    pieces = []
  }
  return keptFrom === 0 ? text : joined + pieces.join('') + text.slice(keptFrom)
}
