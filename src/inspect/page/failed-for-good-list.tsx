import { useState } from 'preact/hooks'
import { countOf } from '../../units.js'
import type { FailedForGood } from '../protocol.js'
import { Prose } from './prose.js'

interface FailedForGoodListProps {
  readonly failed: readonly FailedForGood[]
  readonly onChoose: (index: string) => void
}

const mostAtFirst = 3

/** What is done and yet did not go well: nothing sends these requests again by itself. */
export function FailedForGoodList({ failed, onChoose }: FailedForGoodListProps) {
  const [showsAll, setShowsAll] = useState(false)
  if (failed.length === 0) return null
  const shown = showsAll ? failed : failed.slice(0, mostAtFirst)
  return (
    <section class="causes" aria-label="Failed for good">
      <h2>Done, with requests that failed for good or never ran</h2>
      <ul>
        {shown.map(({ rootIndex, what, whatToDo }) => (
          <li key={rootIndex} class="cause">
            <p>
              <button type="button" class="link" onClick={() => onChoose(rootIndex)}>
                {what}
              </button>
            </p>
            <p class="cure">
              <Prose text={whatToDo} />
            </p>
          </li>
        ))}
      </ul>
      {failed.length > shown.length && (
        <button type="button" onClick={() => setShowsAll(true)}>
          {countOf(failed.length - shown.length, 'lineage')} more
        </button>
      )}
    </section>
  )
}
