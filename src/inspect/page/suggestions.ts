import type { TripleSummary } from '../protocol.js'
import { queryKeys, tokenOf, valuesOf, type QueryKey } from './query.js'

/** What the search field offers for the word that is being written. */
export interface Suggestion {
  readonly token: string
  /** How many triples have it; `null` for a key. */
  readonly count: number | null
  readonly what: string
}

const mostOffered = 9

const keyWords: Readonly<Record<QueryKey, string>> = {
  is: 'stuck, at work, done …',
  state: 'where it is on the chart',
  code: 'what is wrong with it',
  remote: 'what the server says',
  worker: 'which process has it',
  root: 'a triple and its retries',
  attempt: '2 is the first retry',
}

const ages = ['10min', '1h', '6h', '24h']

/** Keys while a word has none; else the values that occur under its key, the most frequent first. */
export function suggestionsFor(
  query: string,
  triples: readonly TripleSummary[],
  nowMs: number,
): readonly Suggestion[] {
  const word = lastWord(query)
  if (word.startsWith('age>')) {
    return ages.map((age) => ({ token: `age>${age}`, count: null, what: 'in its state for so long' }))
  }
  const key = queryKeys.find((known) => word.startsWith(`${known}:`))
  if (key !== undefined) return valuesFor(key, word, triples, nowMs)
  const keys = queryKeys.map((known) => ({ token: `${known}:`, count: null, what: keyWords[known] }))
  const all = [...keys, { token: 'age>', count: null, what: 'in its state for so long' }]
  return all.filter(({ token }) => token.startsWith(word.toLowerCase()))
}

function valuesFor(
  key: QueryKey,
  word: string,
  triples: readonly TripleSummary[],
  nowMs: number,
): readonly Suggestion[] {
  const counts = new Map<string, number>()
  for (const triple of triples) {
    for (const value of valuesOf[key](triple, nowMs)) counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  const written = word
    .slice(key.length + 1)
    .replaceAll('"', '')
    .toLowerCase()
  return [...counts]
    .filter(([value]) => value.toLowerCase().includes(written))
    .toSorted(([one, more], [other, less]) => less - more || (one < other ? -1 : 1))
    .slice(0, mostOffered)
    .map(([value, count]) => ({ token: tokenOf(key, value), count, what: '' }))
    .filter(({ token }) => token !== word)
}

/** The word at the end; a quoted value may have spaces. */
const lastWord = (query: string): string => /(?:\w+[:>])?(?:"[^"]*|[^\s"]*)$/.exec(query)?.[0] ?? ''

/** The query with its last word replaced, ready for the next one. */
export function withSuggestion(query: string, token: string): string {
  const before = query.slice(0, query.length - lastWord(query).length)
  return /[:>]$/.test(token) ? `${before}${token}` : `${before}${token} `
}
