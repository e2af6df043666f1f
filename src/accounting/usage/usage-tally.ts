import { noTokens, sumOfTokens, type TokenCounts, type TokenTotals } from '../../../machines/index.js'
import type { PaidRow } from './paid-row.js'

/** What one model answered at one endpoint, and the tokens it took. */
export interface ModelUsage {
  /** As the answers name it; `null` where they do not. */
  readonly model: string | null
  /** Of the batch; `null` where neither its metadata nor its first request says. */
  readonly endpoint: string | null
  /** Answers with tokens. */
  readonly answers: number
  readonly tokens: TokenCounts
}

/** What answers took together. */
export interface Usage {
  /** The most tokens first. */
  readonly models: readonly ModelUsage[]
  /** Answers whose tokens nobody can tell: their body has no `usage`, or one that is not understood. */
  readonly untold: number
  /** Rows without an answer of a model: refused, failed or never run. Servers bill nothing for them. */
  readonly unanswered: number
}

/** The tokens of all models. */
export function totalsOf({ models, untold }: Pick<Usage, 'models' | 'untold'>): TokenTotals {
  return { ...models.reduce((sum, { tokens }) => sumOfTokens(sum, tokens), noTokens), untold }
}

/** Names come out of files, and a file may name a new model in each row. */
const mostModels = 1_000
/** In characters; prices have no longer ones either. */
const longestName = 200
const others = 'others'

/** What is known of one model so far; numbers that grow, for whoever adds a hundred thousand times. */
export interface ModelCounter {
  answers: number
  input: number
  cached: number
  output: number
  reasoning: number
}

/** Adds up usage. */
export class UsageTally {
  readonly #models = new Map<string, ModelCounter & Pick<ModelUsage, 'model' | 'endpoint'>>()
  #untold = 0
  #unanswered = 0

  addRow(paid: PaidRow, endpoint: string | null): void {
    if (paid.type === 'untold') this.#untold += 1
    else if (paid.type === 'unanswered') this.#unanswered += 1
    else addTo(this.counterOf(paid.model, endpoint), 1, paid.tokens)
  }

  addUntold(): void {
    this.#untold += 1
  }

  addAll({ models, untold, unanswered }: Usage): void {
    for (const { model, endpoint, answers, tokens } of models)
      addTo(this.counterOf(model, endpoint), answers, tokens)
    this.#untold += untold
    this.#unanswered += unanswered
  }

  /** Where answers of a model are added up. */
  counterOf(name: string | null, endpoint: string | null): ModelCounter {
    const model = name?.slice(0, longestName) ?? null
    const own = JSON.stringify([model, endpoint])
    const known = this.#models.get(own)
    if (known !== undefined) return known
    const isRoom = this.#models.size < mostModels
    const key = isRoom ? own : others
    const named = isRoom ? { model, endpoint } : { model: others, endpoint: null }
    const counter = this.#models.get(key) ?? { ...named, answers: 0, ...noTokens }
    this.#models.set(key, counter)
    return counter
  }

  get usage(): Usage {
    const models = [...this.#models.values()]
      .map(({ model, endpoint, answers, input, cached, output, reasoning }) => {
        return { model, endpoint, answers, tokens: { input, cached, output, reasoning } }
      })
      .toSorted((left, right) => sizeOf(right) - sizeOf(left))
    return { models, untold: this.#untold, unanswered: this.#unanswered }
  }
}

function addTo(counter: ModelCounter, answers: number, tokens: TokenCounts): void {
  counter.answers += answers
  counter.input += tokens.input
  counter.cached += tokens.cached
  counter.output += tokens.output
  counter.reasoning += tokens.reasoning
}

const sizeOf = ({ tokens }: ModelUsage): number => tokens.input + tokens.output
