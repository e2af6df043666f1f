import type {
  SchedulerEvent,
  TripleEvent,
  TripleLimits,
  TripleOutcome,
  TripleTag,
} from '../../machines/index.js'
import type { StepName } from '../machines/harness.js'

/** One line for each state of the triple machine, by its dotted path. */
export const tripleStates: Readonly<Record<string, string>> = {
  deciding: 'Looks at the disk and chooses where to go. Forgets what an earlier look had found.',
  'deciding.surveying': 'Reads which files stand at this index and what the metadata says.',
  'deciding.backing-off': 'The survey failed for a passing reason.',
  'deciding.choosing': 'Left at once: the facts say where to.',
  'missing-input': 'Answers are here and the input is not. A person has to put it back.',
  submitting: 'An input without a batch.',
  'submitting.deciding-leave': 'Left at once: may this input be sent?',
  'submitting.waiting-for-leave':
    'Nobody allowed to send it, or no server is configured. Costs nothing until somebody does.',
  'submitting.sending':
    'Looks for a batch an earlier run may have made, else uploads the input and creates one.',
  'submitting.waiting-for-room': 'The server takes no more tokens for now; it is asked again when polled.',
  'submitting.backing-off': 'Sending failed for a passing reason; the next try looks for the batch first.',
  'awaiting-online-files': 'The batch is at the server, or files it named are not here yet.',
  'awaiting-online-files.checking': 'Asks the server for the status and the file ids.',
  'awaiting-online-files.checking-backing-off': 'The server could not be asked.',
  'awaiting-online-files.looking-again-later':
    'The batch has ended and files or ids are missing; servers publish late.',
  'awaiting-online-files.waiting': 'The server still works. Holds no timer: one poller wakes all who wait.',
  'awaiting-online-files.downloading':
    'Fetches output and error file; when ids were missing, also the ones that are here.',
  'awaiting-online-files.downloading-backing-off': 'A download was cut off; it starts anew.',
  'checking-ids': 'Nothing is processed or moved before every request is accounted for.',
  'checking-ids.checking': 'Compares the ids of the input with those of output and error file.',
  'checking-ids.backing-off': 'The files could not be read for a passing reason.',
  'checking-ids.accounted': 'Left at once: errors first, then outputs.',
  'processing-errors': 'The two operations on errors.',
  'processing-errors.logging':
    'LogErrors: each row of the error file is classified, handed over and summed up.',
  'processing-errors.logging-backing-off':
    'Logging failed for a passing reason; it goes on from its checkpoint.',
  'processing-errors.logged': 'Left at once: outputs next, if there are any.',
  'processing-errors.retrying':
    'RetryFailedRequests: the rows worth another try become a triple of their own.',
  'processing-errors.retrying-backing-off': 'The retry could not be written for a passing reason.',
  'processing-outputs': 'The answers, row by row, to your code.',
  'processing-outputs.processing': 'Each row of the output file is classified and handed over.',
  'processing-outputs.backing-off': 'Processing failed for a passing reason; it goes on from its checkpoint.',
  'processing-outputs.processed': 'Left at once: are there rows to send again?',
  'moving-to-done': 'The end of the work: what was found is kept, then the files are archived.',
  'moving-to-done.recording': 'Writes results and failed rows; durable before anything moves.',
  'moving-to-done.recording-backing-off': 'Recording failed for a passing reason.',
  'moving-to-done.moving':
    'Notes that it will move, moves the files, the metadata last. Finishes a move that was cut short.',
  'moving-to-done.moving-backing-off': 'The move was stopped for a passing reason.',
  failed: 'Parked with a problem. Nothing after the failed step ran.',
  done: 'Every file stands in `done/`.',
}

export const schedulerStates: Readonly<Record<string, string>> = {
  admitting: 'Left at once: starts triples in order while fewer than `maxLive` are live.',
  full: 'As many are live as may be, or none is left to start.',
  draining: 'Was told to stop: starts nothing, waits for those that are live.',
  settled: 'All that was started has come to rest.',
}

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
    gives: '`submitted`, `no-room`, `offline`',
  },
  checkOnline: {
    does: 'asks the server and writes what it said into the metadata',
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
    gives: 'the index of that triple',
  },
  recordResults: { does: 'writes `target/` and `failed-items/`', gives: nothing },
  moveToDone: { does: 'moves the files to `done/`, overwriting none', gives: nothing },
}

export const tags: Readonly<Record<TripleTag, string>> = {
  working: 'an actor is at work; nothing from outside is heard',
  'backing-off': 'a timer runs; nothing from outside is heard',
  resting: 'nothing happens until an event comes; one pass over the workspace ends here',
  parked: 'a person, or `retry`, is needed',
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
