import { isBatchReconciliationError } from '../errors.js'

/** What keeps journals from being written, told once for all triples of a run. */
export interface JournalFaults {
  /** What to tell of it; `null` when the same has been told of another triple. */
  toTell(error: unknown): string | null
}

export function journalFaults(): JournalFaults {
  const told = new Set<string>()
  return {
    toTell(error) {
      const { code, message } = isBatchReconciliationError(error)
        ? error
        : { code: 'unknown', message: String(error) }
      if (told.has(code)) return null
      told.add(code)
      return `Journals cannot be written, so \`status\` and the page may tell what is past: ${message}`
    },
  }
}
