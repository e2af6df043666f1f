import { useMemo, useState } from 'preact/hooks'
import type { Backend } from './backend.js'
import { ChartView, type ChartLights, lightsOf } from './chart-view.js'
import { FilterBar } from './filter-bar.js'
import { noFilters, shownTriples, tripleSorts } from './filters.js'
import { PageHeader } from './page-header.js'
import { ReplayPanel } from './replay-panel.js'
import { TripleDetailPanel } from './triple-detail-panel.js'
import { TripleList } from './triple-list.js'
import { useDetail } from './use-detail.js'
import { useInspection } from './use-inspection.js'
import { useNow } from './use-now.js'

/** The whole page: what is chosen is kept here, everything else is told. */
export function App({ backend }: { readonly backend: Backend }) {
  const inspection = useInspection(backend)
  const nowMs = useNow(inspection)
  const [filters, setFilters] = useState(noFilters)
  const [chosen, setChosen] = useState<string | null>(null)
  const [replayLights, setReplayLights] = useState<ChartLights | null>(null)
  const { page, triples } = inspection
  const shown = useMemo(() => shownTriples(triples, filters, nowMs), [triples, filters, nowMs])
  const shownCount = tripleSorts.reduce((sum, sort) => sum + shown[sort].length, 0)
  const summary = triples.find(({ index }) => index === chosen) ?? null
  const loaded = useDetail(backend, chosen, summary)
  const lights = replayLights ?? lightsOf(summary?.state ?? null, loaded.detail?.steps ?? [])
  const choose = (index: string) => {
    setChosen(index)
    setReplayLights(null)
  }
  return (
    <>
      <PageHeader inspection={inspection} isServed={backend.isServed} shownCount={shownCount} nowMs={nowMs} />
      <main>
        <section class="left" aria-label="Triples">
          <FilterBar triples={triples} filters={filters} onChange={setFilters} />
          {triples.length > 0 && shownCount === 0 && <p role="status">No triple passes the filters.</p>}
          <TripleList shown={shown} chosen={chosen} nowMs={nowMs} onChoose={choose} />
        </section>
        <section class="right" aria-label="Statechart and chosen triple">
          <ChartView triples={triples} lights={lights} />
          {chosen === null && <p class="hint">Choose a triple to see its path, facts and log.</p>}
          {chosen !== null && (
            <>
              <ReplayPanel
                key={`replay ${chosen}`}
                backend={backend}
                index={chosen}
                onLights={setReplayLights}
              />
              <TripleDetailPanel
                key={chosen}
                backend={backend}
                index={chosen}
                summary={summary}
                loaded={loaded}
                canCommand={page?.canCommand === true && backend.isServed}
                nowMs={nowMs}
              />
            </>
          )}
        </section>
      </main>
    </>
  )
}
