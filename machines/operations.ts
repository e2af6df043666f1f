import type { TripleFacts } from './facts.js'
import type { Problem } from './problem.js'

/** The 13 reconciliation steps, with the seed's names. */
export const batchFileReconciliationOperations = [
  'EnsureInputRequestIdsMatchErrorRequestIds',
  'EnsureInputRequestIdsMatchOutputRequestIds',
  'EnsureInputRequestIdsMatchOutputRequestIdsCombinedWithErrorRequestIds',
  'ProcessBatchErrorFile',
  'ProcessBatchOutputFile',
  'MoveBatchInputAndErrorToTheDoneDirectory',
  'MoveBatchInputAndOutputToTheDoneDirectory',
  'MoveBatchTripleToTheDoneDirectory',
  'CheckForBatchOutputAndErrorFileOnline',
  'RecalculateRecommendedCourseOfActionIfTripleChanged',
  'CheckForBatchErrorFileOnline',
  'DownloadBatchOutputAndMaybeErrorFileOnline',
  'DownloadBatchOutputFileOnline',
] as const

export type BatchFileReconciliationOperation = (typeof batchFileReconciliationOperations)[number]

/** What happens to an error file; both are real here (the seed's second one was empty). */
export const batchErrorFileProcessingOperations = ['LogErrors', 'RetryFailedRequests'] as const
export type BatchErrorFileProcessingOperation = (typeof batchErrorFileProcessingOperations)[number]

/** The ordered operations for a triple, or the problem that leaves nothing to do. */
export type CourseOfAction =
  | {
      readonly type: 'operations'
      readonly operations: readonly BatchFileReconciliationOperation[]
      readonly why: string
    }
  | { readonly type: 'problem'; readonly problem: Problem }

type Shape = Pick<TripleFacts, 'index' | 'input' | 'output' | 'error'>

/**
 * Chooses the operations from the files that stand on disk, as the seed does
 * (seed: `BatchFileTriple::get_recommended_course_of_action`). Pure: `plan` prints what the machine walks.
 */
export function recommendedOperations(shape: Shape): CourseOfAction {
  const { input, output, error } = shape
  if (input === null) return withoutInput(shape)
  if (output !== null && error !== null) return walk(combinedWalk, 'input, output and error file are here')
  if (output !== null) return walk(outputWalk, 'input and output file are here')
  if (error !== null) return walk(errorWalk, 'input and error file are here')
  return walk(onlineWalk, 'only the input file is here')
}

const onlineWalk = [
  'CheckForBatchOutputAndErrorFileOnline',
  'RecalculateRecommendedCourseOfActionIfTripleChanged',
] as const

const outputWalk = [
  'EnsureInputRequestIdsMatchOutputRequestIds',
  'ProcessBatchOutputFile',
  'MoveBatchInputAndOutputToTheDoneDirectory',
] as const

const errorWalk = [
  'EnsureInputRequestIdsMatchErrorRequestIds',
  'ProcessBatchErrorFile',
  'MoveBatchInputAndErrorToTheDoneDirectory',
] as const

const combinedWalk = [
  'EnsureInputRequestIdsMatchOutputRequestIdsCombinedWithErrorRequestIds',
  'ProcessBatchErrorFile',
  'ProcessBatchOutputFile',
  'MoveBatchTripleToTheDoneDirectory',
] as const

function walk(operations: readonly BatchFileReconciliationOperation[], why: string): CourseOfAction {
  return { type: 'operations', operations, why }
}

function withoutInput({ index, output, error }: Shape): CourseOfAction {
  if (output === null && error === null) {
    return {
      type: 'problem',
      problem: {
        code: 'NoBatchFileTripleAtIndex',
        message: `No input, output or error file stands at index ${index}.`,
        hint: 'Put the files back into workdir/, or remove what is left of this triple (a lone metadata file).',
        needsPerson: true,
        facts: { index },
      },
    }
  }
  const found = [output, error].flatMap((file) => (file === null ? [] : [file.path]))
  return {
    type: 'problem',
    problem: {
      code: 'MissingBatchInputFileButOthersExist',
      message: `The input file of triple ${index} is missing, but ${found.join(' and ')} stands here.`,
      hint: `Put batch_input_${index}.jsonl back beside it; without it nobody can tell whether every request was answered.`,
      needsPerson: true,
      facts: { index, output: output?.path ?? null, error: error?.path ?? null },
    },
  }
}
