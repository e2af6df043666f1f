import { compactJson } from './compact-json.js'
import { walkJson } from './walk-json.js'

/** A text and what `JSON.parse` made of it. */
export interface JsonSource {
  readonly text: string
  readonly value: unknown
}

/**
 * Finds the JSON text of values in the source they were read from: on one line, and `1.0` stays `1.0`. Lists and
 * objects are known by identity. A list that was put together of parts of the source is put together of their texts;
 * anything else is written by `JSON.stringify`.
 *
 * @param source `null` when the text is not at hand
 * @param wanted the values that will be asked for: the source is walked once for all of them
 */
export function findExactTexts(
  source: JsonSource | null,
  wanted: readonly unknown[],
): (value: unknown) => string {
  const spans = source === null ? noSpans : findSpans(source, wanted)
  const textOf = (value: unknown): string => {
    const span = isContainer(value) ? spans.get(value) : undefined
    if (span !== undefined && source !== null) return compactJson(source.text.slice(span.start, span.end))
    return Array.isArray(value) ? `[${value.map(textOf).join(',')}]` : JSON.stringify(value)
  }
  return textOf
}

interface Span {
  readonly start: number
  readonly end: number
}

const noSpans: ReadonlyMap<object, Span> = new Map()

function findSpans({ text, value }: JsonSource, values: readonly unknown[]): ReadonlyMap<object, Span> {
  const wanted = wantedOf(values)
  if (wanted.size === 0) return noSpans
  const spans = new Map<object, Span>()
  const holders = findHolders(value, wanted)
  walkJson(text, value, {
    isWorthALook: (container) => holders.has(container),
    container(found, start, end) {
      if (wanted.has(found)) spans.set(found, { start, end })
    },
  })
  return spans
}

/** The lists and objects among the values, and those that lists among them hold. */
function wantedOf(values: readonly unknown[]): ReadonlySet<object> {
  const wanted = new Set<object>()
  for (const value of values) {
    if (isContainer(value)) wanted.add(value)
    if (Array.isArray(value)) for (const item of value) if (isContainer(item)) wanted.add(item)
  }
  return wanted
}

/**
 * The lists and objects that hold a wanted one, at any depth: the rest of the text is passed over. Looks level by level,
 * and no further than it must: what is wanted of nearly every row stands high up.
 */
function findHolders(root: unknown, wanted: ReadonlySet<object>): ReadonlySet<object> {
  const holders = new Set<object>()
  let left = wanted.size
  const queue: Place[] = isContainer(root) ? [{ value: root, holder: null }] : []
  // The queue grows while it is walked.
  for (const place of queue) {
    if (wanted.has(place.value)) {
      markHolders(place, holders)
      left -= 1
    }
    if (left === 0) break
    for (const value of Object.values(place.value))
      if (isContainer(value)) queue.push({ value, holder: place })
  }
  return holders
}

/** A list or an object, and the one it stands in. */
interface Place {
  readonly value: object
  readonly holder: Place | null
}

function markHolders({ holder }: Place, holders: Set<object>): void {
  for (let place = holder; place !== null && !holders.has(place.value); place = place.holder)
    holders.add(place.value)
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
