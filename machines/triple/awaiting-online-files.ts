import { surveyed, type TripleContext } from './context.js'
import { tripleSetup, type OnlineStepInput } from './setup.js'
import { onStepError } from './step-failed.js'

/** The batch is at the server. `waiting` holds no timer: one shared poller wakes all who wait. */
export const awaitingOnlineFiles = tripleSetup.createStateConfig({
  initial: 'checking',
  states: {
    checking: {
      tags: 'working',
      invoke: {
        id: 'checkOnline',
        src: 'checkOnline',
        input: onlineStepInput,
        onDone: [
          {
            guard: { type: 'isStillProcessing', params: ({ event }) => event.output },
            target: 'waiting',
            actions: ['noteSuccess', { type: 'noteRemoteStatus', params: ({ event }) => event.output }],
          },
          {
            guard: { type: 'areFilesReady', params: ({ event }) => event.output },
            target: 'downloading',
            actions: ['noteSuccess', { type: 'noteRemoteStatus', params: ({ event }) => event.output }],
          },
          {
            guard: { type: 'mayPublishLater', params: ({ event }) => event.output },
            target: 'looking-again-later',
            actions: ['noteAnotherLook', { type: 'noteRemoteStatus', params: ({ event }) => event.output }],
          },
          {
            guard: { type: 'isPublishingStill', params: ({ event }) => event.output },
            target: 'waiting',
            actions: { type: 'noteRemoteStatus', params: ({ event }) => event.output },
          },
          {
            // Nothing was executed in time; the accounting says so for each request.
            guard: { type: 'wasCutShortWithoutFiles', params: ({ event }) => event.output },
            target: '#triple.checking-ids',
            actions: ['noteSuccess', { type: 'noteRemoteStatus', params: ({ event }) => event.output }],
          },
          {
            guard: { type: 'hasNothingMoreForNewLook', params: ({ event }) => event.output },
            target: '#triple.checking-ids',
            actions: ['noteSuccess', { type: 'noteRemoteStatus', params: ({ event }) => event.output }],
          },
          {
            guard: { type: 'isOfflineAtFirstLook', params: ({ event }) => event.output },
            target: 'waiting',
            actions: 'noteSuccess',
          },
          {
            guard: { type: 'hasNoRoom', params: ({ event }) => event.output },
            target: '#triple.submitting.waiting-for-room',
            actions: ['noteSuccess', { type: 'noteProblemIn', params: ({ event }) => event.output }],
          },
          {
            target: '#triple.failed',
            actions: [
              { type: 'noteRemoteStatus', params: ({ event }) => event.output },
              { type: 'noteEndWithoutAnswers', params: ({ event }) => event.output },
            ],
          },
        ],
        onError: onStepError('checking-backing-off'),
      },
    },
    'checking-backing-off': { tags: 'backing-off', after: { backoff: 'checking' } },
    'looking-again-later': { tags: 'backing-off', after: { backoff: 'checking' } },
    waiting: {
      tags: 'resting',
      entry: 'noteRest',
      on: { 'poll.due': 'checking', 'triple.retry': 'checking', 'triple.rescan': '#triple.deciding' },
    },
    downloading: {
      tags: 'working',
      invoke: {
        id: 'downloadFiles',
        src: 'downloadFiles',
        input: onlineStepInput,
        onDone: { target: '#triple.deciding', actions: 'noteSuccess' },
        onError: onStepError('downloading-backing-off'),
      },
    },
    'downloading-backing-off': { tags: 'backing-off', after: { backoff: 'downloading' } },
  },
})

function onlineStepInput({ context }: { readonly context: TripleContext }): OnlineStepInput {
  return { index: context.index, facts: surveyed(context), isAskingAgain: context.isAskingAgain }
}
