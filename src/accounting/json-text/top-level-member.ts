import { char, skipSpace, stringValue, tokenEnd, valueEnd } from './tokens.js'

/** Where a member of the outermost object stands in its text. */
export interface MemberPosition {
  /** Of the comma before it; of its key where it is the first member. */
  readonly start: number
  readonly valueStart: number
  /** Behind the value. */
  readonly end: number
}

/** Finds a member of the outermost object, the last one when its key repeats; `null` when there is none. */
export function findMember(text: string, name: string): MemberPosition | null {
  let found: MemberPosition | null = null
  for (const { key, ...position } of membersOf(text)) if (key === name) found = position
  return found
}

/** The members of the outermost object as they are written, by key; the last one of a key that repeats. */
export function memberTexts(text: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const { key, valueStart, end } of membersOf(text)) texts.set(key, text.slice(valueStart, end))
  return texts
}

function* membersOf(text: string): Generator<MemberPosition & { readonly key: string }, void, undefined> {
  let at = skipSpace(text, skipSpace(text, 0) + 1)
  for (let start = at; text.charCodeAt(at) === char.quote;) {
    const keyEnd = tokenEnd(text, at)
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const end = valueEnd(text, valueStart)
    yield { key: stringValue(text, at, keyEnd), start, valueStart, end }
    start = skipSpace(text, end)
    at = skipSpace(text, start + 1)
  }
}
