import type { Clock } from '../../clock.js'
import type { BatchIndex } from '../../workspace/batch-index.js'
import type { BatchWorkspace } from '../../workspace/open-workspace.js'
import { watchJournals } from '../../workspace/watch-journals.js'

/** What is looked at; both add the indices of what is other than before. */
export interface RefreshedListing {
  refresh(changed: Set<string>): Promise<void>
  refreshOne(changed: Set<string>, index: BatchIndex): Promise<void>
}

/** A tenth of the time at most goes into looking. */
const restPerLook = 9

/** The steps of a triple come together, and those of others with them. */
const soonMs = 40

/** A third of the time at most, while very many journals are written. */
const restPerWrittenLook = 2

/**
 * Tells listeners what changed at each look; the first look comes as soon as there is a listener. A journal that is
 * written between two looks is looked at soon.
 */
export function lookAgainAndAgain(
  workspace: BatchWorkspace,
  listing: RefreshedListing,
  { clock, refreshMs }: { readonly clock: Clock; readonly refreshMs: number },
) {
  const listeners = new Set<(index: string | null) => void>()
  const written = new Set<BatchIndex>()
  let unwatch: (() => void) | null = null
  let timer: unknown = null
  let soonTimer: unknown = null
  let isLooking = false
  let isClosed = false

  /** One look at a time: an older one must not overwrite what a newer one saw. */
  const look = async (refresh: Refresh): Promise<number> => {
    isLooking = true
    const startedAtMs = clock.now()
    const changed = await changedBy(refresh)
    isLooking = false
    if (!isClosed) for (const index of changed) for (const listener of listeners) listener(index)
    return clock.now() - startedAtMs
  }
  const lookAtAll = async (): Promise<void> => {
    timer = null
    if (isLooking) return plan(soonMs)
    const tookMs = await look((changed) => listing.refresh(changed))
    if (!isClosed && listeners.size > 0) unwatch ??= watchJournals(workspace, onWritten)
    plan(Math.max(refreshMs, tookMs * restPerLook))
  }
  const lookAtWritten = async (): Promise<void> => {
    soonTimer = null
    if (isLooking) return planSoon(soonMs)
    const indices = [...written]
    written.clear()
    const tookMs = await look(async (changed) => {
      for (const index of indices) await listing.refreshOne(changed, index)
    })
    if (written.size > 0) planSoon(Math.max(soonMs, tookMs * restPerWrittenLook))
  }
  const onWritten = (index: BatchIndex): void => {
    written.add(index)
    planSoon(soonMs)
  }
  const plan = (delayMs: number): void => {
    if (timer !== null || isClosed || listeners.size === 0) return
    timer = clock.setTimeout(() => void lookAtAll(), delayMs)
  }
  const planSoon = (delayMs: number): void => {
    if (soonTimer !== null || isClosed || listeners.size === 0) return
    soonTimer = clock.setTimeout(() => void lookAtWritten(), delayMs)
  }
  const stop = (): void => {
    unwatch?.()
    written.clear()
    for (const one of [timer, soonTimer]) if (one !== null) clock.clearTimeout(one)
    unwatch = timer = soonTimer = null
  }
  return {
    subscribe: (listener: (index: string | null) => void) => {
      listeners.add(listener)
      plan(0)
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) stop()
      }
    },
    close: () => {
      isClosed = true
      stop()
    },
  }
}

type Refresh = (changed: Set<string>) => Promise<void>

/** A disk that cannot be read for a moment: what was found before is told, and the rest stays as it was known. */
async function changedBy(refresh: Refresh): Promise<ReadonlySet<string>> {
  const changed = new Set<string>()
  await refresh(changed).catch(() => {})
  return changed
}
