import { char, isClosing, isOpening, skipSpace, stringValue, tokenEnd } from './tokens.js'

/** What is told of a text while it is walked. Positions are those of the value: first character, and behind the last. */
export interface JsonVisitor {
  /** A list or an object of the parsed value; told when it closes. */
  container(value: object, start: number, end: number): void
  /** Text, number, true, false or null in a list or an object of the parsed value. */
  scalar?(parent: object, key: string | number, start: number, end: number): void
}

/**
 * Walks a text beside the value it was parsed to, and says where each part of the value stands. Of a key that repeats
 * the last one counts, as it does for `JSON.parse`: what is said later of the same part takes the place of what was
 * said before. Linear, and without recursion.
 *
 * @param text what `JSON.parse` made `root` of
 */
export function walkJson(text: string, root: unknown, visitor: JsonVisitor): void {
  const frames: Frame[] = []
  let frame: Frame | undefined
  for (let at = skipSpace(text, 0), end = 0; at < text.length; at = skipSpace(text, end)) {
    end = tokenEnd(text, at)
    const code = text.charCodeAt(at)
    if (isOpening(code)) frames.push((frame = openFrame(frame, root, at, code === char.openList)))
    else if (isClosing(code)) {
      if (frame?.value != null) visitor.container(frame.value, frame.start, end)
      frames.pop()
      frame = frames.at(-1)
    } else if (frame !== undefined) takeToken(frame, text, at, end, visitor)
  }
}

interface Frame {
  /** `null` where the text stands for nothing in the parsed value: behind an earlier one of two equal keys. */
  readonly value: Readonly<Record<string | number, unknown>> | null
  readonly isList: boolean
  readonly start: number
  /** Of the member or item that is at hand. */
  key: string | number
  isAtKey: boolean
}

function openFrame(parent: Frame | undefined, root: unknown, start: number, isList: boolean): Frame {
  const value = parent === undefined ? root : valueIn(parent)
  return { value: containerOf(value, isList), isList, start, key: isList ? 0 : '', isAtKey: !isList }
}

// Own members only: `__proto__` may be one, and is there without being one.
function valueIn({ value, key }: Frame): unknown {
  return value !== null && Object.hasOwn(value, key) ? value[key] : undefined
}

function containerOf(value: unknown, isList: boolean): Frame['value'] {
  const fits = typeof value === 'object' && value !== null && Array.isArray(value) === isList
  return fits ? (value as Frame['value']) : null
}

function takeToken(frame: Frame, text: string, start: number, end: number, visitor: JsonVisitor): void {
  const code = text.charCodeAt(start)
  if (code === char.comma) {
    if (typeof frame.key === 'number') frame.key += 1
    else frame.isAtKey = true
  } else if (frame.isAtKey) {
    if (frame.value !== null) frame.key = stringValue(text, start, end)
    frame.isAtKey = false
  } else if (code !== char.colon && frame.value !== null && visitor.scalar !== undefined) {
    visitor.scalar(frame.value, frame.key, start, end)
  }
}
