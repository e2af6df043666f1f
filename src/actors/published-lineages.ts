import type { LineageRows } from '../accounting/results/lineage-rows.js'

/** What the results of each lineage hold, as this run last wrote or read them: some numbers for each root. */
export interface PublishedLineages {
  /** To be called in the turn of the results file, so that the last word is that of the file. */
  note(rootIndex: string, rows: LineageRows): void
  /** `null` for a lineage whose results this run did not touch. */
  of(rootIndex: string): LineageRows | null
}

export function publishedLineages(): PublishedLineages {
  const known = new Map<string, LineageRows>()
  return {
    note: (rootIndex, rows) => void known.set(rootIndex, rows),
    of: (rootIndex) => known.get(rootIndex) ?? null,
  }
}
