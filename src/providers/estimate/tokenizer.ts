import type { Problem } from '../../../machines/index.js'
import { loadPackage } from '../../load-package.js'
import type { TokenEncoding } from './encoding-of.js'

/** Gives the number of tokens of a text. */
export type CountTokens = (text: string) => number

/**
 * The tokenizer, which users install beside this package; some 60 MB of memory once it is loaded.
 *
 * @throws WrongUsage when it cannot be loaded
 */
export async function loadTokenizer(encoding: TokenEncoding): Promise<CountTokens> {
  const { countTokens, clearMergeCache } = await loadPackage(encodings[encoding], isMissing)
  let isOld = 0
  return (text) => {
    isOld += text.length
    // It remembers words as parts of the texts that they stand in, and thereby the texts.
    if (isOld > mostRemembered) {
      clearMergeCache()
      isOld = text.length
    }
    let tokens = 0
    for (const piece of piecesOf(text)) tokens += countTokens(piece, asPlainText)
    return tokens
  }
}

/** Throws `WrongUsage` when the tokenizer is not installed, before a file is read for nothing. */
export async function requireTokenizer(): Promise<void> {
  await loadPackage(() => import('gpt-tokenizer/constants'), isMissing)
}

const isMissing: Problem = {
  code: 'WrongUsage',
  message: 'The package gpt-tokenizer cannot be loaded; it counts the tokens of an estimate.',
  hint: 'Install it beside this one: npm install gpt-tokenizer@4',
}

const encodings = {
  o200k_base: () => import('gpt-tokenizer/encoding/o200k_base'),
  cl100k_base: () => import('gpt-tokenizer/encoding/cl100k_base'),
} as const satisfies Record<TokenEncoding, unknown>

/** In characters. */
const mostRemembered = 4_000_000

/** Somebody may ask about `<|endoftext|>`; servers take it for text as well. */
const asPlainText = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() }

/** In characters. To count one word takes time by the square of its length, and some scripts write without spaces. */
const longestPiece = 1_000

/**
 * Cut before a space that follows none, where a token never goes across; in the middle of a longer word, which may
 * count a token too many.
 */
function* piecesOf(text: string): Iterable<string> {
  let start = 0
  while (text.length - start > longestPiece) {
    const end = endOfPiece(text, start)
    yield text.slice(start, end)
    start = end
  }
  yield text.slice(start)
}

function endOfPiece(text: string, start: number): number {
  const most = start + longestPiece
  for (let at = most; at > start + longestPiece / 2; at -= 1) {
    if (text[at] === ' ' && !isSpace(text[at - 1]) && !isSpace(text[at + 1])) return at
  }
  return isSecondHalf(text.charCodeAt(most)) ? most - 1 : most
}

const isSpace = (character: string | undefined): boolean => character === undefined || /\s/.test(character)

/** Of a character that takes two places, such as an emoji. */
const isSecondHalf = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff
