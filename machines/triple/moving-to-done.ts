import { surveyed } from './context.js'
import { tripleSetup } from './setup.js'
import { onStepError } from './step-failed.js'

/** Results first, then the intent to move, then the move: each durable before the next. */
export const movingToDone = tripleSetup.createStateConfig({
  description: 'The end of the work: what was found is kept, then the files are archived.',
  initial: 'recording',
  states: {
    recording: {
      description: 'Writes results and failed rows; durable before anything moves.',
      tags: 'working',
      invoke: {
        id: 'recordResults',
        src: 'recordResults',
        input: ({ context }) => ({ index: context.index, facts: surveyed(context) }),
        onDone: { target: 'moving', actions: 'noteSuccess' },
        onError: onStepError('recording-backing-off'),
      },
    },
    'recording-backing-off': {
      description: 'Recording failed for a passing reason.',
      tags: 'backing-off',
      after: { backoff: 'recording' },
    },
    moving: {
      description:
        'Notes that it will move, moves the files, the metadata last. Finishes a move that was cut short.',
      tags: 'working',
      invoke: {
        id: 'moveToDone',
        src: 'moveToDone',
        input: ({ context }) => ({ index: context.index, facts: surveyed(context) }),
        onDone: { target: '#triple.done', actions: 'noteSuccess' },
        onError: onStepError('moving-backing-off'),
      },
    },
    'moving-backing-off': {
      description: 'The move was stopped for a passing reason.',
      tags: 'backing-off',
      after: { backoff: 'moving' },
    },
  },
})
