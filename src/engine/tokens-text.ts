import type { TokenCounts, TokenTotals } from '../../machines/index.js'
import { countOf, countText } from '../units.js'
import type { WorkspaceTokens } from './workspace-tokens.js'

/** The four numbers as a sentence without its full stop. */
export function tokensText({ input, cached, output, reasoning }: TokenCounts): string {
  return `${countText(input)} tokens of input (${countText(cached)} cached), ${countText(output)} of output (${countText(reasoning)} reasoning)`
}

/** Answers that name no tokens, or cannot be read; nothing where there are none. */
export function untoldLines(untold: number): readonly string[] {
  if (untold === 0) return []
  return [`Of ${countOf(untold, 'more row')} nobody can tell the tokens: they name none, or cannot be read.`]
}

/** What answers took; nothing where there are none. */
export function totalsLines(totals: TokenTotals | null, of: string): readonly string[] {
  if (totals === null || totals.input + totals.output + totals.untold === 0) return []
  return [`${tokensText(totals)} in ${of}.`, ...untoldLines(totals.untold)]
}

/** The same of a workspace. */
export function workspaceTokensLines({ totals, uncounted }: WorkspaceTokens): readonly string[] {
  const lines = totalsLines(totals, 'all answers that are here')
  if (uncounted === 0) return lines
  const triples = countOf(uncounted, 'finished triple')
  return [
    ...lines,
    `The tokens of ${triples} are not in it: nobody noted them; \`usage\` reads their answers.`,
  ]
}
