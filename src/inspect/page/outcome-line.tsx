import { countOf } from '../../units.js'
import type { Commands } from './use-commands.js'

/** What became of the last command. It stays where it is, also when the triples it went to are stuck no more. */
export function OutcomeLine({ commands: { outcome, forgetOutcome } }: { readonly commands: Commands }) {
  const [only] = outcome?.indices ?? []
  return (
    <div role="status" class="outcome">
      {outcome !== null && (
        <>
          <b>{outcome.indices.length === 1 ? `Triple ${only}` : countOf(outcome.indices.length, 'triple')}</b>{' '}
          <span>{outcome.text}</span>
          <button type="button" class="link" aria-label="Dismiss" onClick={forgetOutcome}>
            ×
          </button>
        </>
      )}
    </div>
  )
}
