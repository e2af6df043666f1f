import { resolve } from 'node:path'
import type { ReconcileWorkspaceOptions } from '../engine/options.js'
import type { CommandLineContext } from './context.js'
import { loadProcessor, type LoadedProcessor } from './load-processor.js'
import type { RunFlags } from './routes.js'

/** The user's module, when one is named. */
export async function processorOf(
  { currentDirectory }: CommandLineContext,
  { processor }: Pick<RunFlags, 'processor'>,
): Promise<LoadedProcessor | null> {
  return processor === undefined ? null : loadProcessor(resolve(currentDirectory, processor))
}

/** What the flags that all reconciling commands share come to. */
export function reconcileOptions(
  { clock, signal }: CommandLineContext,
  flags: Omit<RunFlags, 'json'>,
  loaded: LoadedProcessor | null,
): ReconcileWorkspaceOptions {
  return {
    ...loaded?.processor,
    concurrency: flags.concurrency,
    expectedContentType: flags.contentType,
    maxAttempts: flags.maxAttempts,
    repairJson: flags.repairJson,
    clock,
    signal,
  }
}
