import { lacksAnnouncedFile, type TripleFacts } from '../facts.js'

/** Where the facts on disk send a triple. One word per answer, so that tests can tabulate them. */
export type Course =
  | 'finish-move'
  | 'nothing-here'
  | 'missing-input'
  | 'fetch-announced-files'
  | 'check-ids'
  | 'ask-server'
  | 'submit'

/** Chooses the course from the facts: the first line that holds. */
export function courseOf(facts: TripleFacts): Course {
  if (facts.isMoveIntended) return 'finish-move'
  if (!hasAnyDataFile(facts)) return 'nothing-here'
  if (facts.input === null) return 'missing-input'
  if (lacksAnnouncedFile(facts)) return 'fetch-announced-files'
  if (facts.output !== null || facts.error !== null) return 'check-ids'
  return facts.batchId === null ? 'submit' : 'ask-server'
}

function hasAnyDataFile(facts: TripleFacts): boolean {
  return facts.input !== null || facts.output !== null || facts.error !== null
}
