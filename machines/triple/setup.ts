import { assign, setup } from 'xstate'
import { backoffDelayMs, jitterOf } from '../backoff.js'
import { wasCancelled, type TripleFacts } from '../facts.js'
import { isTooLargeAlone } from '../no-room.js'
import { actorToProvide } from '../placeholder.js'
import type { Problem } from '../problem.js'
import { isCutShortStatus } from '../remote-status.js'
import type { TripleTag } from '../state-paths.js'
import type {
  CheckVerdict,
  OnlineStepInput,
  OnlineVerdict,
  ProcessResult,
  RetryResult,
  StepInput,
  SubmitResult,
} from '../steps.js'
import {
  failuresOf,
  freshStart,
  mostSurveys,
  rested,
  type TripleContext,
  type TripleMachineInput,
} from './context.js'
import { courseOf } from './decision.js'

/** What a triple may be told from outside. Anything else is ignored, in every state. */
export type TripleEvent =
  /** Look at the disk again: somebody put a file back, or time has passed. */
  | { readonly type: 'triple.rescan' }
  /** Try again what failed. */
  | { readonly type: 'triple.retry' }
  /** Leave to send an input that was never submitted. */
  | { readonly type: 'triple.submit' }
  /** Time to ask the server again. */
  | { readonly type: 'poll.due' }

const actor = <Output, Input = StepInput>(name: string) => actorToProvide<Output, Input>('triple', name)

export const tripleSetup = setup({
  types: {
    context: {} as TripleContext,
    events: {} as TripleEvent,
    input: {} as TripleMachineInput,
    tags: {} as TripleTag,
  },
  actors: {
    surveyTriple: actor<TripleFacts, { readonly index: string }>('surveyTriple'),
    submitBatch: actor<SubmitResult>('submitBatch'),
    splitBatch: actor<void>('splitBatch'),
    checkOnline: actor<OnlineVerdict, OnlineStepInput>('checkOnline'),
    downloadFiles: actor<void, OnlineStepInput>('downloadFiles'),
    checkIds: actor<CheckVerdict>('checkIds'),
    processErrorFile: actor<ProcessResult>('processErrorFile'),
    processOutputFile: actor<ProcessResult>('processOutputFile'),
    retryFailedRequests: actor<RetryResult>('retryFailedRequests'),
    recordResults: actor<void>('recordResults'),
    moveToDone: actor<void>('moveToDone'),
  },
  guards: {
    isGoingInCircles: ({ context }) =>
      context.surveys > mostSurveys(context.limits) || (context.hasSubmitted && isCourse(context, 'submit')),
    shouldFinishMove: ({ context }) => isCourse(context, 'finish-move'),
    isInputMissing: ({ context }) => isCourse(context, 'missing-input'),
    hasNoFiles: ({ context }) => isCourse(context, 'nothing-here'),
    hasAnswers: ({ context }) => isCourse(context, 'check-ids'),
    shouldAskServer: ({ context }) =>
      isCourse(context, 'ask-server') || isCourse(context, 'fetch-announced-files'),
    maySubmit: ({ context }) => maySubmit(context),

    canRetry: ({ context }, { step, problem }: StepFailure) =>
      problem.isPassing === true &&
      problem.hasBeenRetried !== true &&
      failuresOf(context, step) < context.limits.maxRetries,

    isSubmitted: (_, result: SubmitResult) => result.type === 'submitted',
    hasNoRoom: (_, result: SubmitResult | OnlineVerdict) => result.type === 'no-room',
    isTooLarge: ({ context }, result: SubmitResult | OnlineVerdict) =>
      result.type === 'no-room' &&
      result.refusal != null &&
      isTooLargeAlone(result.refusal) &&
      context.facts?.isCancelWanted === false,

    areFilesReady: (_, verdict: OnlineVerdict) => verdict.type === 'files-ready',
    isStillProcessing: (_, verdict: OnlineVerdict) => verdict.type === 'still-processing',
    mayPublishLater: ({ context }, verdict: OnlineVerdict) =>
      verdict.type === 'not-published' && context.looksAgain < context.limits.maxLooksAgain,
    isPublishingStill: (_, verdict: OnlineVerdict) =>
      verdict.type === 'not-published' && verdict.mayStillCome === true,
    wasCutShortWithoutFiles: (_, verdict: OnlineVerdict) =>
      verdict.type === 'not-published' && isCutShortStatus(verdict.remoteStatus),
    hasNothingMore: (_, verdict: OnlineVerdict) => verdict.type === 'nothing-more',
    isOffline: (_, verdict: OnlineVerdict) => verdict.type === 'offline',

    isAccounted: (_, verdict: CheckVerdict) => verdict.type === 'accounted',
    canAskServerAgain: ({ context }, verdict: CheckVerdict) =>
      verdict.type === 'ids-missing' &&
      context.facts?.batchId != null &&
      context.looksAgain < context.limits.maxLooksAgain,

    hasErrors: ({ context }) => context.facts?.error != null || context.notExecuted > 0,
    hasOutput: ({ context }) => context.facts?.output != null,
    shouldRetryRows: ({ context }) => shouldRetryRows(context),
  },
  actions: {
    startAfresh: assign(({ context }) => ({ ...freshStart, surveys: context.surveys + 1 })),
    noteRest: assign({ ...rested }),
    noteSubmitted: assign({ hasSubmitted: true }),
    forgetLooks: assign({ ...rested, looksAgain: 0 }),
    noteFacts: assign((_, facts: TripleFacts) => ({ facts, remoteStatus: facts.remoteStatus })),
    noteSuccess: assign(({ context, event }) => ({
      failures: 0,
      failedStep: null,
      problem: null,
      earlierFailures: hasSucceeded(context, event) ? null : context.earlierFailures,
    })),
    noteFailure: assign(({ context }, { step, problem }: StepFailure) => ({
      problem,
      failures: failuresOf(context, step) + 1,
      failedStep: step,
    })),
    noteProblem: assign((_, problem: Problem) => ({ problem })),
    noteProblemIn: assign((_, result: SubmitResult | OnlineVerdict | CheckVerdict) =>
      'problem' in result ? { problem: result.problem } : {},
    ),
    noteRemoteStatus: assign(({ context }, verdict: OnlineVerdict) => withRemoteStatus(context, verdict)),
    noteEndWithoutAnswers: assign(({ context }, verdict: OnlineVerdict) => ({
      problem: endWithoutAnswers(context, verdict),
    })),
    noteAnotherLook: assign(({ context }) => ({
      looksAgain: context.looksAgain + 1,
      failures: 0,
      problem: context.idsProblem,
    })),
    noteAskingAgain: assign(({ context }, verdict: CheckVerdict) => ({
      looksAgain: context.looksAgain + 1,
      idsProblem: 'problem' in verdict ? verdict.problem : null,
    })),
    noteCounts: assign((_, verdict: CheckVerdict) => ({
      counts: verdict.counts,
      tokens: verdict.tokens ?? null,
      notExecuted: verdict.type === 'accounted' ? verdict.notExecuted : 0,
    })),
    noteRows: assign((_, { rows }: ProcessResult) => ({ rows })),
    noteRetry: assign((_, { retryIndex, retryIndices }: RetryResult) => ({
      retryIndex,
      retryIndices: retryIndices ?? (retryIndex === null ? [] : [retryIndex]),
    })),
    giveLeaveToSubmit: assign({ maySubmit: true }),
  },
  delays: {
    backoff: ({ context }) => backoffOf(context),
  },
})

/** How long the triple waits before the step that failed is tried again, in milliseconds. */
export function backoffOf({ failures, looksAgain, jitterSeed, limits, problem }: TripleContext): number {
  return backoffDelayMs(
    Math.max(failures, looksAgain),
    jitterOf(jitterSeed, failures + looksAgain),
    limits,
    problem?.retryAfterMs,
  )
}

/** A step that failed, and what it failed with. */
export interface StepFailure {
  readonly step: string
  readonly problem: Problem
}

/** Whether the step that an earlier actor failed at has succeeded now. */
function hasSucceeded({ earlierFailures }: TripleContext, event: object): boolean {
  return earlierFailures !== null && 'actorId' in event && event.actorId === earlierFailures.step
}

/**
 * With leave, or when the money was granted before: an earlier run had begun to send it, or it is a retry. What
 * somebody cancelled is only looked for.
 */
function maySubmit({ maySubmit: hasLeave, maySubmitRetries, facts }: TripleContext): boolean {
  if (facts?.submission === 'intended') return true
  if (facts?.isCancelWanted === true) return false
  const isRetry = facts !== null && facts.parentIndex !== null && !facts.needsLeave
  return hasLeave || (isRetry && maySubmitRetries)
}

/** Parts of a batch that never ran cost no attempt. What somebody stopped is not sent again by itself. */
function shouldRetryRows({ facts, rows, limits }: TripleContext): boolean {
  if (facts === null || rows.retryable === 0 || wasCancelled(facts)) return false
  return facts.splitParts !== null || facts.attempt < limits.maxAttempts
}

/** The facts learn it too: the accounting asks them whether the batch was cut short, and what it completed. */
function withRemoteStatus(context: TripleContext, verdict: OnlineVerdict): Partial<TripleContext> {
  if (!('remoteStatus' in verdict)) return {}
  const { remoteStatus } = verdict
  const counts = 'requestCounts' in verdict ? { requestCounts: verdict.requestCounts ?? null } : {}
  return { remoteStatus, facts: context.facts && { ...context.facts, remoteStatus, ...counts } }
}

/** Missing ids stay the reason when asking again brought nothing new. */
function endWithoutAnswers(context: TripleContext, verdict: OnlineVerdict): Problem {
  if ('problem' in verdict) return verdict.problem
  return (
    context.idsProblem ?? {
      code: 'BatchEndedWithoutFiles',
      message: `Batch ${context.facts?.batchId ?? '(unknown)'} of triple ${context.index} has ended and names no output or error file.`,
      hint: 'Look at the batch on the server; when it really holds no results, take the input and its metadata out of workdir/ and send the input with `submit --again`.',
      needsPerson: true,
    }
  )
}

function isCourse(context: TripleContext, course: ReturnType<typeof courseOf>): boolean {
  return context.facts !== null && courseOf(context.facts) === course
}
