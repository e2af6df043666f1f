import type {
  SchedulerEvent,
  TripleEvent,
  TripleLimits,
  TripleOutcome,
  TripleTag,
} from '../../machines/index.js'
import type { StepName } from '../machines/harness.js'

export const tripleEvents: Readonly<Record<TripleEvent['type'], string>> = {
  'triple.rescan': 'Look at the disk again: somebody put a file back, or time has passed.',
  'triple.retry': 'Try again what failed, or ask again now.',
  'triple.submit': 'Leave to send an input that was never submitted.',
  'poll.due': 'Time to ask the server again.',
}

export const schedulerEvents: Readonly<Record<SchedulerEvent['type'], string>> = {
  'triple.settled': 'A triple came to rest.',
  'triples.found': 'So many more triples are there, such as retries written during the run.',
  'scheduler.stop': 'Start nothing new; finish what is at work.',
}

interface ActorWords {
  readonly does: string
  /** What the machine goes on with. */
  readonly gives: string
}

const nothing = 'nothing: that it ended well is the answer'

export const tripleActors: Readonly<Record<StepName, ActorWords>> = {
  surveyTriple: { does: 'stats the files of the index and reads the metadata', gives: '`TripleFacts`' },
  submitBatch: {
    does: 'adopts a batch made earlier for this upload, else uploads and creates; never creates twice',
    gives: '`submitted`, `no-room`, `given-up`, `offline`',
  },
  splitBatch: { does: 'notes in the metadata that the requests go on in two parts', gives: nothing },
  checkOnline: {
    does: 'asks the server and writes what it said into the metadata; cancels first what somebody wants to stop',
    gives:
      '`still-processing`, `files-ready`, `not-published`, `nothing-more`, `no-room`, `ended-badly`, `offline`',
  },
  downloadFiles: { does: 'fetches what is absent, checks it, puts it under its final name', gives: nothing },
  checkIds: {
    does: 'accounts for every request; writes the proof, quarantines lines nobody can read',
    gives: '`accounted`, `ids-missing`, `mismatch`',
  },
  processErrorFile: {
    does: 'classifies each row and hands it to your callbacks; groups the errors; so too for requests never executed',
    gives: 'row counts by class',
  },
  processOutputFile: {
    does: 'classifies each row and hands it to your callbacks',
    gives: 'row counts by class, those of the error file included',
  },
  retryFailedRequests: {
    does: 'writes the failed request lines, byte for byte, as a new triple',
    gives: 'the index of that triple, or of both parts',
  },
  recordResults: { does: 'writes `target/` and `failed-items/`', gives: nothing },
  moveToDone: { does: 'moves the files to `done/`, overwriting none', gives: nothing },
}

export const tags: Readonly<Record<TripleTag, string>> = {
  working: 'an actor is at work; nothing from outside is heard',
  'backing-off': 'a timer runs; nothing from outside is heard',
  resting: 'nothing happens until an event comes; one pass over the workspace ends here',
  parked: 'it does not go on by itself: a person, or `retry`, is needed',
  'needs-person': 'nothing but a person’s hand at the files helps',
  'waiting-for-batch': 'the server has the batch; the next poll wakes it',
  'waiting-for-room': 'the server has no room for the batch; the next poll wakes it',
}

export const delays: Readonly<Record<'backoff', string>> = {
  backoff:
    '`backoffBaseMs` × 2^(n − 1), where n counts the failures of this step or the looks again, whichever is more; ' +
    'at most `backoffCapMs`, of which the upper half is spread by a number made from the index; at least what the server asked for by `Retry-After`; never above 2^31 − 1 ms, ' +
    'beyond which a timer would fire at once',
}

export const limits: Readonly<Record<keyof TripleLimits, string>> = {
  maxRetries: 'passing failures of one step in a row; one more parks the triple with that failure',
  maxLooksAgain: 'looks at a server whose batch has ended while files or ids are missing',
  maxAttempts:
    'attempts of a lineage, the first included; after that failed rows are reported, not sent again',
  backoffBaseMs: 'first pause after a passing failure',
  backoffCapMs: 'longest pause, unless the server asks for a longer one',
}

export const outcomes: Readonly<Record<TripleOutcome['type'], string>> = {
  done: '`done`',
  pending: 'every other state: the server works, or has no room',
  'not-submitted': '`submitting.waiting-for-leave`',
  'needs-attention': '`missing-input`, and `failed` with a problem only a person can decide',
  failed: '`failed`, any other problem',
}
