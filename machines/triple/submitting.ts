import { tagsOf } from '../state-paths.js'
import { surveyed } from './context.js'
import { tripleSetup } from './setup.js'
import { onStepError } from './step-failed.js'

/** An input without a batch. It is sent only with leave, or when an earlier run had begun to send it. */
export const submitting = tripleSetup.createStateConfig({
  description: 'An input without a batch.',
  initial: 'deciding-leave',
  states: {
    'deciding-leave': {
      description: 'Left at once: may this input be sent?',
      always: [{ guard: 'maySubmit', target: 'sending' }, { target: 'waiting-for-leave' }],
    },
    'waiting-for-leave': {
      description:
        'Nobody allowed to send it, or no server is configured. Costs nothing until somebody does.',
      tags: tagsOf('submitting.waiting-for-leave'),
      entry: 'noteRest',
      on: {
        'triple.submit': { target: 'sending', actions: 'giveLeaveToSubmit' },
        'triple.rescan': '#triple.deciding',
      },
    },
    sending: {
      description: 'Looks for a batch an earlier run may have made, else uploads the input and creates one.',
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
            guard: { type: 'isTooLarge', params: ({ event }) => event.output },
            target: 'splitting',
            actions: 'noteSuccess',
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
      description: 'The server takes no more tokens for now; it is asked again when polled.',
      tags: tagsOf('submitting.waiting-for-room'),
      entry: 'noteRest',
      on: { 'poll.due': 'sending', 'triple.retry': 'sending', 'triple.rescan': '#triple.deciding' },
    },
    splitting: {
      description:
        'The batch alone is more than the server takes: notes that its requests are sent in two parts.',
      tags: 'working',
      invoke: {
        id: 'splitBatch',
        src: 'splitBatch',
        input: ({ context }) => ({ index: context.index, facts: surveyed(context) }),
        onDone: { target: '#triple.deciding', actions: 'noteSuccess' },
        onError: onStepError('splitting-backing-off'),
      },
    },
    'splitting-backing-off': {
      description: 'The split could not be noted for a passing reason.',
      tags: 'backing-off',
      after: { backoff: 'splitting' },
    },
    'backing-off': {
      description: 'Sending failed for a passing reason; the next try looks for the batch first.',
      tags: 'backing-off',
      after: { backoff: 'sending' },
    },
  },
})
