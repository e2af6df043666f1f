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

/** The triple machine with every actor in place. */
export function provideActors(dependencies: TripleDependencies): typeof tripleMachine {
  return tripleMachine.provide({
    actors: {
      surveyTriple: defineStepActor(surveyTriple, dependencies),
      submitBatch: defineStepActor(submitBatch, dependencies),
      splitBatch: defineStepActor(splitBatch, dependencies),
      checkOnline: defineStepActor(checkOnline, dependencies),
      downloadFiles: defineStepActor(downloadFiles, dependencies),
      checkIds: defineStepActor(checkIds, dependencies),
      processErrorFile: defineStepActor(processErrorFile, dependencies),
      processOutputFile: defineStepActor(processOutputFile, dependencies),
      retryFailedRequests: defineStepActor(retryFailedRequests, dependencies),
      recordResults: defineStepActor(recordResults, dependencies),
      moveToDone: defineStepActor(moveToDone, dependencies),
    },
  })
}
