import { stuckReason } from '../../engine/triple-story.js'
import { phaseOf, phases } from '../../engine/phases.js'
import type { TripleSummary } from '../protocol.js'
import { causeOf, workerName } from './triple-words.js'

/** What the viewer narrows the list by, as one text: `state:failed code:Quota age>24h some words`. */
export interface Query {
  readonly text: string
  readonly tests: readonly ((triple: TripleSummary, nowMs: number) => boolean)[]
}

/** What may stand before `:`, in the order it is offered. */
export const queryKeys = ['is', 'state', 'code', 'remote', 'worker', 'root', 'attempt'] as const
export type QueryKey = (typeof queryKeys)[number]

/** What `is:` may be: stuck, or the phase of one that is not. */
export const tripleKinds = [
  'stuck',
  ...phases.filter((phase) => phase !== 'failed' && phase !== 'needs-person'),
] as const
export type TripleKind = (typeof tripleKinds)[number]

export const kindOf = (triple: TripleSummary, nowMs: number): TripleKind => {
  if (stuckReason(triple, nowMs) !== null) return 'stuck'
  const phase = phaseOf(triple.state)
  return phase === 'failed' || phase === 'needs-person' ? 'at-work' : phase
}

/** Never throws: what is no token is looked for as a word. */
export function parseQuery(text: string): Query {
  return { text, tests: partsOf(text).map(testOf) }
}

const partsOf = (text: string): readonly string[] => text.match(/(?:\w+[:<>])?(?:"[^"]*"?|[^\s"]+)/g) ?? []

function testOf(part: string): Query['tests'][number] {
  const [, key = '', sign = '', value = ''] = /^(\w+)([:<>])(.+)$/s.exec(part) ?? []
  const age = key === 'age' && sign !== ':' ? ageOf(value) : null
  if (age !== null) {
    return ({ stateSinceMs }, nowMs) => {
      const ageMs = stateSinceMs === null ? null : nowMs - stateSinceMs
      return ageMs !== null && (sign === '>' ? ageMs >= age : ageMs < age)
    }
  }
  const values = sign === ':' && isKey(key) ? valuesOf[key] : null
  const wanted = unquoted(value)
  if (values !== null) return (triple, nowMs) => values(triple, nowMs).includes(wanted)
  const word = unquoted(part).toLowerCase()
  return (triple, nowMs) => saysWord(triple, word, nowMs)
}

const isKey = (key: string): key is QueryKey => queryKeys.some((known) => known === key)

/** What a triple has under each key. */
export const valuesOf: Readonly<
  Record<QueryKey, (triple: TripleSummary, nowMs: number) => readonly string[]>
> = {
  is: (triple, nowMs) => [kindOf(triple, nowMs)],
  state: ({ state }) => selfAndAncestors(state),
  code: (triple, nowMs) => listOf(triple.problem?.code ?? causeOf(triple, nowMs)),
  remote: ({ remoteStatus }) => listOf(remoteStatus),
  worker: ({ worker }) => listOf(workerName(worker)),
  root: ({ rootIndex }) => [rootIndex],
  attempt: ({ attempt }) => [String(attempt)],
}

const listOf = (value: string | null): readonly string[] => (value === null ? [] : [value])

/** `a.b.c` → `a.b.c`, `a.b`, `a`. */
export function selfAndAncestors(path: string): readonly string[] {
  const parts = path.split('.')
  return parts.map((_, dropped) => parts.slice(0, parts.length - dropped).join('.'))
}

function saysWord(triple: TripleSummary, word: string, nowMs: number): boolean {
  const { index, batchId, state, problem, worker } = triple
  const texts = [index, batchId, state, workerName(worker), problem?.code, problem?.message, problem?.hint]
  return [...texts, causeOf(triple, nowMs)].some((text) => text?.toLowerCase().includes(word) === true)
}

/** `24h` → milliseconds; `null` for what is no time. */
function ageOf(text: string): number | null {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(s|min|m|h|d)$/.exec(text) ?? []
  const unitMs = unitsMs[unit]
  return unitMs === undefined ? null : Number(number) * unitMs
}

const unitsMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

const unquoted = (text: string): string => text.replaceAll('"', '')

/** `key:value`, in quotes where the value has a space. */
export const tokenOf = (key: QueryKey, value: string): string =>
  `${key}:${/\s/.test(value) ? `"${value.replaceAll('"', '')}"` : value}`

export const hasToken = (text: string, token: string): boolean => partsOf(text).includes(token)

/** With the token where it was not, without it where it was; another of the same key makes way. */
export function toggleToken(text: string, token: string): string {
  const key = token.slice(0, token.indexOf(':') + 1)
  const others = partsOf(text).filter((part) => !part.startsWith(key))
  return (hasToken(text, token) ? others : [...others, token]).join(' ')
}
