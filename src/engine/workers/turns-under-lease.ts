import { monotonicMsOf, type Clock } from '../../clock.js'
import type { Lease } from '../../workspace/workers/lease.js'
import { sleep } from '../sleep.js'

/** Work that needs a lease which all triples of all workers want; it is done in the order in which it was asked for. */
export type TurnsUnderLease = <Result>(work: TurnWork<Result>) => Promise<Result>

/** `isFirst`: the lease was taken for it, so others may have had it since the work before. */
export type TurnWork<Result> = (lease: Lease, isFirst: boolean) => Promise<Result>

export interface TurnsOptions {
  readonly take: () => Promise<Lease>
  readonly clock: Clock
  readonly signal: AbortSignal
  /** After so long other workers have their turn, in milliseconds. */
  readonly heldForMs: number
  /** Longer than others pause before they try again. */
  readonly pauseMs: number
}

interface Waiting {
  readonly work: (lease: Lease, isFirst: boolean) => Promise<void>
  readonly fail: (error: unknown) => void
}

/** One taking of the lease serves all triples of this worker that wait for it meanwhile. */
export function turnsUnderLease(options: TurnsOptions): TurnsUnderLease {
  const waiting: Waiting[] = []
  let isServing = false
  const serveAll = async (): Promise<void> => {
    if (isServing) return
    isServing = true
    while (waiting.length > 0) await serveSome(waiting, options)
    isServing = false
  }
  return (work) =>
    new Promise((resolve, reject) => {
      waiting.push({
        work: (lease, isFirst) => work(lease, isFirst).then(resolve, reject),
        fail: reject,
      })
      void serveAll()
    })
}

/** What keeps the lease from being taken, or given back, is told to who waits next; the others try for themselves. */
async function serveSome(waiting: Waiting[], options: TurnsOptions): Promise<void> {
  const { take, clock, signal, pauseMs } = options
  try {
    const lease = await take()
    try {
      await serveUnder(lease, waiting, options)
    } finally {
      await lease.release()
    }
    if (waiting.length > 0) await sleep(clock, pauseMs, signal)
  } catch (error) {
    waiting.shift()?.fail(error)
  }
}

async function serveUnder(
  lease: Lease,
  waiting: Waiting[],
  { clock, signal, heldForMs }: TurnsOptions,
): Promise<void> {
  const untilMs = monotonicMsOf(clock) + heldForMs
  for (let isFirst = true; isFirst || monotonicMsOf(clock) < untilMs; isFirst = false) {
    // The next one is often on its way, and to take the lease anew costs more than to wait for it.
    if (waiting.length === 0) await sleep(clock, lingerMs, signal)
    if (!isFirst && (await isLost(lease))) return
    const next = waiting.shift()
    if (next === undefined) return
    await next.work(lease, isFirst)
  }
}

/** Less than others pause before they try again. */
export const lingerMs = 20

const isLost = (lease: Lease): Promise<boolean> =>
  lease.confirm().then(
    () => false,
    () => true,
  )
