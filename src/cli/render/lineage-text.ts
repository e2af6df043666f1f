import { failedForGoodOf, stoppedOf } from '../../accounting/results/lineage-rows.js'
import { failedForGoodText, sumOf, type RootedRows } from '../../engine/failed-for-good-text.js'
import { countOf } from '../../units.js'
import { terminalText } from './terminal-text.js'

/**
 * What failed for good or never ran, and the command that sends it again; two lines for each lineage, the first ones
 * only.
 *
 * @param root the workspace
 */
export function failedForGoodLines(lineages: readonly RootedRows[], root: string): readonly string[] {
  const lines = lineages.slice(0, mostNamed).flatMap((lineage) => {
    const { what, whatToDo } = failedForGoodText(lineage, root)
    return [terminalText(what), `  → ${terminalText(whatToDo)}`]
  })
  const rest = lineages.slice(mostNamed)
  if (rest.length === 0) return lines
  const requests = countOf(
    sumOf(rest, (lineage) => failedForGoodOf(lineage) + stoppedOf(lineage)),
    'request',
  )
  return [...lines, `… and ${requests} of ${countOf(rest.length, 'more triple')}; \`--json\` shows all.`]
}

const mostNamed = 5
