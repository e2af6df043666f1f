import { ticksBetween } from './time-ticks.js'

interface TimeAxisProps {
  readonly fromMs: number
  readonly toMs: number
  readonly nowMs: number
}

/** At 400 pixels the labels still stand apart. */
const mostTicks = 6

/** A label this near to an end would leave the axis, in parts of its length. */
const margin = 0.04
/** A label nearer to `now` would stand against it. */
const roomOfNow = 0.12

/** Round times below a drawing, and where now is. The drawing itself is told in words elsewhere. */
export function TimeAxis({ fromMs, toMs, nowMs }: TimeAxisProps) {
  const partOf = (atMs: number): number => (atMs - fromMs) / (toMs - fromMs)
  const now = partOf(nowMs)
  const showsNow = now > 0.5 && now <= 1 + margin
  const ticks = ticksBetween(fromMs, toMs, mostTicks).filter(({ atMs }) => {
    const part = partOf(atMs)
    return part > margin && part < 1 - margin && (!showsNow || Math.abs(part - now) > roomOfNow)
  })
  return (
    <div class="axis" aria-hidden="true">
      {ticks.map(({ atMs, label }) => (
        <span key={atMs} style={{ left: `${partOf(atMs) * 100}%` }}>
          {label}
        </span>
      ))}
      {showsNow && (
        <span class={now > 1 - margin ? 'now at-end' : 'now'} style={{ left: `${Math.min(1, now) * 100}%` }}>
          now
        </span>
      )}
    </div>
  )
}
