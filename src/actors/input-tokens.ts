import { isBatchReconciliationError } from '../errors.js'
import { estimateBatches } from '../providers/estimate/estimate-batches.js'
import { requireTokenizer } from '../providers/estimate/tokenizer.js'
import type { InputLimits } from '../providers/split-input.js'
import type { TokenBound } from '../providers/token-bound.js'
import type { FileSystem } from '../workspace/file-system.js'

/** What the input of one batch takes. */
export interface InputTokens {
  readonly tokens: number
  /** By the tokenizer; else these are its bytes, which are more. */
  readonly isCounted: boolean
}

export interface InputTokensInquiry {
  readonly fileSystem: FileSystem
  readonly limits: InputLimits
  readonly signal: AbortSignal
  /** Absolute path of the input. */
  readonly path: string
  readonly bound: TokenBound
}

/**
 * Counts an input where the tokenizer is installed, and gives the upper end of the estimate of a large one; else its bytes,
 * as no token of text is less than one. What stands elsewhere, such as the picture of a link, counts as the link.
 */
export async function inputTokensOf({
  fileSystem: fs,
  limits,
  signal,
  path,
  bound,
}: InputTokensInquiry): Promise<InputTokens> {
  const atMost: InputTokens = { tokens: bound.inputTokens, isCounted: false }
  if (!(await hasTokenizer())) return atMost
  const { batches } = await estimateBatches({ fs, limits, signal }, path)
  const tokens = batches.reduce((sum, { input }) => sum + input.tokens + input.error, 0)
  return tokens < atMost.tokens ? { tokens, isCounted: true } : atMost
}

function hasTokenizer(): Promise<boolean> {
  return requireTokenizer().then(
    () => true,
    (error: unknown) => {
      if (isBatchReconciliationError(error) && error.code === 'WrongUsage') return false
      throw error
    },
  )
}
