/** `12345` → `12,345`. The same everywhere, whatever the locale. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** `1 request`, `2 requests`. */
export function countOf(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** Three digits at most before the unit: `999 B`, `1.5 kB`, `20 MB`. Thousands, as disks and networks count. */
export function bytesText(bytes: number): string {
  const steps = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** steps
  return `${steps > 0 && value < 10 ? value.toFixed(1) : Math.floor(value)} ${units[steps]}`
}

/** Time that is left, in the largest unit that fits, rounded up: `45 s`, `3 min`, `2 h`, `5 d`. */
export const durationText = (durationMs: number): string => inUnits(durationMs, Math.ceil)

/** Time that has passed, the same way, rounded down. */
export const elapsedText = (elapsedMs: number): string => inUnits(elapsedMs, Math.floor)

function inUnits(timeMs: number, round: (value: number) => number): string {
  const seconds = Math.max(0, round(timeMs / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7_200) return `${round(seconds / 60)} min`
  return seconds < 172_800 ? `${round(seconds / 3600)} h` : `${round(seconds / 86_400)} d`
}

/** ISO 8601 in UTC; `null` for a number that is no time: files that are read may hold any. */
export function isoTime(atMs: number): string | null {
  const time = new Date(atMs)
  return Number.isNaN(time.getTime()) ? null : time.toISOString()
}

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
