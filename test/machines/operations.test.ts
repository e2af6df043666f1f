import { describe, expect, test } from 'vitest'
import {
  batchFileReconciliationOperations,
  courseOf,
  decisionFor,
  firstState,
  recommendedOperations,
  statePathOf,
  topStateOf,
} from '../../machines/index.js'
import { driveTriple, factsOf, flushPromises, type Notes } from './harness.js'

const ended = (output: boolean, error: boolean): Notes => ({
  submission: 'submitted',
  batchId: 'batch_1',
  remoteStatus: 'completed',
  outputFileId: output ? 'file-output' : null,
  errorFileId: error ? 'file-error' : null,
})

const plans: readonly (readonly [letters: string, notes: Notes, operations: readonly string[]])[] = [
  ['I', {}, ['CheckForBatchOutputAndErrorFileOnline', 'RecalculateRecommendedCourseOfActionIfTripleChanged']],
  [
    'IO',
    {},
    [
      'EnsureInputRequestIdsMatchOutputRequestIds',
      'ProcessBatchOutputFile',
      'MoveBatchInputAndOutputToTheDoneDirectory',
    ],
  ],
  [
    'IE',
    {},
    [
      'EnsureInputRequestIdsMatchErrorRequestIds',
      'ProcessBatchErrorFile',
      'MoveBatchInputAndErrorToTheDoneDirectory',
    ],
  ],
  [
    'IOE',
    {},
    [
      'EnsureInputRequestIdsMatchOutputRequestIdsCombinedWithErrorRequestIds',
      'ProcessBatchErrorFile',
      'ProcessBatchOutputFile',
      'MoveBatchTripleToTheDoneDirectory',
    ],
  ],
  [
    'IM',
    ended(true, false),
    ['DownloadBatchOutputFileOnline', 'RecalculateRecommendedCourseOfActionIfTripleChanged'],
  ],
  [
    'IM',
    ended(true, true),
    ['DownloadBatchOutputAndMaybeErrorFileOnline', 'RecalculateRecommendedCourseOfActionIfTripleChanged'],
  ],
  [
    'IOM',
    ended(true, true),
    ['CheckForBatchErrorFileOnline', 'RecalculateRecommendedCourseOfActionIfTripleChanged'],
  ],
  [
    'IM',
    ended(false, true),
    ['CheckForBatchErrorFileOnline', 'RecalculateRecommendedCourseOfActionIfTripleChanged'],
  ],
]

function hintToFetch(batchId: string): unknown {
  const course = recommendedOperations(factsOf('O', { batchId }))
  return course.type === 'problem' && course.problem.hint
}

describe('the course of action for a triple', () => {
  test.each(plans)('with files %s and metadata %o', (letters, notes, operations) => {
    expect(recommendedOperations(factsOf(letters, notes))).toMatchObject({ type: 'operations', operations })
  })

  test.each([
    ['M', 'NoBatchFileTripleAtIndex'],
    ['O', 'MissingBatchInputFileButOthersExist'],
    ['E', 'MissingBatchInputFileButOthersExist'],
    ['OE', 'MissingBatchInputFileButOthersExist'],
    ['oM', 'MissingBatchInputFileButOthersExist'],
  ])('with files %s is a problem that names the files and the way out', (letters, code) => {
    const course = recommendedOperations(factsOf(letters))
    expect(course).toMatchObject({
      type: 'problem',
      problem: { code, needsPerson: true, hint: expect.stringMatching(/^Put /) },
    })
  })

  test('names the command that fetches a batch, unless its id does not stand in a shell as it is', () => {
    expect(hintToFetch('batch_1')).toContain('batch-reconciler import --batch batch_1 ')
    expect(hintToFetch('batch_1; rm -r .')).not.toMatch(/import|rm/)
  })

  test('knows the thirteen names of the seed, each once, and plans no other', () => {
    const known = new Set<string>(batchFileReconciliationOperations)
    expect(known.size).toBe(13)
    expect(plans.flatMap(([, , operations]) => operations).filter((name) => !known.has(name))).toEqual([])
  })

  test('plans every one of the thirteen for some triple', () => {
    const planned = new Set(plans.flatMap(([, , operations]) => operations))
    expect([...planned].toSorted()).toEqual(batchFileReconciliationOperations.toSorted())
  })
})

describe('the walk the machine takes', () => {
  test.each([
    ['check-ids', 'IO', {}],
    ['check-ids', 'iOE', {}],
    ['fetch-announced-files', 'IOM', ended(true, true)],
    ['ask-server', 'IM', { batchId: 'batch_1' }],
    ['submit', 'I', {}],
    ['submit', 'IM', { submission: 'intended' }],
    ['finish-move', 'IOM', { isMoveIntended: true }],
    ['finish-move', 'M', { isMoveIntended: true }],
    ['check-ids', 'ioM', {}],
    ['check-ids', 'ioeM', {}],
    ['missing-input', 'O', {}],
    ['nothing-here', 'M', {}],
  ] as const)('is %s for files %s', (course, letters, notes) => {
    expect(courseOf(factsOf(letters, notes))).toBe(course)
  })

  test.each(everyFacts())('goes where the decision says: files %s, metadata %o', async (letters, notes) => {
    const facts = factsOf(letters, notes)
    const decision = decisionFor(facts)
    const seen: string[] = []
    const { actor } = driveTriple((step) => (step === 'surveyTriple' ? facts : new Promise(() => {})))
    actor.subscribe((snapshot) => seen.push(topStateOf(statePathOf(snapshot))))
    await flushPromises()
    expect(seen.find((state) => state !== topStateOf(firstState))).toBe(decision.state)
    expect(decision.problem !== null).toBe(decision.outcome === 'needs-attention')
    expect(decision.operations.length === 0).toBe(decision.problem !== null)
    actor.stop()
  })
})

/** Every set of files and every kind of notes. */
function everyFacts(): readonly (readonly [string, Notes])[] {
  const places = ['', 'I', 'i'].flatMap((input) =>
    ['', 'O', 'o'].flatMap((output) => ['', 'E', 'e'].map((error) => `${input}${output}${error}M`)),
  )
  const notes: readonly Notes[] = [{}, { isMoveIntended: true }, { batchId: 'batch_1' }, ended(true, true)]
  return places.flatMap((letters) => notes.map((one) => [letters, one] as const))
}
