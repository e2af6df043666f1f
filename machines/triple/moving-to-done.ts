import { surveyed } from './context.js'
import { tripleSetup } from './setup.js'
import { onStepError } from './step-failed.js'

/** Results first, then the intent to move, then the move: each durable before the next. */
export const movingToDone = tripleSetup.createStateConfig({
  initial: 'recording',
  states: {
    recording: {
      tags: 'working',
      invoke: {
        id: 'recordResults',
        src: 'recordResults',
        input: ({ context }) => ({ index: context.index, facts: surveyed(context) }),
        onDone: { target: 'moving', actions: 'noteSuccess' },
        onError: onStepError('recording-backing-off'),
      },
    },
    'recording-backing-off': { tags: 'backing-off', after: { backoff: 'recording' } },
    moving: {
      tags: 'working',
      invoke: {
        id: 'moveToDone',
        src: 'moveToDone',
        input: ({ context }) => ({ index: context.index, facts: surveyed(context) }),
        onDone: { target: '#triple.done', actions: 'noteSuccess' },
        onError: onStepError('moving-backing-off'),
      },
    },
    'moving-backing-off': { tags: 'backing-off', after: { backoff: 'moving' } },
  },
})
