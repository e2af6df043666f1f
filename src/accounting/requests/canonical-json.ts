import { maxNesting } from '../../workspace/nesting.js'

/**
 * The members of a JSON object, each value as canonical text: two texts are equal exactly when the values are. No white
 * space, keys in the order of their code units, the last of two equal keys, escapes as `JSON.stringify` writes them,
 * numbers by value and digit for digit. Walks with a stack of its own, so that no depth overflows that of the process.
 *
 * @param text valid JSON of an object; anything else has to be refused before
 * @returns by canonical text of the key (`"body"` with its quotes); `null` when it nests more than `maxNesting` levels
 */
export function canonicalMembers(text: string): ReadonlyMap<string, string> | null {
  const outer: Frame[] = []
  let frame = newFrame(null)
  for (let at = 0; ;) {
    const code = text.charCodeAt(at)
    if (isSeparator(code)) at += 1
    else if (code === openBrace || code === openBracket) {
      if (outer.length >= maxNesting) return null
      outer.push(frame)
      frame = newFrame(code)
      at += 1
    } else if (code === closeBrace || code === closeBracket) {
      const enclosing = outer.pop() ?? frame
      if (outer.length === 0) return frame.members
      give(enclosing, closed(frame))
      frame = enclosing
      at += 1
    } else {
      const end = tokenEnd(text, at, code)
      take(frame, canonicalToken(text.slice(at, end), code))
      at = end
    }
  }
}

/** A number by its value: its significant digits and a power of ten, so that `1e2`, `100` and `100.0` are one. */
export function canonicalNumber(token: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = ''] = numberPattern.exec(token) ?? []
  const digits = whole + fraction
  const start = firstOtherThanZero(digits)
  // -0 is 0: servers that tell them apart read both as the same parameter.
  if (start === digits.length) return '0'
  const end = lastOtherThanZero(digits) + 1
  const shown = sign + digits.slice(start, end)
  // Beyond this no server reads a number; the text is as good a value as any.
  if (!Number.isSafeInteger(Number(exponent))) return token
  const power = Number(exponent) + (digits.length - end) - fraction.length
  return power === 0 ? shown : `${shown}e${power}`
}

/** An object or array that is not closed yet; the outermost one holds the whole text. */
interface Frame {
  readonly members: Map<string, string> | null
  /** Canonical key whose value comes next. */
  key: string | null
  elements: string
}

function newFrame(bracket: number | null): Frame {
  return { members: bracket === openBrace ? new Map() : null, key: null, elements: '' }
}

/** A string in an object is a key when none waits for its value. */
function take(frame: Frame, token: string): void {
  if (frame.members !== null && frame.key === null) frame.key = token
  else give(frame, token)
}

function give(frame: Frame, value: string): void {
  if (frame.members === null) {
    frame.elements += frame.elements === '' ? value : `,${value}`
    return
  }
  if (frame.key === null) throw new Error('A value without a key: the text is no valid JSON.')
  frame.members.set(frame.key, value)
  frame.key = null
}

/** Added to, not joined: V8 then copies the characters once, at the end, however deep the nesting is. */
function closed({ members, elements }: Frame): string {
  if (members === null) return `[${elements}]`
  let text = ''
  for (const key of [...members.keys()].toSorted()) {
    text += `${text === '' ? '' : ','}${key}:`
    text += members.get(key) ?? ''
  }
  return `{${text}}`
}

function canonicalToken(token: string, code: number): string {
  if (code === quote) return token.includes('\\') ? JSON.stringify(JSON.parse(token)) : token
  return code === minus || isDigit(code) ? canonicalNumber(token) : token
}

function tokenEnd(text: string, start: number, code: number): number {
  return code === quote ? stringEnd(text, start) : scalarEnd(text, start)
}

/** Behind the closing quote: the first one with an even number of backslashes before it. */
function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === backslash) backslashes += 1
    if (backslashes % 2 === 0) return end + 1
  }
  throw new Error('A string without an end: the text is no valid JSON.')
}

function scalarEnd(text: string, start: number): number {
  let end = start + 1
  while (end < text.length && isPartOfScalar(text.charCodeAt(end))) end += 1
  return end
}

const isPartOfScalar = (code: number): boolean =>
  !isSeparator(code) && code !== closeBrace && code !== closeBracket

/** White space of JSON, comma and colon: valid text says nothing by them. */
function isSeparator(code: number): boolean {
  return code === 0x20 || code === comma || code === colon || code === 0x0a || code === 0x0d || code === 0x09
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

// By hand: a pattern such as /0+$/ looks at a long run of zeros once for each of them.
function firstOtherThanZero(digits: string): number {
  let at = 0
  while (digits.charCodeAt(at) === zero) at += 1
  return at
}

function lastOtherThanZero(digits: string): number {
  let at = digits.length - 1
  while (digits.charCodeAt(at) === zero) at -= 1
  return at
}

const numberPattern = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/
const quote = 0x22
const comma = 0x2c
const minus = 0x2d
const zero = 0x30
const colon = 0x3a
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
