import { useState } from 'preact/hooks'
import { countText } from '../../units.js'
import type { TripleReplay } from '../protocol.js'
import type { Backend } from './backend.js'
import type { ChartLights } from './chart-view.js'
import { ClockTime } from './times.js'

interface ReplayPanelProps {
  readonly backend: Backend
  readonly index: string
  readonly nowMs: number
  /** `null` gives the chart back to the present. */
  readonly onLights: (lights: ChartLights | null) => void
}

/** Steps through a triple's journal. Position 0 is before the first step. */
export function ReplayPanel({ backend, index, nowMs, onLights }: ReplayPanelProps) {
  const [replay, setReplay] = useState<TripleReplay | null>(null)
  const [position, setPosition] = useState(0)
  const [trouble, setTrouble] = useState<string | null>(null)
  const go = (steps: TripleReplay['steps'], to: number) => {
    const within = Math.min(steps.length, Math.max(0, to))
    setPosition(within)
    onLights(lightsAt(steps, within))
  }
  const open = async () => {
    try {
      const read = await backend.replay(index)
      setReplay(read)
      setTrouble(read === null || read.steps.length === 0 ? 'There is no journal to replay here.' : null)
      if (read !== null && read.steps.length > 0) go(read.steps, read.steps.length)
    } catch (error) {
      setTrouble(String(error))
    }
  }
  const close = () => {
    setReplay(null)
    onLights(null)
  }
  if (replay === null || replay.steps.length === 0) {
    return (
      <p class="replay">
        <button type="button" onClick={() => void open()}>
          Replay journal
        </button>
        <span role="status">{trouble}</span>
      </p>
    )
  }
  const { steps } = replay
  return (
    <div class="replay" role="group" aria-label="Replay">
      <button type="button" disabled={position === 0} onClick={() => go(steps, position - 1)}>
        Step back
      </button>
      <input
        type="range"
        min={0}
        max={steps.length}
        value={position}
        aria-label="Step of the journal"
        onInput={({ currentTarget }) => go(steps, Number(currentTarget.value))}
      />
      <button type="button" disabled={position === steps.length} onClick={() => go(steps, position + 1)}>
        Step forward
      </button>
      <button type="button" onClick={close}>
        Close replay
      </button>
      <Position replay={replay} position={position} nowMs={nowMs} />
      <FactsAt steps={steps} position={position} />
    </div>
  )
}

function lightsAt(steps: TripleReplay['steps'], position: number): ChartLights {
  const step = steps[position - 1] ?? null
  return { state: step?.to ?? steps[0]?.from ?? null, step, path: steps.slice(0, position) }
}

interface PositionProps {
  readonly replay: TripleReplay
  readonly position: number
  readonly nowMs: number
}

function Position({ replay, position, nowMs }: PositionProps) {
  const { steps, omittedSteps, unreadableLines } = replay
  const step = steps[position - 1]
  const omitted = omittedSteps === 0 ? '' : ` (${countText(omittedSteps)} earlier ones left out)`
  const unreadable = unreadableLines === 0 ? '' : `, unreadable lines: ${countText(unreadableLines)}`
  return (
    <p role="status">
      Step {countText(position)} of {countText(steps.length)}
      {omitted}
      {unreadable}:{' '}
      {step === undefined ? (
        'before the first'
      ) : (
        <>
          <ClockTime at={step.at} nowMs={nowMs} /> {step.from} → {step.to} on {step.event}
        </>
      )}
    </p>
  )
}

/** `facts` is `null` where nothing changed: the last ones before hold. */
function FactsAt({ steps, position }: { readonly steps: TripleReplay['steps']; readonly position: number }) {
  const facts = steps.slice(0, position).findLast((step) => step.facts !== null)?.facts
  if (facts === undefined || facts === null) return null
  return (
    <details>
      <summary>What was known then</summary>
      <pre tabIndex={0}>{JSON.stringify(facts, null, 2)}</pre>
    </details>
  )
}
