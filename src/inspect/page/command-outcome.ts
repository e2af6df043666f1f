import { isDoneState } from '../../../machines/state-paths.js'
import { countText } from '../../units.js'
import type { CommandsAnswer, TripleCommandType, TripleSummary } from '../protocol.js'
import { stateWords } from './triple-words.js'

/** A command that was sent. */
export interface AskedFor {
  readonly indices: readonly string[]
  readonly type: TripleCommandType
  /** When each triple had last come to rest. */
  readonly before: ReadonlyMap<string, number | null>
  readonly atMs: number
}

/**
 * What happened, not what was accepted: `Tried again at 10:06: failed again, ECONNREFUSED`.
 *
 * @param answer `null` until there is one; a text when there was none
 */
export function outcomeText(
  { indices, type, before, atMs }: AskedFor,
  answer: CommandsAnswer | string | null,
  triples: readonly TripleSummary[],
): string {
  const what = type === 'triple.retry' ? 'Retry' : 'Rescan'
  if (answer === null) return `${what}: asking…`
  if (typeof answer === 'string') return `${what} got no answer: ${answer}`
  const { accepted, refused } = answer
  const reasons = refused.map(({ reason, count }) =>
    indices.length === 1 ? reason : `${countText(count)}: ${reason}`,
  )
  const refusal = refused.length === 0 ? '' : `${what} refused: ${reasons.join(' ')}`
  if (accepted === 0) return refusal
  const rested = triples.filter(
    ({ index, restedAtMs }) => before.has(index) && restedAtMs !== null && restedAtMs !== before.get(index),
  )
  const time = new Date(atMs).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
  const begin = type === 'triple.retry' ? `Tried again at ${time}` : `Looked again at ${time}`
  const waiting = accepted - rested.length
  const ends = [...endsOf(rested), ...(waiting > 0 ? [[waitingWords(indices.length), waiting] as const] : [])]
  const told = ends.map(([words, count]) => (indices.length === 1 ? words : `${countText(count)} ${words}`))
  return [`${begin}: ${told.join(', ')}.`, refusal].filter((part) => part !== '').join(' ')
}

const waitingWords = (asked: number): string => (asked === 1 ? 'under way…' : 'under way')

/** Where they came to rest, the most frequent first. */
function endsOf(rested: readonly TripleSummary[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>()
  for (const { state, problem } of rested) {
    const words = isDoneState(state)
      ? 'done'
      : problem === null
        ? stateWords(state).toLowerCase()
        : `stopped again, ${problem.code}`
    counts.set(words, (counts.get(words) ?? 0) + 1)
  }
  return [...counts].toSorted(([, one], [, other]) => other - one).slice(0, mostEnds)
}

const mostEnds = 4
