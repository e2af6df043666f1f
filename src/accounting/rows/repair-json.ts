import { jsonrepair } from 'jsonrepair'

/** JSON that was read, and whether it had to be mended first. */
export type JsonReading =
  | { readonly type: 'read'; readonly value: unknown; readonly isRepaired: boolean }
  | { readonly type: 'unreadable'; readonly reason: string }

/** Parses JSON as it is; only what does not parse is mended, and only when `canRepair`. */
export function readJson(text: string, canRepair: boolean): JsonReading {
  try {
    return { type: 'read', value: JSON.parse(text), isRepaired: false }
  } catch (error) {
    const repaired = canRepair ? repairJson(text) : undefined
    if (repaired !== undefined) return { type: 'read', value: repaired, isRepaired: true }
    return { type: 'unreadable', reason: messageOf(error) }
  }
}

/**
 * Mends a JSON object or list; `undefined` when nothing sound comes out of it. Prose is never mended: the library
 * would make a string of `Sorry, I cannot`. Nor may the kind change: it makes one list of two objects.
 */
function repairJson(text: string): unknown {
  const opening = /^(?:```\w*\s*)?([[{])/.exec(text)?.[1]
  if (opening === undefined) return undefined
  try {
    const value: unknown = JSON.parse(jsonrepair(text))
    return Array.isArray(value) === (opening === '[') ? value : undefined
  } catch {
    // Whatever it stumbles over (its own error, or the stack on very deep nesting), the text stays unreadable.
    return undefined
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
