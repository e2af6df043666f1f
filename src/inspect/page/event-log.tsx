import { countText } from '../../units.js'
import type { TripleDetail } from '../protocol.js'
import { LocalTime } from './local-time.js'

/** The newest step first: that is the one a reader comes for. */
export function EventLog({ detail }: { readonly detail: TripleDetail }) {
  const { steps, omittedSteps, unreadableLines } = detail
  return (
    <section aria-label="Event log">
      <h3>Event log</h3>
      {unreadableLines > 0 && (
        <p class="problem">Lines that could not be read: {countText(unreadableLines)}</p>
      )}
      {steps.length === 0 && <p>Nothing was recorded.</p>}
      <ol class="log" reversed tabIndex={0} aria-label="Steps, newest first">
        {steps.toReversed().map((step, at) => (
          <li key={steps.length - at}>
            <LocalTime at={step.at} /> {step.from} → <b>{step.to}</b> <span class="quiet">{step.event}</span>
            {step.problemCode !== null && <span class="badge">{step.problemCode}</span>}
          </li>
        ))}
      </ol>
      {omittedSteps > 0 && <p class="quiet">Earlier steps left out: {countText(omittedSteps)}</p>}
    </section>
  )
}
