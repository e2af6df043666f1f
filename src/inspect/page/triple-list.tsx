import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { FailedForGood } from '../protocol.js'
import { rowPlaces, type RowPlaces } from './row-places.js'
import { tripleSorts, type Survey, type TripleSort } from './survey.js'
import { TripleRow } from './triple-row.js'

interface TripleListProps {
  readonly survey: Survey
  readonly failed: readonly FailedForGood[]
  readonly chosen: string | null
  /** Of the workspace. */
  readonly root: string | null
  readonly nowMs: number
  readonly onChoose: (index: string) => void
}

/** Two lines, or one. */
const rowPixels: Readonly<Record<TripleSort, number>> = { stuck: 48, open: 48, done: 30 }
const spareRows = 6

/** Only the rows in sight are in the document, so that 10,000 scroll like 10. */
export function TripleList({ survey, failed, chosen, root, nowMs, onChoose }: TripleListProps) {
  const { shown, causes } = survey
  const box = useRef<HTMLDivElement>(null)
  const [scrollPixels, setScrollPixels] = useState(0)
  const [boxPixels, setBoxPixels] = useState(600)
  useEffect(() => {
    const measure = () => setBoxPixels(box.current?.clientHeight ?? 600)
    measure()
    addEventListener('resize', measure)
    return () => removeEventListener('resize', measure)
  }, [])
  const failedRoots = useMemo(() => new Set(failed.map(({ rootIndex }) => rootIndex)), [failed])
  const sizes = useMemo(() => new Map(causes.map(({ key, triples: all }) => [key, all.length])), [causes])
  const triples = tripleSorts.flatMap((sort) => shown[sort])
  const places = rowPlaces(
    tripleSorts.map((sort) => ({ count: shown[sort].length, pixels: rowPixels[sort] })),
  )
  const at = triples.findIndex(({ index }) => index === chosen)
  // A link may lead to a triple far down.
  useEffect(() => {
    if (at >= 0 && box.current !== null) scrollTo(box.current, places, at)
  }, [chosen, at < 0])
  const first = Math.max(0, places.rowAt(scrollPixels) - spareRows)
  const last = Math.min(triples.length, places.rowAt(scrollPixels + boxPixels) + 1 + spareRows)
  const move = (event: KeyboardEvent) => {
    const to = targetOf(event.key, at, places, boxPixels)
    const target = to === null ? undefined : triples[to]
    if (to === null || target === undefined) return
    event.preventDefault()
    onChoose(target.index)
    if (box.current !== null) scrollTo(box.current, places, to)
  }
  const isDrawn = at >= first && at < last
  return (
    <div
      ref={box}
      class="list"
      role="listbox"
      tabIndex={0}
      aria-label="Triples, stuck ones first"
      {...(isDrawn ? { 'aria-activedescendant': `row-${at}` } : {})}
      onKeyDown={move}
      onScroll={({ currentTarget }) => setScrollPixels(currentTarget.scrollTop)}
    >
      <div role="presentation" class="rows" style={{ height: `${places.pixels}px` }}>
        {triples.slice(first, last).map((triple, offset) => (
          <TripleRow
            key={triple.index}
            triple={triple}
            at={first + offset}
            places={places}
            isChosen={triple.index === chosen}
            sizes={sizes}
            hasFailed={failedRoots.has(triple.index)}
            root={root}
            nowMs={nowMs}
            onChoose={onChoose}
          />
        ))}
      </div>
    </div>
  )
}

/** The row a key leads to; `null` for keys that are not ours. */
function targetOf(key: string, at: number, places: RowPlaces, boxPixels: number): number | null {
  const within = (to: number) => Math.min(places.count - 1, Math.max(0, to))
  const pageAway = (pixels: number) => places.rowAt(places.topOf(within(at)) + pixels)
  if (key === 'ArrowDown') return within(at + 1)
  if (key === 'ArrowUp') return within(at - 1)
  if (key === 'PageDown') return within(Math.max(at + 1, pageAway(boxPixels)))
  if (key === 'PageUp') return within(Math.min(at - 1, pageAway(-boxPixels)))
  if (key === 'Home') return 0
  return key === 'End' ? places.count - 1 : null
}

function scrollTo(box: HTMLElement, places: RowPlaces, row: number): void {
  const top = places.topOf(row)
  if (top < box.scrollTop) box.scrollTop = top
  const bottom = places.topOf(row + 1) - box.clientHeight
  if (bottom > box.scrollTop) box.scrollTop = bottom
}
