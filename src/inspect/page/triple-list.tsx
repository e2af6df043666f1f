import { useEffect, useRef, useState } from 'preact/hooks'
import { storyOf } from '../../engine/triple-story.js'
import type { TripleSummary } from '../protocol.js'

interface TripleListProps {
  readonly triples: readonly TripleSummary[]
  readonly chosen: string | null
  readonly nowMs: number
  readonly onChoose: (index: string) => void
}

const rowPixels = 52
const spareRows = 6

/** Only the rows in sight are in the document, so that 10,000 scroll like 10. */
export function TripleList({ triples, chosen, nowMs, onChoose }: TripleListProps) {
  const box = useRef<HTMLDivElement>(null)
  const [scrollPixels, setScrollPixels] = useState(0)
  const [boxPixels, setBoxPixels] = useState(600)
  const at = triples.findIndex(({ index }) => index === chosen)
  useEffect(() => {
    const measure = () => setBoxPixels(box.current?.clientHeight ?? 600)
    measure()
    addEventListener('resize', measure)
    return () => removeEventListener('resize', measure)
  }, [])
  const first = Math.max(0, Math.floor(scrollPixels / rowPixels) - spareRows)
  const last = Math.min(triples.length, first + Math.ceil(boxPixels / rowPixels) + 2 * spareRows)
  const move = (event: KeyboardEvent) => {
    const to = targetOf(event.key, at, triples.length, Math.max(1, Math.floor(boxPixels / rowPixels)))
    const target = to === null ? undefined : triples[to]
    if (to === null || target === undefined) return
    event.preventDefault()
    onChoose(target.index)
    if (box.current !== null) scrollTo(box.current, to)
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
      <div role="presentation" class="rows" style={{ height: `${triples.length * rowPixels}px` }}>
        {triples.slice(first, last).map((triple, offset) => (
          <Row
            key={triple.index}
            triple={triple}
            at={first + offset}
            total={triples.length}
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
  readonly total: number
  readonly isChosen: boolean
  readonly nowMs: number
  readonly onChoose: (index: string) => void
}

function Row({ triple, at, total, isChosen, nowMs, onChoose }: RowProps) {
  const { stuck, what, why } = storyOf(triple, nowMs)
  return (
    <div
      id={`row-${at}`}
      role="option"
      aria-selected={isChosen}
      aria-posinset={at + 1}
      aria-setsize={total}
      class={stuck === null ? 'row' : 'row stuck'}
      style={{ top: `${at * rowPixels}px` }}
      onClick={() => onChoose(triple.index)}
    >
      <div class="line">
        <b>{triple.index}</b>
        {stuck !== null && <span class="badge">stuck: {stuck}</span>} {what}
      </div>
      <div class="line quiet">{why ?? triple.batchId ?? ''}</div>
    </div>
  )
}

/** The row a key leads to; `null` for keys that are not ours. */
function targetOf(key: string, at: number, total: number, pageRows: number): number | null {
  const within = (to: number) => Math.min(total - 1, Math.max(0, to))
  if (key === 'ArrowDown') return within(at + 1)
  if (key === 'ArrowUp') return within(at - 1)
  if (key === 'PageDown') return within(at + pageRows)
  if (key === 'PageUp') return within(at - pageRows)
  if (key === 'Home') return 0
  return key === 'End' ? total - 1 : null
}

function scrollTo(box: HTMLElement, row: number): void {
  const top = row * rowPixels
  if (top < box.scrollTop) box.scrollTop = top
  const bottom = top + rowPixels - box.clientHeight
  if (bottom > box.scrollTop) box.scrollTop = bottom
}
