import { isNestedTooDeepValue } from './nesting.js'

/** One transition of a triple. */
export interface JournalEntry {
  /** ISO 8601, in UTC. */
  readonly at: string
  /** Names of states, such as `awaiting-online-files.waiting`. */
  readonly from: string
  readonly event: string
  readonly to: string
  /** Only where the triple came to rest: since when it rests there for the same reason, ISO 8601 in UTC. */
  readonly since?: string
  readonly facts?: Readonly<Record<string, unknown>>
}

/** `null` for what is no entry: a line that a crash or a hand left torn. One that nests beyond any stack is kept without its facts. */
export function parseJournalLine(line: string): JournalEntry | null {
  try {
    const value: unknown = JSON.parse(line)
    if (!isEntry(value)) return null
    if (!isNestedTooDeepValue(value)) return value
    const { at, from, event, to } = value
    return { at, from, event, to }
  } catch {
    return null
  }
}

/** The code of the problem that an entry notes; `null` without one. */
export function problemCodeOf(facts: JournalEntry['facts']): string | null {
  const code = fieldOfProblem(facts, 'code')
  return typeof code === 'string' ? code : null
}

/** Whether the problem that an entry notes is for a person; `false` without one. */
export const isProblemForPerson = (facts: JournalEntry['facts']): boolean =>
  fieldOfProblem(facts, 'needsPerson') === true

function fieldOfProblem(facts: JournalEntry['facts'], field: string): unknown {
  const problem = facts?.['problem']
  return typeof problem === 'object' && problem !== null ? Reflect.get(problem, field) : undefined
}

function isEntry(value: unknown): value is JournalEntry {
  if (typeof value !== 'object' || value === null) return false
  const isText = (key: string): boolean => typeof Reflect.get(value, key) === 'string'
  const facts: unknown = Reflect.get(value, 'facts')
  const since: unknown = Reflect.get(value, 'since')
  return (
    ['at', 'from', 'event', 'to'].every(isText) &&
    (since === undefined || typeof since === 'string') &&
    (facts === undefined || (typeof facts === 'object' && facts !== null))
  )
}
