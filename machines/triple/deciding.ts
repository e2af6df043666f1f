import type { Problem } from '../problem.js'
import { surveyed, type TripleContext } from './context.js'
import { decisionFor } from './decision.js'
import { tripleSetup } from './setup.js'
import { onStepError } from './step-failed.js'

/** Looks at the disk, then sends the triple where the facts say. Left within the same step it is entered. */
export const deciding = tripleSetup.createStateConfig({
  description: 'Looks at the disk and chooses where to go. Forgets what an earlier look had found.',
  initial: 'surveying',
  entry: 'startAfresh',
  states: {
    surveying: {
      description: 'Reads which files stand at this index and what the metadata says.',
      tags: 'working',
      invoke: {
        id: 'surveyTriple',
        src: 'surveyTriple',
        input: ({ context }) => ({ index: context.index }),
        onDone: {
          target: 'choosing',
          actions: [{ type: 'noteFacts', params: ({ event }) => event.output }, 'noteSuccess'],
        },
        onError: onStepError('backing-off'),
      },
    },
    'backing-off': {
      description: 'The survey failed for a passing reason.',
      tags: 'backing-off',
      after: { backoff: 'surveying' },
    },
    choosing: {
      description: 'Left at once: the facts say where to.',
      always: [
        {
          guard: 'isGoingInCircles',
          target: '#triple.failed',
          actions: { type: 'noteProblem', params: ({ context }) => circleProblem(context) },
        },
        { guard: 'shouldFinishMove', target: '#triple.moving-to-done.moving' },
        {
          guard: 'hasNoFiles',
          target: '#triple.failed',
          actions: { type: 'noteProblem', params: ({ context }) => planProblem(context) },
        },
        {
          guard: 'isInputMissing',
          target: '#triple.missing-input',
          actions: { type: 'noteProblem', params: ({ context }) => planProblem(context) },
        },
        { guard: 'hasAnswers', target: '#triple.checking-ids' },
        { guard: 'shouldAskServer', target: '#triple.awaiting-online-files' },
        { target: '#triple.submitting' },
      ],
    },
  },
})

function circleProblem(context: TripleContext): Problem {
  return {
    code: 'ReconciliationFailed',
    message: `Triple ${context.index} was surveyed ${context.surveys} times without coming to rest: its steps succeed, and the disk does not show it.`,
    hint: 'See whether something else removes files or rewrites the metadata of this triple, then retry it.',
    facts: { index: context.index, surveys: context.surveys },
  }
}

function planProblem(context: TripleContext): Problem {
  const { problem } = decisionFor(surveyed(context), context.workspace)
  if (problem !== null) return problem
  throw new Error(`Triple ${context.index} has a course of action and no problem to note.`)
}
