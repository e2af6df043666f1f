import type { RequestsFileProblem } from './check-request-line.js'
import { countOf } from '../units.js'

/** Kinds listed in a report; the count has all problems. */
export const maxListedKinds = 20

/** All problems of one kind, told by the first of them: five thousand lines are mended in one stroke, or not at all. */
export interface ProblemKind extends RequestsFileProblem {
  /** How often it was found, the first time included. */
  readonly count: number
}

/** Takes problems one by one and keeps the first of each kind with its count; bounded whatever comes. */
export class ProblemKinds {
  readonly #kinds = new Map<string, { readonly first: RequestsFileProblem; count: number }>()
  #total = 0

  get total(): number {
    return this.#total
  }

  add(problem: RequestsFileProblem): void {
    this.#total += 1
    const key = JSON.stringify([problem.code, problem.param, problem.kind ?? ''])
    const known = this.#kinds.get(key)
    if (known !== undefined) known.count += 1
    else if (this.#kinds.size < maxListedKinds) this.#kinds.set(key, { first: problem, count: 1 })
  }

  /** At most 20, in the order in which they were met first. */
  list(): readonly ProblemKind[] {
    return [...this.#kinds.values()].map(({ first, count }) => ({ ...first, count }))
  }
}

/** `invalid_json_line. The line is not a JSON object: not valid JSON, at column 7. So are 19 more lines.` */
export function kindWords({ code, message, count }: ProblemKind): string {
  const others = count - 1
  if (others === 0) return `${code}. ${message}`
  return `${code}. ${message} The same ${countOf(others, 'more time')}.`
}
