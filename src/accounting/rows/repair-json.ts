import { onFirstUse } from '../../on-first-use.js'
import { countText } from '../../units.js'
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

const loadRepair = onFirstUse(async () => (await import('jsonrepair')).jsonrepair)

/** Parses JSON as it is; only what does not parse is mended, and only when `canRepair`. */
export async function readJson(text: string, canRepair: boolean): Promise<JsonReading> {
  const parsed = parseJson(text)
  if (parsed.type === 'parsed') return { type: 'read', value: parsed.value, text, isRepaired: false }
  if (!canRepair || parsed.type !== 'not-json') return parsed
  if (text.length > maxRepairCharacters) return tooLongToMend(parsed.reason)
  return repairJson(text, await loadRepair()) ?? parsed
}

function tooLongToMend(reason: string): JsonReading {
  const limit = countText(maxRepairCharacters)
  return { type: 'not-json', reason: `${reason} (above ${limit} characters nothing is mended)` }
}

/**
 * Mends a JSON object or list; `null` when nothing sound comes out of it. Prose is never mended: the library
 * would make a string of `Sorry, I cannot`. Nor may the kind change: it makes one list of two objects.
 */
function repairJson(text: string, repair: Repair): JsonReading | null {
  const opening = /^(?:```\w*\s*)?([[{])/.exec(text)?.[1]
  const repaired = opening === undefined ? null : repairedText(text, repair)
  const parsed = repaired === null ? null : parseJson(repaired)
  if (repaired === null || parsed?.type !== 'parsed') return null
  if (Array.isArray(parsed.value) !== (opening === '[')) return null
  return { type: 'read', value: parsed.value, text: repaired, isRepaired: true }
}

type Repair = (text: string) => string

function repairedText(text: string, repair: Repair): string | null {
  try {
    return repair(text)
  } catch {
    // Whatever it stumbles over (its own error, or the stack on deep nesting), the text stays unreadable.
    return null
  }
}
