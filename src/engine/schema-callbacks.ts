import type { ReconciledRow } from '../accounting/rows/evaluate-row.js'
import type { RunDependencies } from '../actors/dependencies.js'
import type { RowProcessor } from '../actors/processors.js'
import type { Choices } from './parse-options.js'

type Callbacks = Pick<RunDependencies, 'processOutput' | 'processErrors' | 'shouldRetry'>

/**
 * The callbacks as the run calls them. Where there is a schema they rely on its type, so `content` is what it accepted
 * and nothing else: the partial text of an answer that was cut comes as `rawText`.
 */
export function schemaCallbacks({ schema, processOutput, processErrors, shouldRetry }: Choices): Callbacks {
  if (schema === undefined) return { processOutput, processErrors, shouldRetry }
  return {
    processOutput: processOutput && withAccepted(processOutput),
    processErrors: processErrors && withAccepted(processErrors),
    shouldRetry: shouldRetry && ((row) => shouldRetry(acceptedOnly(row))),
  }
}

const withAccepted =
  (processor: RowProcessor): RowProcessor =>
  (row, context) =>
    processor(acceptedOnly(row), context)

/** Answers with an error of their own never come to the schema (`evaluateRow`). */
function acceptedOnly(row: ReconciledRow): ReconciledRow {
  if (row.error === null || row.content === null) return row
  return { ...row, content: null, contents: null, rawText: row.rawText ?? textOf(row.content) }
}

const textOf = (content: unknown): string => (typeof content === 'string' ? content : JSON.stringify(content))
