/** As short as a time can be, so that columns of them stand in line. */
const hourAndMinute = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const

/** A moment on an axis and how it is written there. */
export interface Tick {
  readonly atMs: number
  readonly label: string
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const stepsMs = [
  1_000,
  5_000,
  15_000,
  minuteMs,
  5 * minuteMs,
  15 * minuteMs,
  hourMs,
  3 * hourMs,
  6 * hourMs,
  12 * hourMs,
  dayMs,
  2 * dayMs,
  7 * dayMs,
  30 * dayMs,
]

/**
 * Round times of the viewer's own day between two moments, at most so many of them. Empty where the stretch is none, or
 * longer than the longest step allows.
 */
export function ticksBetween(fromMs: number, toMs: number, most: number): readonly Tick[] {
  const stepMs = stepsMs.find((step) => (toMs - fromMs) / step <= most)
  if (stepMs === undefined || !(toMs > fromMs)) return []
  // Midnight and full hours are the viewer's, not those of UTC.
  const zoneMs = new Date(fromMs).getTimezoneOffset() * minuteMs
  const firstMs = Math.ceil((fromMs - zoneMs) / stepMs) * stepMs + zoneMs
  const ticks: Tick[] = []
  for (let atMs = firstMs; atMs <= toMs && ticks.length < most; atMs += stepMs) {
    ticks.push({ atMs, label: tickLabel(atMs, stepMs) })
  }
  return ticks
}

/** The date where a day begins, else the time of day. */
function tickLabel(atMs: number, stepMs: number): string {
  const time = new Date(atMs)
  const isMidnight = time.getHours() === 0 && time.getMinutes() === 0 && time.getSeconds() === 0
  if (isMidnight) return formats.day.format(time)
  return (stepMs < minuteMs ? formats.second : formats.minute).format(time)
}

const dayOfMonth = { month: 'short', day: 'numeric' } as const

/** Made once: to make one takes longer than all that is drawn with it. They throw where a number is no date. */
export const formats = {
  second: new Intl.DateTimeFormat([], { ...hourAndMinute, second: '2-digit' }),
  minute: new Intl.DateTimeFormat([], hourAndMinute),
  day: new Intl.DateTimeFormat([], dayOfMonth),
  minuteOfDay: new Intl.DateTimeFormat([], { ...dayOfMonth, ...hourAndMinute }),
  full: new Intl.DateTimeFormat([], { dateStyle: 'full', timeStyle: 'long' }),
}
