/** Steps from a newer batch to an older one that show the order of a list: chance does not make so many in a row. */
const stepsThatShow = 10

/** Watches whether a list goes from newer to older. No document promises it, though every server seen does so. */
export interface NewestFirst {
  /** The times of the next entries, in milliseconds since 1970; `null` for one that has none. */
  readonly add: (timesMs: readonly (number | null)[]) => void
  /** True when there were enough steps to an older batch, and none to a newer one. */
  readonly isShown: () => boolean
}

export function newestFirst(): NewestFirst {
  let lastMs = Infinity
  let steps = 0
  let isBroken = false
  return {
    add(timesMs) {
      for (const atMs of timesMs) {
        isBroken ||= atMs === null || atMs > lastMs
        if (atMs !== null && atMs < lastMs) steps += 1
        lastMs = atMs ?? lastMs
      }
    },
    isShown: () => !isBroken && steps >= stepsThatShow,
  }
}
