import type { Cause } from '../../engine/causes.js'
import { countText } from '../../units.js'
import type { Style } from './style.js'
import { terminalText } from './terminal-text.js'

/** What several triples have in common: how many, its name, why, and some of them. */
export function groupLines(
  cause: Cause,
  { name, why }: { readonly name: string; readonly why: string },
  style: Style,
): readonly string[] {
  const counted = style.strong(`${countText(cause.count)} ×`)
  return [`${style.bad('✗')} ${counted} ${style.bad(name)}: ${terminalText(why)}`, `  ${sampleText(cause)}`]
}

/** `triples 1, 2, 3, 4, 5 and 33 more`. */
function sampleText({ count, sample, isOneKind }: Cause): string {
  const named = terminalText(sample.join(', '))
  const more = count > sample.length ? ` and ${countText(count - sample.length)} more` : ''
  return `triples ${named}${more}${isOneKind ? '' : ', in other words; `--json` has them'}`
}

/** What to do about it. */
export function cureLines({ first, isCureCommon }: Cause): readonly string[] {
  const { whatToDo } = first.story
  if (whatToDo === null) return []
  return [`  → ${isCureCommon ? '' : `for ${terminalText(first.index)}: `}${terminalText(whatToDo)}`]
}
