import { lacksAnnouncedFile, type TripleFacts } from '../facts.js'
import type { BatchFileReconciliationOperation } from '../operations.js'
import type { Problem } from '../problem.js'

/** Where the facts on disk send a triple. One word per answer, so that tests can tabulate them. */
export type Course =
  | 'finish-move'
  | 'nothing-here'
  | 'missing-input'
  | 'fetch-announced-files'
  | 'check-ids'
  | 'ask-server'
  | 'submit'

/** What a course means before anything was done. */
interface CourseTraits {
  /** The state its machine goes to. */
  readonly state: string
  /** `planned` when a run does something by itself; otherwise how it would leave the triple. */
  readonly outcome: 'planned' | 'pending' | 'not-submitted' | 'needs-attention'
}

const courses = {
  'finish-move': { state: 'moving-to-done', outcome: 'planned' },
  'nothing-here': { state: 'failed', outcome: 'needs-attention' },
  'missing-input': { state: 'missing-input', outcome: 'needs-attention' },
  'fetch-announced-files': { state: 'awaiting-online-files', outcome: 'pending' },
  'check-ids': { state: 'checking-ids', outcome: 'planned' },
  'ask-server': { state: 'awaiting-online-files', outcome: 'pending' },
  submit: { state: 'submitting', outcome: 'not-submitted' },
} as const satisfies Readonly<Record<Course, CourseTraits>>

/** What is to be done with a triple, and why. */
export interface Decision extends CourseTraits {
  readonly course: Course
  readonly operations: readonly BatchFileReconciliationOperation[]
  readonly why: string
  /** What leaves nothing to do. */
  readonly problem: Problem | null
}

interface Row {
  readonly when: (facts: TripleFacts) => boolean
  readonly course: Course
  readonly operations: readonly BatchFileReconciliationOperation[]
  readonly why: string | ((facts: TripleFacts) => string)
  readonly problem?: (facts: TripleFacts) => Problem
}

/** What holds of the files; `has` counts what an interrupted move left in `done/` as well. */
const has = (...kinds: readonly ('input' | 'output' | 'error')[]) => {
  return (facts: TripleFacts): boolean => kinds.every((kind) => facts[kind] !== null)
}
const not =
  (holds: Row['when']): Row['when'] =>
  (facts) =>
    !holds(facts)
const both =
  (left: Row['when'], right: Row['when']): Row['when'] =>
  (facts) =>
    left(facts) && right(facts)

const isMoveIntended = ({ isMoveIntended: isIntended }: TripleFacts): boolean => isIntended
const announcesError = ({ errorFileId }: TripleFacts): boolean => errorFileId !== null
const isMissingAccepted = ({ isMissingAccepted: isAccepted }: TripleFacts): boolean => isAccepted

/** Files that somebody decided to go on without are not fetched. */
const lacksFile = both(lacksAnnouncedFile, not(isMissingAccepted))
const lacksOnlyError = (facts: TripleFacts): boolean =>
  lacksFile(facts) && (facts.output !== null || facts.outputFileId === null)

const isSplit = ({ splitParts }: TripleFacts): boolean => splitParts !== null
const isCancelled = ({ isCancelWanted }: TripleFacts): boolean => isCancelWanted

const isBegun = ({ submission }: TripleFacts): boolean => submission === 'intended'

const recalculate = 'RecalculateRecommendedCourseOfActionIfTripleChanged'
const cutShort = 'a move to done/ was cut short; it is finished'

/** The decision table: the first line that holds. */
// oxfmt-ignore
const table: readonly Row[] = [
  { when: both(isMoveIntended, not(has('output'))), course: 'finish-move', operations: ['MoveBatchInputAndErrorToTheDoneDirectory'], why: cutShort },
  { when: both(isMoveIntended, not(has('error'))), course: 'finish-move', operations: ['MoveBatchInputAndOutputToTheDoneDirectory'], why: cutShort },
  { when: isMoveIntended, course: 'finish-move', operations: ['MoveBatchTripleToTheDoneDirectory'], why: cutShort },

  { when: both(not(has('input')), both(not(has('output')), not(has('error')))), course: 'nothing-here', operations: [], why: 'no input, output or error file is here', problem: nothingHere },
  { when: not(has('input')), course: 'missing-input', operations: [], why: 'the input file is missing', problem: inputMissing },

  { when: lacksOnlyError, course: 'fetch-announced-files', operations: ['CheckForBatchErrorFileOnline', recalculate], why: 'the server holds an error file that is not here' },
  { when: both(lacksFile, announcesError), course: 'fetch-announced-files', operations: ['DownloadBatchOutputAndMaybeErrorFileOnline', recalculate], why: 'the server holds output and error file' },
  { when: lacksFile, course: 'fetch-announced-files', operations: ['DownloadBatchOutputFileOnline', recalculate], why: 'the server holds the output file' },

  { when: has('output', 'error'), course: 'check-ids', operations: ['EnsureInputRequestIdsMatchOutputRequestIdsCombinedWithErrorRequestIds', 'ProcessBatchErrorFile', 'ProcessBatchOutputFile', 'MoveBatchTripleToTheDoneDirectory'], why: 'input, output and error file are here' },
  { when: has('output'), course: 'check-ids', operations: ['EnsureInputRequestIdsMatchOutputRequestIds', 'ProcessBatchOutputFile', 'MoveBatchInputAndOutputToTheDoneDirectory'], why: 'input and output file are here' },
  { when: has('error'), course: 'check-ids', operations: ['EnsureInputRequestIdsMatchErrorRequestIds', 'ProcessBatchErrorFile', 'MoveBatchInputAndErrorToTheDoneDirectory'], why: 'input and error file are here' },

  { when: isMissingAccepted, course: 'check-ids', operations: ['EnsureInputRequestIdsMatchErrorRequestIds', 'ProcessBatchErrorFile', 'MoveBatchInputAndErrorToTheDoneDirectory'], why: 'somebody accepted that no answers are here; the requests become a retry' },
  { when: ({ batchId }) => batchId !== null, course: 'ask-server', operations: ['CheckForBatchOutputAndErrorFileOnline', recalculate], why: ({ batchId, remoteStatus }) => `only the input file is here; batch ${batchId} is at the server (last seen: ${remoteStatus ?? 'never asked'})` },
  { when: isSplit, course: 'check-ids', operations: ['EnsureInputRequestIdsMatchErrorRequestIds', 'ProcessBatchErrorFile', 'MoveBatchInputAndErrorToTheDoneDirectory'], why: 'alone it is more than the server takes; its requests are sent in parts' },
  { when: isCancelled, course: 'submit', operations: ['CheckForBatchOutputAndErrorFileOnline', recalculate], why: 'only the input file is here; it was cancelled before it became a batch' },
  { when: isBegun, course: 'submit', operations: ['CheckForBatchOutputAndErrorFileOnline', recalculate], why: 'only the input file is here; its submission was begun, and no batch is noted yet' },
  { when: () => true, course: 'submit', operations: ['CheckForBatchOutputAndErrorFileOnline', recalculate], why: 'only the input file is here; it was never submitted, so there is nothing to ask the server' },
]

/** Chooses the course from the facts. Pure: `plan` prints what the machine walks. */
export function decisionFor(facts: TripleFacts): Decision {
  const row = table.find(({ when }) => when(facts))
  if (row === undefined) throw new Error(`No line of the decision table holds for triple ${facts.index}.`)
  const { course, operations, why, problem } = row
  return {
    course,
    ...courses[course],
    operations,
    why: typeof why === 'string' ? why : why(facts),
    problem: problem?.(facts) ?? null,
  }
}

export const courseOf = (facts: TripleFacts): Course => decisionFor(facts).course

function nothingHere(facts: TripleFacts): Problem {
  const { index, submission } = facts
  return {
    code: 'NoBatchFileTripleAtIndex',
    message: `No input, output or error file stands at index ${index}.`,
    hint:
      submission === 'intended'
        ? `Put batch_input_${index}.jsonl back into workdir/ and keep the metadata: only it tells which upload a batch may have been made of.`
        : `Put the files back into workdir/, or remove what is left of this triple (a lone metadata file).${fetchWords(facts)}`,
    needsPerson: true,
    facts: { index },
  }
}

/** For a batch that the server knows. People copy it into a shell, so an id that needs quotes there gets no command. */
const fetchWords = (facts: TripleFacts): string =>
  facts.batchId === null || !/^[\w.-]+$/.test(facts.batchId)
    ? ''
    : ` As long as the server has them: batch-reconciler import --batch ${facts.batchId} ${workspaceOf(facts)}`

/** As a shell takes it, by the metadata that names the batch; a path that is too odd for that is left to the reader. */
function workspaceOf({ metadata }: TripleFacts): string {
  const [, root] = /^(.+)[/\\](?:workdir|done)[/\\][^/\\]+$/s.exec(metadata?.path ?? '') ?? []
  if (root === undefined || /['\p{Cc}]/u.test(root)) return '<workspace>'
  return /^[\w./:-]+$/.test(root) ? root : `'${root}'`
}

function inputMissing(facts: TripleFacts): Problem {
  const { index, output, error } = facts
  const found = [output, error].flatMap((file) => (file === null ? [] : [file.path]))
  return {
    code: 'MissingBatchInputFileButOthersExist',
    message: `The input file of triple ${index} is missing, but ${found.join(' and ')} stands here.`,
    hint: `Put batch_input_${index}.jsonl back beside it; without it nobody can tell whether every request was answered.${fetchWords(facts)}`,
    needsPerson: true,
    facts: { index, output: output?.path ?? null, error: error?.path ?? null },
  }
}
