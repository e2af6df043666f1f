/** A JSON object whose fields nobody has checked yet. */
export type JsonRecord = Readonly<Record<string, unknown>>

/** The value as an object, or `null` for anything else, arrays included. */
export function asRecord(value: unknown): JsonRecord | null {
  return isRecord(value) ? value : null
}

/** True for JSON objects; false for arrays and `null`. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value as text with something in it, or `null`. */
export function asText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** The objects among the elements of a list; empty for anything that is not a list. */
export function recordsIn(value: unknown): readonly JsonRecord[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}
