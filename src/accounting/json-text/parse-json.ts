import { isNestedTooDeep } from './nesting.js'

export type ParsedJson =
  | { readonly type: 'parsed'; readonly value: unknown }
  | { readonly type: 'nested-too-deep' }
  | { readonly type: 'not-json'; readonly reason: string }

/** Parses JSON that is nested no deeper than what handles it can bear. Never throws. */
export function parseJson(text: string): ParsedJson {
  if (isNestedTooDeep(text)) return { type: 'nested-too-deep' }
  try {
    return { type: 'parsed', value: JSON.parse(text) }
  } catch (error) {
    return { type: 'not-json', reason: error instanceof Error ? error.message : String(error) }
  }
}
