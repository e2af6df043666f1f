import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/**
 * Keeps V8's young generation at its first size. Rows live for a moment only, yet V8 answers their number with one of
 * 48 MB: with a small one a triple of 1 GB with half a million requests peaked at 173 MB instead of 222, and was no slower.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}

/**
 * Lets it grow to four times that, once. Thousands of small triples keep machines and files in hand, which it would else
 * copy with every triple: a tenth of their CPU time. It costs some 7 MB.
 */
export function enlargeYoungGenerationOnce(): void {
  const sizeBefore = youngBytes()
  const observer = new PerformanceObserver(() => {
    if (youngBytes() <= sizeBefore) return
    observer.disconnect()
    keepYoungGenerationSmall()
  })
  observer.observe({ entryTypes: ['gc'] })
  setFlagsFromString('--semi-space-growth-factor=4')
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0
}
