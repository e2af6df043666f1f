import { systemClock, type Clock } from '../../clock.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { workspaceStatus } from '../workspace-status.js'
import { followNumbers, type NumbersFile } from './follow-numbers.js'
import { stuckReasons, type Census } from './metrics.js'
import { knownStanding, outcomesOf } from './round-signals.js'
import type { SignalOptions } from './senders.js'

/** Beyond what other workers do nobody tells this one anything, so it looks for itself so often. */
const censusEveryMs = 60_000

/** Keeps the metrics file of a worker: what it did itself, and how the triples of the whole workspace stand. */
export async function sharedNumbers(
  workspace: BatchWorkspace,
  options: SignalOptions,
): Promise<Pick<NumbersFile, 'onEvent' | 'close'> | null> {
  if (options.metricsFile === undefined) return null
  const { clock = systemClock } = options
  let census = await censusOf(workspace, clock)
  let isOver = false
  let timer: unknown = null
  const numbers = followNumbers(workspace, options, { census: () => census, isShared: true })
  const lookAgain = (): void => {
    timer = clock.setTimeout(() => void look(), censusEveryMs)
  }
  const look = async (): Promise<void> => {
    // A folder that cannot be read now leaves the numbers as they were, and their time grows old.
    const found = await censusOf(workspace, clock).catch(() => null)
    if (isOver) return
    if (found !== null) census = found
    if (found !== null) numbers?.touch()
    lookAgain()
  }
  lookAgain()
  return {
    onEvent: numbers?.onEvent ?? (() => {}),
    async close(): Promise<void> {
      isOver = true
      if (timer !== null) clock.clearTimeout(timer)
      census = await censusOf(workspace, clock).catch(() => census)
      await numbers?.close()
    },
  }
}

async function censusOf(workspace: BatchWorkspace, clock: Clock): Promise<Census> {
  const status = await workspaceStatus(workspace)
  return {
    outcomes: outcomesOf(status),
    stuck: stuckReasons(status.triples.map(knownStanding), clock.now()),
  }
}
