import type { TripleReport } from '../../engine/report.js'
import { expectedRows, type TripleRecipe } from '../../testing/generate-workspace/recipe.js'
import { failedRows } from './outcome-table.js'
import { countText } from '../../units.js'

/** Names what is wrong in the demo's workspace because the demo made it so. */
export function brokenOnPurpose(recipes: readonly TripleRecipe[]): string {
  const broken = recipes.filter(({ expected }) => expected.code !== null && expected.outcome !== 'pending')
  const list = broken.map(({ index, about }) => `${index}: ${about}`).join('; ')
  return `Broken on purpose, and found: ${list}.`
}

/** One line for each triple that ended otherwise than its recipe says; none when all is as it should be. */
export function demoDifferences(
  recipes: readonly TripleRecipe[],
  reports: readonly TripleReport[],
): readonly string[] {
  const byIndex = new Map(reports.map((report) => [report.index, report]))
  return recipes.flatMap((recipe) => {
    const expected = expectedText(recipe)
    const found = foundText(recipe, byIndex.get(recipe.index))
    return expected === found
      ? []
      : [`Triple ${recipe.index} should end as ${expected}; it ended as ${found}.`]
  })
}

function expectedText(recipe: TripleRecipe): string {
  const { outcome, code } = recipe.expected
  const { success, failed, retryable } = expectedRows(recipe)
  return outcome === 'done' ? doneText(success, failed, retryable) : withCode(outcome, code)
}

function foundText({ expected }: TripleRecipe, report: TripleReport | undefined): string {
  if (report === undefined) return 'nothing: it is not in the report'
  const { outcome, rows, problem } = report
  if (outcome.type !== 'done' || expected.outcome !== 'done' || rows === null) {
    return withCode(outcome.type, problem?.code ?? null)
  }
  return doneText(rows.success, failedRows(rows), rows.retryable)
}

function withCode(outcome: string, code: string | null): string {
  return code === null ? outcome : `${outcome} (${code})`
}

function doneText(success: number, failed: number, retryable: number): string {
  return `done (${countText(success)} ok, ${countText(failed)} failed, ${countText(retryable)} to try again)`
}
