import { useEffect, useRef, useState } from 'preact/hooks'
import { isDoneState } from '../../../machines/state-paths.js'
import { storyOf } from '../../engine/triple-story.js'
import type { TripleSummary } from '../protocol.js'
import { sortOf, tripleSorts, type ShownTriples, type TripleSort } from './filters.js'
import { rowPlaces, type RowPlaces } from './row-places.js'

interface TripleListProps {
  readonly shown: ShownTriples
  readonly chosen: string | null
  readonly nowMs: number
  readonly onChoose: (index: string) => void
}

/** Three lines, two, and one. */
const rowPixels: Readonly<Record<TripleSort, number>> = { stuck: 72, open: 52, done: 32 }
const spareRows = 6

/** Only the rows in sight are in the document, so that 10,000 scroll like 10. */
export function TripleList({ shown, chosen, nowMs, onChoose }: TripleListProps) {
  const box = useRef<HTMLDivElement>(null)
  const [scrollPixels, setScrollPixels] = useState(0)
  const [boxPixels, setBoxPixels] = useState(600)
  useEffect(() => {
    const measure = () => setBoxPixels(box.current?.clientHeight ?? 600)
    measure()
    addEventListener('resize', measure)
    return () => removeEventListener('resize', measure)
  }, [])
  const triples = tripleSorts.flatMap((sort) => shown[sort])
  const places = rowPlaces(
    tripleSorts.map((sort) => ({ count: shown[sort].length, pixels: rowPixels[sort] })),
  )
  const at = triples.findIndex(({ index }) => index === chosen)
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
          <Row
            key={triple.index}
            triple={triple}
            at={first + offset}
            places={places}
            isChosen={triple.index === chosen}
            nowMs={nowMs}
            onChoose={onChoose}
          />
        ))}
      </div>
    </div>
  )
}

interface RowProps {
  readonly triple: TripleSummary
  readonly at: number
  readonly places: RowPlaces
  readonly isChosen: boolean
  readonly nowMs: number
  readonly onChoose: (index: string) => void
}

function Row({ triple, at, places, isChosen, nowMs, onChoose }: RowProps) {
  return (
    <div
      id={`row-${at}`}
      role="option"
      aria-selected={isChosen}
      aria-posinset={at + 1}
      aria-setsize={places.count}
      class={`row ${sortOf(triple, nowMs)}`}
      style={{ top: `${places.topOf(at)}px`, height: `${places.heightOf(at)}px` }}
      onClick={() => onChoose(triple.index)}
    >
      <RowLines triple={triple} nowMs={nowMs} />
    </div>
  )
}

/** Of what is done there is little to say; the whole story of what is stuck has to fit. */
function RowLines({ triple, nowMs }: { readonly triple: TripleSummary; readonly nowMs: number }) {
  const { index, state, batchId } = triple
  const { stuck, what, why } = storyOf(triple, nowMs)
  if (isDoneState(state)) return <Heading index={index} rest="done" />
  if (stuck === null) {
    return (
      <>
        <Heading index={index} rest={why ?? batchId ?? ''} />
        <div class="line">{what}</div>
      </>
    )
  }
  return (
    <>
      <Heading index={index} badge={`stuck: ${stuck}`} rest={batchId ?? ''} />
      <div class="lines">
        {what}. <span class="quiet">{why}</span>
      </div>
    </>
  )
}

interface HeadingProps {
  readonly index: string
  readonly badge?: string
  readonly rest: string
}

function Heading({ index, badge, rest }: HeadingProps) {
  return (
    <div class="line">
      <b>{index}</b>
      {badge !== undefined && <span class="badge">{badge}</span>} <span class="quiet">{rest}</span>
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
