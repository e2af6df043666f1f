import { tagsOf } from '../state-paths.js'
import type { OnlineStepInput, OnlineVerdict, WantedFiles } from '../steps.js'
import { surveyed, type TripleContext } from './context.js'
import { tripleSetup } from './setup.js'
import { onStepError } from './step-failed.js'

interface Answered {
  readonly event: { readonly output: OnlineVerdict }
}

const verdictOf = ({ event }: Answered): OnlineVerdict => event.output
const remoteStatus = { type: 'noteRemoteStatus', params: verdictOf } as const
const endedWithoutAnswers = {
  target: '#triple.failed',
  actions: [remoteStatus, { type: 'noteEndWithoutAnswers', params: verdictOf }],
} as const

/**
 * The batch is at the server. `waiting` holds no timer: one shared poller wakes all who wait. A first look takes what
 * is absent; `asking-again` is for ids that were missing, and has everything fetched anew.
 */
export const awaitingOnlineFiles = tripleSetup.createStateConfig({
  description: 'The batch is at the server, or files it named are not here yet.',
  initial: 'checking',
  states: {
    checking: {
      description: 'Asks the server for the status and the file ids.',
      tags: 'working',
      invoke: {
        id: 'checkOnline',
        src: 'checkOnline',
        input: wanting('absent'),
        onDone: [
          ...whateverIsWanted('downloading', 'looking-again-later'),
          {
            guard: { type: 'hasNothingMore', params: verdictOf },
            target: '#triple.checking-ids',
            actions: ['noteSuccess', remoteStatus],
          },
          { guard: { type: 'isOffline', params: verdictOf }, target: 'waiting', actions: 'noteSuccess' },
          endedWithoutAnswers,
        ],
        onError: onStepError('checking-backing-off'),
      },
    },
    'checking-backing-off': {
      description: 'The server could not be asked.',
      tags: 'backing-off',
      after: { backoff: 'checking' },
    },
    'looking-again-later': {
      description: 'The batch has ended and does not name all of its files; servers publish late.',
      tags: 'backing-off',
      after: { backoff: 'checking' },
    },
    waiting: {
      description: 'The server still works. Holds no timer: one poller wakes all who wait.',
      tags: tagsOf('awaiting-online-files.waiting'),
      entry: 'noteRest',
      on: { 'poll.due': 'checking', 'triple.retry': 'checking', 'triple.rescan': '#triple.deciding' },
    },
    downloading: {
      description: 'Fetches the output and the error file that are not here.',
      tags: 'working',
      invoke: {
        id: 'downloadFiles',
        src: 'downloadFiles',
        input: wanting('absent'),
        onDone: { target: '#triple.deciding', actions: 'noteSuccess' },
        onError: onStepError('downloading-backing-off'),
      },
    },
    'downloading-backing-off': {
      description: 'A download was cut off; it starts anew.',
      tags: 'backing-off',
      after: { backoff: 'downloading' },
    },
    'asking-again-later': {
      description:
        'Ids are missing in the files of a batch that has ended; the server is asked again in a while.',
      tags: 'backing-off',
      after: { backoff: 'asking-again' },
    },
    'asking-again': {
      description: 'Asks the server once more, because ids are missing in the files that are here.',
      tags: 'working',
      invoke: {
        id: 'checkOnline',
        src: 'checkOnline',
        input: wanting('all-anew'),
        onDone: [...whateverIsWanted('downloading-anew', 'asking-again-later'), endedWithoutAnswers],
        onError: onStepError('asking-again-backing-off'),
      },
    },
    'asking-again-backing-off': {
      description: 'The server could not be asked once more.',
      tags: 'backing-off',
      after: { backoff: 'asking-again' },
    },
    'downloading-anew': {
      description: 'Fetches output and error file anew, also those that are here.',
      tags: 'working',
      invoke: {
        id: 'downloadFiles',
        src: 'downloadFiles',
        input: wanting('all-anew'),
        onDone: { target: '#triple.deciding', actions: 'noteSuccess' },
        onError: onStepError('downloading-anew-backing-off'),
      },
    },
    'downloading-anew-backing-off': {
      description: 'A fresh download was cut off; it starts anew.',
      tags: 'backing-off',
      after: { backoff: 'downloading-anew' },
    },
  },
})

/** Where a verdict leads that means the same whichever files are wanted. */
function whateverIsWanted<const Downloading extends string, const Later extends string>(
  downloading: Downloading,
  later: Later,
) {
  return [
    {
      guard: { type: 'isStillProcessing', params: verdictOf },
      target: 'waiting',
      actions: ['noteSuccess', remoteStatus],
    },
    {
      guard: { type: 'areFilesReady', params: verdictOf },
      target: downloading,
      actions: ['noteSuccess', remoteStatus],
    },
    {
      guard: { type: 'mayPublishLater', params: verdictOf },
      target: later,
      actions: ['noteAnotherLook', remoteStatus],
    },
    { guard: { type: 'isPublishingStill', params: verdictOf }, target: 'waiting', actions: remoteStatus },
    {
      // Nothing was executed in time; the accounting says so for each request.
      guard: { type: 'wasCutShortWithoutFiles', params: verdictOf },
      target: '#triple.checking-ids',
      actions: ['noteSuccess', remoteStatus],
    },
    {
      guard: { type: 'isTooLarge', params: verdictOf },
      target: '#triple.submitting.splitting',
      actions: 'noteSuccess',
    },
    {
      guard: { type: 'hasNoRoom', params: verdictOf },
      target: '#triple.submitting.waiting-for-room',
      actions: ['noteSuccess', { type: 'noteProblemIn', params: verdictOf }],
    },
  ] as const
}

function wanting(wanted: WantedFiles) {
  return ({ context }: { readonly context: TripleContext }): OnlineStepInput => ({
    index: context.index,
    facts: surveyed(context),
    wanted,
  })
}
