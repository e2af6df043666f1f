import { countOf, countText } from '../../units.js'
import type { TripleDetail } from '../protocol.js'
import { foldPolls } from './fold-polls.js'
import { ClockTime } from './times.js'
import { eventWords } from './triple-words.js'

interface EventLogProps {
  readonly detail: TripleDetail
  readonly nowMs: number
}

/** The newest step first: that is the one a reader comes for. Polls that found nothing new are one line. */
export function EventLog({ detail, nowMs }: EventLogProps) {
  const { steps, omittedSteps, unreadableLines } = detail
  return (
    <section aria-label="Event log">
      <h3>Log</h3>
      {unreadableLines > 0 && (
        <p class="problem">Lines that could not be read: {countText(unreadableLines)}</p>
      )}
      {steps.length === 0 && <p>Nothing was recorded.</p>}
      <ol class="log" tabIndex={0} aria-label="Steps, newest first">
        {foldPolls(steps)
          .toReversed()
          .map(({ step, polls }, at, all) => (
            <li key={all.length - at}>
              <ClockTime at={step.at} nowMs={nowMs} />
              {polls > 0 ? (
                <span class="quiet">{countOf(polls, 'poll')}, nothing new until then</span>
              ) : (
                <span>
                  {step.from} → <b>{step.to}</b> <span class="quiet">{eventWords(step.event)}</span>{' '}
                  {step.problemCode !== null && <span class="code">{step.problemCode}</span>}
                </span>
              )}
            </li>
          ))}
      </ol>
      {omittedSteps > 0 && <p class="quiet">Earlier steps left out: {countText(omittedSteps)}</p>}
    </section>
  )
}
