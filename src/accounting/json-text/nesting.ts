import { countText } from '../../units.js'
import { maxNesting } from '../../workspace/nesting.js'
import { isClosing, isOpening, tokenEnd } from './tokens.js'

/** `error.code` of a row that is nested deeper than that. */
export const nestedTooDeep = 'nested_too_deep'

/** What is said of it. `what` begins the sentence. */
export function nestedTooDeepMessage(what: string): string {
  return `${what} is nested deeper than ${countText(maxNesting)} lists and objects.`
}

/**
 * True when lists and objects stand within each other more than `maxNesting` deep. Any text may be given; of one that
 * is no JSON the answer is a good guess.
 */
export function isNestedTooDeep(text: string): boolean {
  return text.length > 2 * maxNesting && hasManyOpenings(text) && isDeeper(text)
}

/** Rules out nearly every line without a look at its structure, brackets in strings counted in. */
function hasManyOpenings(text: string): boolean {
  let left = maxNesting
  for (const opening of ['[', '{']) {
    let at = text.indexOf(opening)
    for (; at !== -1 && left >= 0; at = text.indexOf(opening, at + 1)) left -= 1
  }
  return left < 0
}

function isDeeper(text: string): boolean {
  let depth = 0
  for (let at = 0; at < text.length && depth <= maxNesting; at = tokenEnd(text, at)) {
    const code = text.charCodeAt(at)
    if (isOpening(code)) depth += 1
    else if (isClosing(code)) depth -= 1
  }
  return depth > maxNesting
}
