import { tripleMachine } from '../../machines/index.js'
import { checkIds } from '../actors/check-ids.js'
import { checkOnline } from '../actors/check-online.js'
import type { TripleDependencies } from '../actors/dependencies.js'
import { downloadFiles } from '../actors/download-files.js'
import { moveToDone } from '../actors/move-to-done.js'
import { processErrorFile } from '../actors/process-error-file.js'
import { processOutputFile } from '../actors/process-output-file.js'
import { recordResults } from '../actors/record-results.js'
import { retryFailedRequests } from '../actors/retry-failed-requests.js'
import { splitBatch } from '../actors/split-batch.js'
import { defineStepActor } from '../actors/step-actor.js'
import { submitBatch } from '../actors/submit-batch.js'
import { surveyTriple } from '../actors/survey-triple.js'

/** The triple machine with every actor in place. One serves all triples of a run: to make it costs as much as a small triple. */
export function provideActors(dependenciesOf: (index: string) => TripleDependencies): typeof tripleMachine {
  return tripleMachine.provide({
    actors: {
      surveyTriple: defineStepActor(surveyTriple, dependenciesOf),
      submitBatch: defineStepActor(submitBatch, dependenciesOf),
      splitBatch: defineStepActor(splitBatch, dependenciesOf),
      checkOnline: defineStepActor(checkOnline, dependenciesOf),
      downloadFiles: defineStepActor(downloadFiles, dependenciesOf),
      checkIds: defineStepActor(checkIds, dependenciesOf),
      processErrorFile: defineStepActor(processErrorFile, dependenciesOf),
      processOutputFile: defineStepActor(processOutputFile, dependenciesOf),
      retryFailedRequests: defineStepActor(retryFailedRequests, dependenciesOf),
      recordResults: defineStepActor(recordResults, dependenciesOf),
      moveToDone: defineStepActor(moveToDone, dependenciesOf),
    },
  })
}
