import { asciiJson } from '../fake-server/ascii-json.js'
import { damaged } from '../fake-server/damage.js'
import { digest, shuffled } from '../fake-server/deterministic.js'
import { rowResult, type RowResult } from '../fake-server/outcomes.js'
import type { RowOutcome } from '../fake-server/plan.js'
import type { BatchRequest } from '../fake-server/wire.js'
import { createRandom, type Random } from './random.js'
import type { TripleRecipe } from './recipe.js'
import { answerText, customIdAt, makeRequest } from './requests.js'

/** The text of the three row files; `null` for a file without a line. */
export interface TripleTexts {
  readonly input: string
  readonly output: string | null
  readonly error: string | null
}

/** Makes the rows of a triple, as a real server would have written them, and damages them as the recipe says. */
export function tripleTexts(recipe: TripleRecipe, seed: number): TripleTexts {
  const random = createRandom(Number.parseInt(digest(seed, [recipe.index], 8), 16))
  const requests = Array.from({ length: recipe.requests }, (_, position) =>
    makeRequest(recipe.endpoint ?? 'chat', customIdAt(recipe.ids ?? 'plain', recipe.index, position), random),
  )
  const rows = orderedRows(recipe, seed, answerAll(recipe, seed, requests, random))
  const texts = damaged(
    { output: linesOf(rows, 'output'), error: linesOf(rows, 'error') },
    recipe.damage ?? {},
  )
  const input = `${requests.map((request) => JSON.stringify(request)).join('\n')}\n`
  return {
    input: resaved(recipe, input),
    output: resaved(recipe, texts.output),
    error: resaved(recipe, texts.error),
  }
}

function answerAll(
  recipe: TripleRecipe,
  seed: number,
  requests: readonly BatchRequest[],
  random: Random,
): readonly RowResult[] {
  const outcomes = outcomesOf(recipe, seed)
  return requests.flatMap((request, position) => {
    const customId = recipe.areAnswersForeign === true ? `foreign-${position + 1}` : request.custom_id
    const row = rowResult(outcomes[position] ?? 'success', {
      request: { ...request, custom_id: customId },
      tag: digest(seed, [recipe.index, position], 24),
      text: answerText(recipe.answers ?? 'text', random),
      refusal: null,
      finishReason: 'stop',
      createdAt,
    })
    return row ?? []
  })
}

/** 1 October 2025, 00:00 UTC: generated answers are always equally old. In seconds since 1970. */
const createdAt = 1_759_276_800

/** An outcome for each position. */
function outcomesOf({ requests, mix = {}, index }: TripleRecipe, seed: number): readonly RowOutcome[] {
  const special = Object.entries(mix).flatMap(([outcome, count]) =>
    Array.from({ length: count }, () => outcome as RowOutcome),
  )
  if (special.length > requests) {
    throw new Error(`Triple ${index} has ${requests} requests and outcomes for ${special.length}.`)
  }
  const rest = Array.from({ length: requests - special.length }, () => 'success' as const)
  return shuffled([...special, ...rest], seed + requests)
}

function orderedRows(recipe: TripleRecipe, seed: number, rows: readonly RowResult[]): readonly RowResult[] {
  return recipe.order === 'shuffled' ? shuffled(rows, seed + 1) : rows
}

function linesOf(rows: readonly RowResult[], file: 'output' | 'error'): readonly string[] {
  return rows.filter((row) => row.file === file).map(({ line }) => asciiJson(line))
}

function resaved<Text extends string | null>(recipe: TripleRecipe, text: Text): Text | string {
  if (recipe.isResaved !== true || text === null) return text
  return `\ufeff${text.replaceAll('\n', '\r\n')}`
}
