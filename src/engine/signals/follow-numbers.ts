import { resolve } from 'node:path'
import { systemClock } from '../../clock.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import type { ReportEvent } from '../events.js'
import { neverThrowing } from '../never-throwing.js'
import { metricsFile } from './metrics-file.js'
import { metricsText } from './metrics-text.js'
import { runMetrics, type Census } from './metrics.js'
import type { SignalOptions } from './senders.js'

/** Numbers that a metrics file follows. */
export interface FollowedNumbers {
  /** How the triples stand. */
  readonly census: () => Census
  /** Whether other processes go on with what comes to rest here. */
  readonly isShared: boolean
}

export interface NumbersFile {
  readonly onEvent: ReportEvent
  /** The census is another one. */
  touch(): void
  close(): Promise<void>
}

/** Keeps the metrics file; `null` when none is wanted. */
export function followNumbers(
  { root }: BatchWorkspace,
  { metricsFile: path, clock = systemClock, onWarning }: SignalOptions,
  followed: FollowedNumbers,
): NumbersFile | null {
  if (path === undefined) return null
  const metrics = runMetrics(root, clock, followed)
  let isRunning = true
  const text = (): string => metricsText(metrics.all(isRunning))
  const file = metricsFile({ path: resolve(path), clock, warn: neverThrowing(onWarning), text })
  return {
    onEvent(event) {
      metrics.add(event)
      file.touch()
    },
    touch: () => file.touch(),
    close() {
      isRunning = false
      return file.close()
    },
  }
}
