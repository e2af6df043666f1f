import { useState } from 'preact/hooks'
import { phases, phaseWords, type Phase } from '../../engine/phases.js'
import type { WorkspaceHistory } from '../../engine/phase-history.js'
import { countText } from '../../units.js'
import type { Backend } from './backend.js'
import { TimeAxis } from './time-axis.js'
import { clockText, fullTime } from './times.js'
import { useHistory } from './use-history.js'

interface HistoryMapProps {
  readonly backend: Backend
  readonly nowMs: number
}

const heightPixels = 72

/** What is wrong stands at the bottom, so that its outline is the level of trouble. */
const stacked: readonly Phase[] = phases

/** How many triples were where over time: a deploy or an outage that broke things is a step in the red. */
export function HistoryMap({ backend, nowMs }: HistoryMapProps) {
  const history = useHistory(backend)
  const [pointed, setPointed] = useState<number | null>(null)
  const buckets = history?.counts.failed.length ?? 0
  const at = pointed === null ? buckets - 1 : Math.min(pointed, buckets - 1)
  return (
    <section class="map" aria-label="The workspace over time">
      <h2>Over time</h2>
      {history === null || buckets === 0 ? (
        <div class="map-drawing">{history === null ? '' : 'No journal tells of the past yet.'}</div>
      ) : (
        <div
          class="map-drawing"
          tabIndex={0}
          role="slider"
          aria-label="Time"
          aria-valuemin={0}
          aria-valuemax={buckets - 1}
          aria-valuenow={at}
          aria-valuetext={told(history, at)}
          onPointerMove={({ currentTarget, clientX }) => {
            const { left, width } = currentTarget.getBoundingClientRect()
            setPointed(Math.max(0, Math.min(buckets - 1, Math.floor(((clientX - left) / width) * buckets))))
          }}
          onPointerLeave={() => setPointed(null)}
          onKeyDown={(event) => {
            const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0
            if (step === 0) return
            event.preventDefault()
            setPointed(Math.max(0, Math.min(buckets - 1, at + step)))
          }}
        >
          <Drawing history={history} buckets={buckets} />
          {pointed !== null && (
            <span class="pointed" style={{ left: `${((at + 0.5) / buckets) * 100}%` }} aria-hidden="true" />
          )}
        </div>
      )}
      {history !== null && buckets > 0 ? (
        <TimeAxis
          fromMs={history.firstEndMs - history.bucketMs}
          toMs={history.firstEndMs + (buckets - 1) * history.bucketMs}
          nowMs={nowMs}
        />
      ) : (
        <div class="axis" />
      )}
      <p class="map-legend">
        {history !== null && buckets > 0 && <Legend history={history} at={at} nowMs={nowMs} />}
      </p>
    </section>
  )
}

function Drawing({ history, buckets }: { readonly history: WorkspaceHistory; readonly buckets: number }) {
  const highest = Math.max(1, history.triples)
  const below = Array.from({ length: buckets }, () => 0)
  const areas = stacked.map((phase) => {
    const bottom = [...below]
    for (const [bucket, count] of history.counts[phase].entries())
      below[bucket] = (below[bucket] ?? 0) + count
    return { phase, d: areaOf(bottom, below, highest) }
  })
  return (
    <svg viewBox={`0 0 ${buckets} ${heightPixels}`} preserveAspectRatio="none" aria-hidden="true">
      {areas.map(({ phase, d }) => (
        <path key={phase} class={`area ${phase}`} d={d} />
      ))}
    </svg>
  )
}

/** Steps, not slopes: between two buckets nothing is known. */
function areaOf(bottom: readonly number[], top: readonly number[], highest: number): string {
  const yOf = (count = 0): string => (heightPixels - (count / highest) * heightPixels).toFixed(1)
  const there = top.map((count, at) => `L${at},${yOf(count)}H${at + 1}`)
  const back = bottom.map((count, at) => `L${at + 1},${yOf(count)}H${at}`).toReversed()
  return `M0,${yOf(bottom[0])}${there.join('')}${back.join('')}Z`
}

interface LegendProps {
  readonly history: WorkspaceHistory
  readonly at: number
  readonly nowMs: number
}

function Legend({ history, at, nowMs }: LegendProps) {
  const endMs = history.firstEndMs + at * history.bucketMs
  const isNow = endMs >= nowMs
  return (
    <>
      <time title={fullTime(Math.min(endMs, nowMs))}>{isNow ? 'Now' : clockText(endMs, nowMs)}</time>
      {phases.map((phase) => (
        <span key={phase} class={history.counts[phase][at] === 0 ? 'key quiet' : 'key'}>
          <span class={`dot ${phase}`} aria-hidden="true" /> {phaseWords[phase]}{' '}
          <b>{countText(history.counts[phase][at] ?? 0)}</b>
        </span>
      ))}
    </>
  )
}

function told({ firstEndMs, bucketMs, counts }: WorkspaceHistory, at: number): string {
  const parts = phases.flatMap((phase) => {
    const count = counts[phase][at] ?? 0
    return count === 0 ? [] : [`${phaseWords[phase]} ${countText(count)}`]
  })
  return `${fullTime(firstEndMs + at * bucketMs)}: ${parts.join(', ')}`
}
