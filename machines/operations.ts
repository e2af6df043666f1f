import { lacksAnnouncedFile, type TripleFacts } from './facts.js'
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

/**
 * Chooses the operations from the facts, as the seed does, with the three operations it never planned where the
 * metadata names files that are not here. Pure: `plan` prints what the machine walks.
 */
export function recommendedOperations(facts: TripleFacts): CourseOfAction {
  const { input, output, error } = facts
  if (input === null) return withoutInput(facts)
  if (lacksAnnouncedFile(facts)) return downloadWalk(facts)
  if (output !== null && error !== null) return walk(combinedWalk, 'input, output and error file are here')
  if (output !== null) return walk(outputWalk, 'input and output file are here')
  if (error !== null) return walk(errorWalk, 'input and error file are here')
  return walk(onlineWalk, 'only the input file is here')
}

/** The batch has ended: its metadata tells which files to fetch. */
function downloadWalk({ output, outputFileId, errorFileId }: TripleFacts): CourseOfAction {
  const recalculate = 'RecalculateRecommendedCourseOfActionIfTripleChanged'
  if (output !== null || outputFileId === null) {
    return walk(
      ['CheckForBatchErrorFileOnline', recalculate],
      'the server holds an error file that is not here',
    )
  }
  return errorFileId === null
    ? walk(['DownloadBatchOutputFileOnline', recalculate], 'the server holds the output file')
    : walk(
        ['DownloadBatchOutputAndMaybeErrorFileOnline', recalculate],
        'the server holds output and error file',
      )
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

function withoutInput({ index, output, error }: TripleFacts): CourseOfAction {
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
