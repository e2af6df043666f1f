import { useLayoutEffect, useRef } from 'preact/hooks'
import { countText } from '../../units.js'
import type { InspectedStep, TripleSummary } from '../protocol.js'
import { countElementId, edgeElementId, stateElementId } from '../chart/element-ids.js'
import { chartStates, statechartSvg } from '../chart/statechart-svg.js'
import { wayBetween } from '../chart/way-between.js'

/** What is lit on the chart: where a triple is, the step that led there, and the way before. */
export interface ChartLights {
  readonly state: string | null
  readonly step: InspectedStep | null
  readonly path: readonly InspectedStep[]
}

export function lightsOf(state: string | null, path: readonly InspectedStep[]): ChartLights {
  return { state, step: null, path }
}

interface ChartViewProps {
  readonly triples: readonly TripleSummary[]
  readonly lights: ChartLights
}

/** The only markup that is set as such: a constant of the build. Everything else is put into it as text. */
const chartMarkup = { __html: statechartSvg }

export function ChartView({ triples, lights }: ChartViewProps) {
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => writeCounts(triples), [triples])
  useLayoutEffect(() => {
    if (box.current !== null) light(box.current, lights)
  }, [lights])
  const label = lights.state === null ? 'Statechart of a triple' : `Statechart, ${lights.state} is lit`
  return (
    <div
      class="chart"
      role="img"
      tabIndex={0}
      aria-label={label}
      ref={box}
      dangerouslySetInnerHTML={chartMarkup}
    />
  )
}

function writeCounts(triples: readonly TripleSummary[]): void {
  const counts = new Map<string, number>()
  for (const { state } of triples) {
    for (const path of selfAndAncestors(state)) counts.set(path, (counts.get(path) ?? 0) + 1)
  }
  for (const path of chartStates) {
    const element = document.getElementById(countElementId(path))
    const count = counts.get(path) ?? 0
    if (element !== null) element.textContent = count === 0 ? '' : countText(count)
  }
}

function light(box: Element, { state, step, path }: ChartLights): void {
  for (const name of ['is-active', 'is-step', 'is-past']) {
    for (const element of box.querySelectorAll(`.${name}`)) element.classList.remove(name)
  }
  for (const { from, to } of path) {
    stateElement(from)?.classList.add('is-past')
    stateElement(to)?.classList.add('is-past')
    for (const edge of edgeElements(from, to)) edge.classList.add('is-past')
  }
  if (step !== null) for (const edge of edgeElements(step.from, step.to)) edge.classList.add('is-step')
  if (state !== null) stateElement(state)?.classList.add('is-active')
}

/** A state the chart does not have lights the nearest one around it. */
function stateElement(path: string): Element | null {
  const elements = selfAndAncestors(path).map((each) => document.getElementById(stateElementId(each)))
  return elements.find((element) => element !== null) ?? null
}

const edgeElements = (from: string, to: string): Element[] =>
  wayBetween(from, to)
    .map((edge) => document.getElementById(edgeElementId(edge.from, edge.to)))
    .filter((element) => element !== null)

/** `a.b.c` → `a.b.c`, `a.b`, `a`. */
function selfAndAncestors(path: string): string[] {
  const parts = path.split('.')
  return parts.map((_, dropped) => parts.slice(0, parts.length - dropped).join('.'))
}
