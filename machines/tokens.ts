/** Tokens of answers, as their servers count them. */
export interface TokenCounts {
  /** All of the input, `cached` included. */
  readonly input: number
  /** Of the input, what the server had read before, which most bill for less. */
  readonly cached: number
  /** All of the output, `reasoning` included. */
  readonly output: number
  /** Of the output, what was thought and not said. */
  readonly reasoning: number
}

/** What the answers of triples took together, good or not. */
export interface TokenTotals extends TokenCounts {
  /** Answers whose tokens nobody can tell. */
  readonly untold: number
}

/** In the order in which they are told. */
export const tokenKinds = [
  'input',
  'cached',
  'output',
  'reasoning',
] as const satisfies readonly (keyof TokenCounts)[]

export const noTokens: TokenCounts = { input: 0, cached: 0, output: 0, reasoning: 0 }

export function sumOfTokens(one: TokenCounts, other: TokenCounts): TokenCounts {
  return {
    input: one.input + other.input,
    cached: one.cached + other.cached,
    output: one.output + other.output,
    reasoning: one.reasoning + other.reasoning,
  }
}

/** `null` where nobody counted any. */
export function sumOfTotals(all: Iterable<TokenTotals | null>): TokenTotals | null {
  let tokens = noTokens
  let untold = 0
  let isCounted = false
  for (const one of all) {
    if (one === null) continue
    isCounted = true
    tokens = sumOfTokens(tokens, one)
    untold += one.untold
  }
  return isCounted ? { ...tokens, untold } : null
}
