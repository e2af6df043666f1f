import { defaultTripleLimits } from '../../machines/index.js'
import { accountingMemory, stepsAtWork, type TripleDependencies } from '../actors/dependencies.js'
import { systemClock } from '../clock.js'
import type { BatchWorkspace } from '../workspace/open-workspace.js'
import type { ReconciliationEvent, ReportEvent } from './events.js'
import type { ReconcileOptions } from './options.js'
import type { RunContext } from './run-context.js'

/** What the steps of one triple get, from the options of the run. */
export function tripleDependencies(
  workspace: BatchWorkspace,
  options: ReconcileOptions,
  { board, submissions, sentBefore }: RunContext,
): TripleDependencies {
  return {
    workspace,
    clock: options.clock ?? systemClock,
    provider: board?.provider ?? null,
    limits: {
      ...defaultTripleLimits,
      ...options.limits,
      ...(options.maxAttempts === undefined ? {} : { maxAttempts: options.maxAttempts }),
    },
    contentType: options.expectedContentType ?? null,
    schema: options.schema,
    repairJson: options.repairJson ?? false,
    shouldRetry: options.shouldRetry,
    processOutput: options.processOutput,
    processErrors: options.processErrors,
    report: reporterOf(options),
    accountings: accountingMemory(),
    stepsAtWork: stepsAtWork(),
    submissions,
    sentBefore,
    maySubmitRetries: options.shouldSubmitRetries ?? true,
    cancelDuplicates: options.cancelDuplicates ?? false,
  }
}

/** A listener that throws must not touch the run; what it threw has nowhere to go. */
export function reporterOf({ onEvent }: Pick<ReconcileOptions, 'onEvent'>): ReportEvent {
  return (event: ReconciliationEvent): void => {
    try {
      onEvent?.(event)
    } catch {
      // Progress displays are not worth a batch.
    }
  }
}
