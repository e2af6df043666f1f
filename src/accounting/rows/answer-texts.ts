import { findExactTexts, type JsonSource } from '../json-text/exact-texts.js'
import type { Answer } from './answer.js'
import type { ResultLine } from './result-line.js'

/** Parts of an answer as JSON text, as they stand in the line of the server but for white space. */
export interface AnswerTexts {
  /** One for each content, in order; `null` for a content that is text or none: those are not read from JSON. */
  readonly contents: readonly (string | null)[]
  readonly toolCalls: string | null
  readonly usage: string | null
}

/** Every content of an answer: several when the request asked for several. */
export function contentsOf({ content, contents }: Answer): readonly unknown[] {
  return contents ?? [content]
}

/** Finds the texts of an answer's parts in the line it was read from. */
export function answerTexts(line: ResultLine, answer: Answer): AnswerTexts {
  const { toolCalls, usage } = answer
  const contents = contentsOf(answer)
  const exactText = findExactTexts(sourceOf(line), [toolCalls, usage, ...contents])
  const textOf = (part: unknown): string | null =>
    part === null || typeof part === 'string' ? null : exactText(part)
  return { toolCalls: textOf(toolCalls), usage: textOf(usage), contents: contents.map(textOf) }
}

function sourceOf({ text, raw, bodySource }: ResultLine): JsonSource | null {
  return bodySource ?? (text === null ? null : { text, value: raw })
}
