import { stuckReason } from '../../engine/triple-story.js'
import { countOf, countText } from '../../units.js'
import type { InspectionMode } from '../protocol.js'
import type { Inspection } from './use-inspection.js'

interface PageHeaderProps {
  readonly inspection: Inspection
  readonly isServed: boolean
  readonly shownCount: number
  readonly nowMs: number
}

export function PageHeader({ inspection, isServed, shownCount, nowMs }: PageHeaderProps) {
  const { page, triples, isComplete } = inspection
  const stuckCount = triples.filter((triple) => stuckReason(triple, nowMs) !== null).length
  return (
    <header>
      <h1>{page?.title ?? 'Inspector'}</h1>
      {page !== null && <span class="tag">{modeTexts[page.mode]}</span>}
      <span role="status" class={isServed && !inspection.isConnected ? 'tag offline' : 'tag'}>
        {connectionText(inspection, isServed)}
      </span>
      <span>
        {countOf(triples.length, 'triple')}
        {isComplete ? '' : ' so far'}, {countText(shownCount)} shown
      </span>
      <span class={stuckCount > 0 ? 'badge' : 'quiet'}>{countText(stuckCount)} stuck</span>
    </header>
  )
}

const modeTexts: Readonly<Record<InspectionMode, string>> = {
  live: 'live run',
  disk: 'workspace on disk',
  replay: 'one journal',
  export: 'saved page',
}

function connectionText({ page, isConnected }: Inspection, isServed: boolean): string {
  if (!isServed) return page === null ? 'saved' : `saved ${new Date(page.nowMs).toISOString()}`
  if (!isConnected) return 'offline, trying again'
  return page?.isOver === true ? 'connected, nothing changes any more' : 'connected'
}
