import { countOf, countText } from '../../units.js'
import type { InspectionMode, PageInfo } from '../protocol.js'
import type { Survey } from './survey.js'
import { fullTime } from './times.js'
import type { Inspection } from './use-inspection.js'

interface PageHeaderProps {
  readonly inspection: Inspection
  readonly page: PageInfo
  readonly isServed: boolean
  readonly survey: Survey
}

export function PageHeader({ inspection, page, isServed, survey }: PageHeaderProps) {
  const { triples, isComplete, isConnected } = inspection
  const { stuck } = survey.kinds
  const parts = page.title.split(/(?<=[\\/])/)
  return (
    <header>
      <h1 title={page.title}>
        <span class="folder">{parts.slice(0, -1).join('')}</span>
        {parts.at(-1)}
      </h1>
      <span class="quiet">{modeWords[page.mode]}</span>
      <span class="totals">
        {countOf(triples.length, 'triple')}
        {isComplete ? '' : ' so far'}
      </span>
      <span class={stuck > 0 ? 'totals is-bad' : 'totals quiet'}>{countText(stuck)} stuck</span>
      <span role="status" class={isServed && !isConnected ? 'connection is-off' : 'connection'}>
        {connectionWords(page, isConnected, isServed)}
      </span>
    </header>
  )
}

const modeWords: Readonly<Record<InspectionMode, string>> = {
  live: 'live run',
  disk: 'workspace on disk',
  replay: 'one journal',
  export: 'saved page',
}

function connectionWords(page: PageInfo, isConnected: boolean, isServed: boolean): string {
  if (!isServed) return `as it was on ${fullTime(page.nowMs)}`
  if (!isConnected) return 'offline, trying again'
  return page.isOver ? 'connected, nothing changes any more' : 'connected'
}
