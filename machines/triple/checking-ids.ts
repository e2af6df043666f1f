import { surveyed } from './context.js'
import { tripleSetup } from './setup.js'
import { onStepError } from './step-failed.js'

/** The proof that every request is accounted for exactly once. Nothing is processed or moved before it holds. */
export const checkingIds = tripleSetup.createStateConfig({
  initial: 'checking',
  states: {
    checking: {
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
            target: '#triple.awaiting-online-files.looking-again-later',
            actions: [
              'noteSuccess',
              { type: 'askAgain', params: ({ event }) => event.output },
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
    'backing-off': { tags: 'backing-off', after: { backoff: 'checking' } },
    accounted: {
      always: [
        { guard: 'hasErrors', target: '#triple.processing-errors.logging' },
        { target: '#triple.processing-outputs' },
      ],
    },
  },
})
