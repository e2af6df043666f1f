import { surveyed } from './context.js'
import { tripleSetup } from './setup.js'
import { onStepError } from './step-failed.js'

/**
 * The two operations on errors: `logging` is LogErrors, `retrying` is RetryFailedRequests. The second runs
 * after the output file was read, because a failed row may stand in either file.
 */
export const processingErrors = tripleSetup.createStateConfig({
  description: 'The two operations on errors.',
  initial: 'logging',
  states: {
    logging: {
      description: 'LogErrors: each row of the error file is classified, handed over and summed up.',
      tags: 'working',
      invoke: {
        id: 'processErrorFile',
        src: 'processErrorFile',
        input: ({ context }) => ({ index: context.index, facts: surveyed(context) }),
        onDone: {
          target: 'logged',
          actions: ['noteSuccess', { type: 'noteRows', params: ({ event }) => event.output }],
        },
        onError: onStepError('logging-backing-off'),
      },
    },
    'logging-backing-off': {
      description: 'Logging failed for a passing reason; it goes on from its checkpoint.',
      tags: 'backing-off',
      after: { backoff: 'logging' },
    },
    logged: {
      description: 'Left at once: outputs next, if there are any.',
      always: [
        { guard: 'hasOutput', target: '#triple.processing-outputs' },
        { guard: 'shouldRetryRows', target: 'retrying' },
        { target: '#triple.moving-to-done' },
      ],
    },
    retrying: {
      description: 'RetryFailedRequests: the rows worth another try become a triple of their own.',
      tags: 'working',
      invoke: {
        id: 'retryFailedRequests',
        src: 'retryFailedRequests',
        input: ({ context }) => ({ index: context.index, facts: surveyed(context) }),
        onDone: {
          target: '#triple.moving-to-done',
          actions: ['noteSuccess', { type: 'noteRetry', params: ({ event }) => event.output }],
        },
        onError: onStepError('retrying-backing-off'),
      },
    },
    'retrying-backing-off': {
      description: 'The retry could not be written for a passing reason.',
      tags: 'backing-off',
      after: { backoff: 'retrying' },
    },
  },
})

/** The answers, row by row, to the user's code. */
export const processingOutputs = tripleSetup.createStateConfig({
  description: 'The answers, row by row, to your code.',
  initial: 'processing',
  states: {
    processing: {
      description: 'Each row of the output file is classified and handed over.',
      tags: 'working',
      invoke: {
        id: 'processOutputFile',
        src: 'processOutputFile',
        input: ({ context }) => ({ index: context.index, facts: surveyed(context) }),
        onDone: {
          target: 'processed',
          actions: ['noteSuccess', { type: 'noteRows', params: ({ event }) => event.output }],
        },
        onError: onStepError('backing-off'),
      },
    },
    'backing-off': {
      description: 'Processing failed for a passing reason; it goes on from its checkpoint.',
      tags: 'backing-off',
      after: { backoff: 'processing' },
    },
    processed: {
      description: 'Left at once: are there rows to send again?',
      always: [
        { guard: 'shouldRetryRows', target: '#triple.processing-errors.retrying' },
        { target: '#triple.moving-to-done' },
      ],
    },
  },
})
