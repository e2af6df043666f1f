import { compactJson } from './compact-json.js'
import { hasInexactNumber } from './inexact-numbers.js'

/** The text of a value, and what parsing it has lost. */
export interface ExactJson {
  /** On one line, otherwise as it was written. */
  readonly json: string
  /** A double gives back other digits than were written. */
  readonly hasInexactNumbers: boolean
}

/** @param text what `value` was parsed from, trimmed */
export function exactJson(text: string, value: unknown): ExactJson {
  // A text has no numbers, and no white space around it.
  if (typeof value === 'string') return { json: text, hasInexactNumbers: false }
  const spelled = JSON.stringify(value)
  // Nearly always the engine spells a value as it was written; nothing of it has to be looked at then.
  if (spelled === text) return { json: text, hasInexactNumbers: false }
  const json = compactJson(text)
  return { json, hasInexactNumbers: json !== spelled && hasInexactNumber(json, spelled) }
}
