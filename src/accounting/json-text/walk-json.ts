import { char, isClosing, isOpening, skipSpace, stringValue, tokenEnd, valueEnd } from './tokens.js'

/** What is told of a text while it is walked. Positions are those of the value: first character, and behind the last. */
export interface JsonVisitor {
  /** Whether a list or an object of the parsed value is looked into. */
  isWorthALook(value: object): boolean
  /** A list or an object of the parsed value. */
  container(value: object, start: number, end: number): void
  /** Text, number, true, false or null in a list or an object that is looked into. */
  scalar?(parent: object, key: Key, start: number, end: number): void
}

/** Name of a member, or number of an item. */
export type Key = string | number

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
    const code = text.charCodeAt(at)
    if (isOpening(code)) {
      const value = containerOf(frame === undefined ? root : valueIn(frame), code === char.openList)
      const isEntered = value !== null && visitor.isWorthALook(value)
      end = isEntered ? at + 1 : valueEnd(text, at)
      if (isEntered) frames.push((frame = openFrame(value, at)))
      else if (value !== null) visitor.container(value, at, end)
    } else if (isClosing(code)) {
      end = at + 1
      if (frame !== undefined) visitor.container(frame.value, frame.start, end)
      frames.pop()
      frame = frames.at(-1)
    } else {
      end = tokenEnd(text, at)
      if (frame !== undefined) takeToken(frame, text, at, end, visitor)
    }
  }
}

type Container = Readonly<Record<Key, unknown>>

/** A list or an object that is being looked into. */
interface Frame {
  readonly value: Container
  readonly start: number
  /** Of the member or item that is at hand. */
  key: Key
  isAtKey: boolean
}

function openFrame(value: Container, start: number): Frame {
  const isList = Array.isArray(value)
  return { value, start, key: isList ? 0 : '', isAtKey: !isList }
}

// Own members only: `__proto__` may be one, and is there without being one.
function valueIn({ value, key }: Frame): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined
}

/** `null` where the text stands for nothing in the parsed value: behind an earlier one of two equal keys. */
function containerOf(value: unknown, isList: boolean): Container | null {
  const fits = typeof value === 'object' && value !== null && Array.isArray(value) === isList
  return fits ? (value as Container) : null
}

function takeToken(frame: Frame, text: string, start: number, end: number, visitor: JsonVisitor): void {
  const code = text.charCodeAt(start)
  if (code === char.comma) {
    if (typeof frame.key === 'number') frame.key += 1
    else frame.isAtKey = true
  } else if (frame.isAtKey) {
    frame.key = stringValue(text, start, end)
    frame.isAtKey = false
  } else if (code !== char.colon) visitor.scalar?.(frame.value, frame.key, start, end)
}
