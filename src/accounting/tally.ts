import { basename } from 'node:path'
import type { RowSample, UnreadableLine } from './triple-accounting.js'

/** Everything that is counted while the files are read; the last five end up in messages and warnings only. */
export const tallyTopics = [
  'missing',
  'unknown',
  'duplicate',
  'inBoth',
  'unreadable',
  'conflicting',
  'repeatedRequest',
  'differentRequest',
  'repeatedAnswer',
  'overruledFailure',
  'secondFailure',
] as const
export type TallyTopic = (typeof tallyTopics)[number]

export interface TallyEntry {
  readonly count: number
  /** The first five. */
  readonly samples: readonly RowSample[]
}

export const maxSamples = 5
export const maxUnreadableLines = 10_000
const maxSampleIdLength = 100

/** Counts with a few examples each: what a triple with a million faults costs is the same as one with five. */
export class Tally {
  readonly #counts = new Map<TallyTopic, number>()
  readonly #samples = new Map<TallyTopic, RowSample[]>()
  readonly #unreadableLines: UnreadableLine[] = []
  #unreadableInputLines = 0

  /** At most 10,000, in the order they were met. */
  get unreadableLines(): readonly UnreadableLine[] {
    return this.#unreadableLines
  }

  get unreadableInputLines(): number {
    return this.#unreadableInputLines
  }

  entry(topic: TallyTopic): TallyEntry {
    return { count: this.#counts.get(topic) ?? 0, samples: this.#samples.get(topic) ?? [] }
  }

  /** Counts one row. `line` is counted from 1. */
  add(topic: TallyTopic, id: string | null, path: string, line: number): void {
    this.#counts.set(topic, (this.#counts.get(topic) ?? 0) + 1)
    const samples = this.#samples.get(topic) ?? []
    if (samples.length >= maxSamples) return
    samples.push({ id: id === null ? null : shortened(id), at: `${basename(path)}:${line}` })
    this.#samples.set(topic, samples)
  }

  addUnreadable(line: UnreadableLine): void {
    this.add('unreadable', null, line.path, line.line)
    if (line.kind === 'input') this.#unreadableInputLines += 1
    if (this.#unreadableLines.length < maxUnreadableLines) this.#unreadableLines.push(line)
  }
}

function shortened(id: string): string {
  return id.length <= maxSampleIdLength ? id : `${id.slice(0, maxSampleIdLength)}…`
}
