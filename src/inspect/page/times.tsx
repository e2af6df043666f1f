import { durationText, elapsedText } from '../../units.js'
import { formats } from './time-ticks.js'

interface MomentProps {
  readonly atMs: number
  readonly nowMs: number
}

/** `26 h ago` or `in 3 min`, in full on hover. */
export function Moment({ atMs, nowMs }: MomentProps) {
  const words = atMs > nowMs ? `in ${durationText(atMs - nowMs)}` : `${elapsedText(nowMs - atMs)} ago`
  return (
    <time dateTime={isoOf(atMs)} title={fullTime(atMs)}>
      {words}
    </time>
  )
}

interface TimeSinceProps {
  readonly sinceMs: number
  readonly nowMs: number
}

/** `26 h`, with the time it began in full on hover. */
export function TimeSince({ sinceMs, nowMs }: TimeSinceProps) {
  return (
    <time dateTime={isoOf(sinceMs)} title={`since ${fullTime(sinceMs)}`}>
      {elapsedText(nowMs - sinceMs)}
    </time>
  )
}

interface ClockTimeProps {
  /** As it was written. A journal that was edited may say anything. */
  readonly at: string
  readonly nowMs: number
}

/** The time of day, with the date where it is another one; in full on hover. */
export function ClockTime({ at, nowMs }: ClockTimeProps) {
  const atMs = Date.parse(at)
  if (Number.isNaN(atMs)) return <span>{at}</span>
  return (
    <time dateTime={at} title={`${fullTime(atMs)} (${at})`}>
      {clockText(atMs, nowMs)}
    </time>
  )
}

export function clockText(atMs: number, nowMs: number): string {
  const time = new Date(atMs)
  const isToday = time.toDateString() === new Date(nowMs).toDateString()
  return isDate(time) ? (isToday ? formats.second : formats.minuteOfDay).format(time) : ''
}

export function fullTime(atMs: number): string {
  const time = new Date(atMs)
  return isDate(time) ? formats.full.format(time) : ''
}

/** Empty for what no date can be made of. */
function isoOf(atMs: number): string {
  const time = new Date(atMs)
  return isDate(time) ? time.toISOString() : ''
}

const isDate = (time: Date): boolean => Number.isFinite(time.getTime())
