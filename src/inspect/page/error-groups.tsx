import { countText } from '../../units.js'
import type { InspectedErrorGroup } from '../protocol.js'
import type { LoadedDetail } from './use-detail.js'

interface ErrorGroupsProps {
  readonly groups: readonly InspectedErrorGroup[]
  readonly loaded: LoadedDetail
  readonly canShowTexts: boolean
}

/** Messages and ids come out of rows, so they are fetched only when the viewer asks for them. */
export function ErrorGroups({ groups, loaded, canShowTexts }: ErrorGroupsProps) {
  if (groups.length === 0) return null
  return (
    <section aria-label="Error groups">
      <h3>Error groups</h3>
      {canShowTexts && !loaded.withTexts && (
        <button type="button" onClick={loaded.showTexts}>
          Show texts
        </button>
      )}
      <ul class="groups">
        {groups.map((group, at) => (
          <li key={at}>
            <b>{countText(group.count)}</b> × {group.outcome} {group.code}
            {group.message !== null && <div>{group.message}</div>}
            {group.sampleIds !== null && <div class="quiet">{group.sampleIds.join(', ')}</div>}
          </li>
        ))}
      </ul>
    </section>
  )
}
