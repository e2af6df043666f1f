import { useEffect, useMemo } from 'preact/hooks'
import type { Backend } from './backend.js'
import { Overview } from './overview.js'
import { PageHeader } from './page-header.js'
import { parseQuery, toggleToken, tokenOf } from './query.js'
import { surveyOf } from './survey.js'
import { TriplePane } from './triple-pane.js'
import { TripleView } from './triple-view.js'
import { useAddress } from './use-address.js'
import { useCommands } from './use-commands.js'
import { useFinished } from './use-finished.js'
import { useInspection } from './use-inspection.js'
import { useKeys } from './use-keys.js'
import { useNow } from './use-now.js'

/** The whole page: what is looked at is kept in the address, everything else is told. */
export function App({ backend }: { readonly backend: Backend }) {
  const inspection = useInspection(backend)
  const nowMs = useNow(inspection)
  const [{ query: text, chosen }, look] = useAddress()
  const { page, triples } = inspection
  const query = useMemo(() => parseQuery(text), [text])
  const survey = useMemo(() => surveyOf(triples, query, nowMs), [triples, query, nowMs])
  const commands = useCommands(backend, triples, page?.canCommand === true && backend.isServed)
  const find = (token: string) => look({ query: toggleToken(text, token) })
  const filterByState = (state: string) => find(tokenOf('state', state))
  const { stuck, done } = survey.kinds
  const finished = useFinished(backend, done)
  useEffect(() => {
    if (page !== null) document.title = `${stuck > 0 ? `(${stuck}) ` : ''}${page.title}`
  }, [page, stuck])
  useKeys(() => look({ chosen: null }))
  // Nothing is drawn before the first triples are here: what comes later must not push what stands.
  if (page === null) return <p class="waiting">Reading the workspace…</p>
  return (
    <>
      <PageHeader inspection={inspection} page={page} isServed={backend.isServed} survey={survey} />
      <main class={chosen === null ? '' : 'has-choice'}>
        <TriplePane
          triples={triples}
          survey={survey}
          failed={finished?.failed ?? []}
          query={text}
          chosen={chosen}
          root={page.root}
          nowMs={nowMs}
          commands={commands}
          onQuery={(changed) => look({ query: changed })}
          onChoose={(index) => look({ chosen: index })}
        />
        {chosen === null ? (
          <Overview
            backend={backend}
            triples={triples}
            survey={survey}
            finished={finished}
            root={page.root}
            query={text}
            nowMs={nowMs}
            commands={commands}
            onFind={find}
            onChoose={(index) => look({ chosen: index })}
            onState={filterByState}
          />
        ) : (
          <TripleView
            key={chosen}
            backend={backend}
            index={chosen}
            triples={triples}
            root={page.root}
            commands={commands}
            nowMs={nowMs}
            onState={filterByState}
            onChoose={(index) => look({ chosen: index })}
            onClose={() => look({ chosen: null })}
          />
        )}
      </main>
    </>
  )
}
