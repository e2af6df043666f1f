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
  const wanted = new Set([...values, ...values.filter(Array.isArray).flat()].filter(isContainer))
  if (wanted.size === 0) return noSpans
  const spans = new Map<object, Span>()
  walkJson(text, value, {
    container(found, start, end) {
      if (wanted.has(found)) spans.set(found, { start, end })
    },
  })
  return spans
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
