/** A stretch of time, `toMs` not before `fromMs`. */
export interface Stretch {
  readonly fromMs: number
  readonly toMs: number
}

/** Where it stands on a bar, in parts of the bar's length. */
export interface PlaceOnBar {
  readonly start: number
  readonly length: number
}

/** None is too short to be seen: each is at least as long as this, and those after it make way. */
const least = 0.008

/**
 * Stretches in their order on a bar from `fromMs` to `toMs`. True to scale but for the shortest ones; what does not fit
 * any more after they were made longer is drawn closer together.
 */
export function layOutSpans(stretches: readonly Stretch[], fromMs: number, toMs: number): PlaceOnBar[] {
  const wholeMs = Math.max(1, toMs - fromMs)
  const places: PlaceOnBar[] = []
  let end = 0
  for (const stretch of stretches) {
    const start = Math.max(end, (stretch.fromMs - fromMs) / wholeMs)
    const length = Math.max(least, (stretch.toMs - fromMs) / wholeMs - start)
    places.push({ start, length })
    end = start + length
  }
  const scale = end > 1 ? 1 / end : 1
  return places.map(({ start, length }) => ({ start: start * scale, length: length * scale }))
}
