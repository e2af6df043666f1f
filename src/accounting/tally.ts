import { basename } from 'node:path'
import type { RowSample, UnreadableLine } from './triple-accounting.js'

/** Everything that is counted while the files are read; what has no sample list ends up in messages and warnings only. */
export const tallyTopics = [
  'missing',
  'unknown',
  'duplicate',
  'inBoth',
  'unreadable',
  'conflicting',
  'unrecognised',
  'repeatedRequest',
  'answerAsRequest',
  'differentRequest',
  'repeatedAnswer',
  'overruledFailure',
  'overruledRow',
  'secondFailure',
  'chosenAnswer',
  'unproven',
  'opaque',
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
/** Ways to look, and endpoints, that are told apart; far more than a message names. */
const maxNames = 20

/** Counts with a few examples each: what a triple with a million faults costs is the same as one with five. */
export class Tally {
  readonly #counts = new Map<TallyTopic, number>()
  readonly #samples = new Map<TallyTopic, RowSample[]>()
  readonly #unreadableLines: UnreadableLine[] = []
  #unreadableInputLines = 0
  readonly #looks = new Map<string, number>()
  readonly #unknownEndpoints = new Set<string>()

  /** At most 10,000, in the order they were met. */
  get unreadableLines(): readonly UnreadableLine[] {
    return this.#unreadableLines
  }

  get unreadableInputLines(): number {
    return this.#unreadableInputLines
  }

  /** What the rows that are not understood look like, the most frequent first. */
  get looks(): readonly string[] {
    return [...this.#looks].toSorted(([, left], [, right]) => right - left).map(([look]) => look)
  }

  /** Endpoints of requests whose answers are not known here; the first few. */
  get unknownEndpoints(): readonly string[] {
    return [...this.#unknownEndpoints]
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

  /** Notes what a row that is not understood looks like: the name of a dialect, or the judge's code for it. */
  addLook(look = 'unrecognised_row'): void {
    if (this.#looks.has(look) || this.#looks.size < maxNames) {
      this.#looks.set(look, (this.#looks.get(look) ?? 0) + 1)
    }
  }

  addUnknownEndpoint(url: unknown): void {
    if (typeof url === 'string' && this.#unknownEndpoints.size < maxNames) {
      this.#unknownEndpoints.add(shortened(url))
    }
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
