import { surveyed } from './context.js'
import { tripleSetup } from './setup.js'
import { onStepError } from './step-failed.js'

/**
 * The two operations on errors: `logging` is LogErrors, `retrying` is RetryFailedRequests. The second runs
 * after the output file was read, because a failed row may stand in either file.
 */
export const processingErrors = tripleSetup.createStateConfig({
  initial: 'logging',
  states: {
    logging: {
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
    'logging-backing-off': { tags: 'backing-off', after: { backoff: 'logging' } },
    logged: {
      always: [
        { guard: 'hasOutput', target: '#triple.processing-outputs' },
        { guard: 'shouldRetryRows', target: 'retrying' },
        { target: '#triple.moving-to-done' },
      ],
    },
    retrying: {
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
    'retrying-backing-off': { tags: 'backing-off', after: { backoff: 'retrying' } },
  },
})

/** The answers, row by row, to the user's code. */
export const processingOutputs = tripleSetup.createStateConfig({
  initial: 'processing',
  states: {
    processing: {
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
    'backing-off': { tags: 'backing-off', after: { backoff: 'processing' } },
    processed: {
      always: [
        { guard: 'shouldRetryRows', target: '#triple.processing-errors.retrying' },
        { target: '#triple.moving-to-done' },
      ],
    },
  },
})
