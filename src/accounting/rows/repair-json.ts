import { jsonrepair } from 'jsonrepair'
import { parseJson, type ParsedJson } from '../json-text/parse-json.js'

/** JSON that was read, and whether it had to be mended first. */
export type JsonReading =
  | {
      readonly type: 'read'
      readonly value: unknown
      /** What the value was parsed from: the text itself, or what mending made of it. */
      readonly text: string
      readonly isRepaired: boolean
    }
  | Exclude<ParsedJson, { type: 'parsed' }>

/** Longer text is not mended, in characters: jsonrepair's time grows with the square where commas are missing. */
export const maxRepairCharacters = 128 * 1024

/** Parses JSON as it is; only what does not parse is mended, and only when `canRepair`. */
export function readJson(text: string, canRepair: boolean): JsonReading {
  const parsed = parseJson(text)
  if (parsed.type === 'parsed') return { type: 'read', value: parsed.value, text, isRepaired: false }
  if (!canRepair || parsed.type !== 'not-json') return parsed
  return text.length > maxRepairCharacters ? tooLongToMend(parsed.reason) : (repairJson(text) ?? parsed)
}

function tooLongToMend(reason: string): JsonReading {
  const limit = maxRepairCharacters.toLocaleString('en')
  return { type: 'not-json', reason: `${reason} (above ${limit} characters nothing is mended)` }
}

/**
 * Mends a JSON object or list; `null` when nothing sound comes out of it. Prose is never mended: the library
 * would make a string of `Sorry, I cannot`. Nor may the kind change: it makes one list of two objects.
 */
function repairJson(text: string): JsonReading | null {
  const opening = /^(?:```\w*\s*)?([[{])/.exec(text)?.[1]
  const repaired = opening === undefined ? null : repairedText(text)
  const parsed = repaired === null ? null : parseJson(repaired)
  if (repaired === null || parsed?.type !== 'parsed') return null
  if (Array.isArray(parsed.value) !== (opening === '[')) return null
  return { type: 'read', value: parsed.value, text: repaired, isRepaired: true }
}

function repairedText(text: string): string | null {
  try {
    return jsonrepair(text)
  } catch {
    // Whatever it stumbles over (its own error, or the stack on deep nesting), the text stays unreadable.
    return null
  }
}
