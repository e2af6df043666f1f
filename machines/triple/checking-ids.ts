import { surveyed } from './context.js'
import { tripleSetup } from './setup.js'
import { onStepError } from './step-failed.js'

/** The proof that every request is accounted for exactly once. Nothing is processed or moved before it holds. */
export const checkingIds = tripleSetup.createStateConfig({
  description: 'Nothing is processed or moved before every request is accounted for.',
  initial: 'checking',
  states: {
    checking: {
      description: 'Compares the ids of the input with those of output and error file.',
      tags: 'working',
      invoke: {
        id: 'checkIds',
        src: 'checkIds',
        input: ({ context }) => ({ index: context.index, facts: surveyed(context) }),
        onDone: [
          {
            guard: { type: 'isAccounted', params: ({ event }) => event.output },
            target: 'accounted',
            actions: ['noteSuccess', { type: 'noteCounts', params: ({ event }) => event.output }],
          },
          {
            guard: { type: 'canAskServerAgain', params: ({ event }) => event.output },
            target: '#triple.awaiting-online-files.asking-again-later',
            actions: [
              'noteSuccess',
              { type: 'noteAskingAgain', params: ({ event }) => event.output },
              { type: 'noteCounts', params: ({ event }) => event.output },
              { type: 'noteProblemIn', params: ({ event }) => event.output },
            ],
          },
          {
            target: '#triple.failed',
            actions: [
              { type: 'noteCounts', params: ({ event }) => event.output },
              { type: 'noteProblemIn', params: ({ event }) => event.output },
            ],
          },
        ],
        onError: onStepError('backing-off'),
      },
    },
    'backing-off': {
      description: 'The files could not be read for a passing reason.',
      tags: 'backing-off',
      after: { backoff: 'checking' },
    },
    accounted: {
      description: 'Left at once: errors first, then outputs.',
      always: [
        { guard: 'hasErrors', target: '#triple.processing-errors.logging' },
        { target: '#triple.processing-outputs' },
      ],
    },
  },
})
