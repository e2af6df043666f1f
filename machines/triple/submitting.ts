import { surveyed } from './context.js'
import { tripleSetup } from './setup.js'
import { onStepError } from './step-failed.js'

/** An input without a batch. It is sent only with leave, or when an earlier run had begun to send it. */
export const submitting = tripleSetup.createStateConfig({
  initial: 'deciding-leave',
  states: {
    'deciding-leave': {
      always: [{ guard: 'maySubmit', target: 'sending' }, { target: 'waiting-for-leave' }],
    },
    'waiting-for-leave': {
      tags: 'resting',
      entry: 'noteRest',
      on: {
        'triple.submit': { target: 'sending', actions: 'giveLeaveToSubmit' },
        'triple.rescan': '#triple.deciding',
      },
    },
    sending: {
      tags: 'working',
      invoke: {
        id: 'submitBatch',
        src: 'submitBatch',
        input: ({ context }) => ({ index: context.index, facts: surveyed(context) }),
        onDone: [
          {
            guard: { type: 'isSubmitted', params: ({ event }) => event.output },
            target: '#triple.deciding',
            actions: ['noteSuccess', 'noteSubmitted'],
          },
          {
            guard: { type: 'hasNoRoom', params: ({ event }) => event.output },
            target: 'waiting-for-room',
            actions: ['noteSuccess', { type: 'noteProblemIn', params: ({ event }) => event.output }],
          },
          { target: 'waiting-for-leave', actions: 'noteSuccess' },
        ],
        onError: onStepError('backing-off'),
      },
    },
    'waiting-for-room': {
      tags: 'resting',
      entry: 'noteRest',
      on: { 'poll.due': 'sending', 'triple.retry': 'sending', 'triple.rescan': '#triple.deciding' },
    },
    'backing-off': { tags: 'backing-off', after: { backoff: 'sending' } },
  },
})
