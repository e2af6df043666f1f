import { useLayoutEffect, useRef } from 'preact/hooks'
import { countOf, countText } from '../../units.js'
import { countElementId, edgeElementId, edgeNameElementId, stateElementId } from '../chart/element-ids.js'
import { chartEdges, chartStates, statechartSvg, stateDescriptions } from '../chart/statechart-svg.js'
import { wayBetween } from '../chart/way-between.js'
import type { InspectedStep, TripleSummary } from '../protocol.js'
import { selfAndAncestors } from './query.js'
import { eventWords } from './triple-words.js'

/** What is lit on the chart: where a triple is, the step that led there, and the way before. */
export interface ChartLights {
  readonly state: string | null
  readonly step: InspectedStep | null
  readonly path: readonly InspectedStep[]
}

export const nothingLit: ChartLights = { state: null, step: null, path: [] }

/** Without a replay the last step is the one of interest. */
export function lightsOf(state: string | null, path: readonly InspectedStep[]): ChartLights {
  return { state, step: path.at(-1) ?? null, path }
}

interface ChartViewProps {
  readonly triples: readonly TripleSummary[]
  readonly lights: ChartLights
  /** A state was pressed. */
  readonly onState: (state: string) => void
}

/** The only markup that is set as such: a constant of the build. Everything else is put into it as text. */
const chartMarkup = { __html: statechartSvg }

export function ChartView({ triples, lights, onState }: ChartViewProps) {
  const box = useRef<HTMLDivElement>(null)
  const note = useRef<HTMLParagraphElement>(null)
  const point = (target: EventTarget | null) => {
    if (box.current !== null) pointAt(box.current, target)
    if (note.current !== null) note.current.textContent = noteOn(statePathOf(target))
  }
  useLayoutEffect(() => writeCounts(triples), [triples])
  useLayoutEffect(() => {
    if (box.current === null) return
    light(box.current, lights)
    if (lights.state !== null) bringIntoView(box.current, stateElement(lights.state))
  }, [lights])
  const label = lights.state === null ? 'Statechart of a triple' : `Statechart, ${lights.state} is lit`
  return (
    <>
      <div
        class={lights.state === null ? 'chart' : 'chart has-lights'}
        role="group"
        tabIndex={0}
        aria-label={label}
        ref={box}
        dangerouslySetInnerHTML={chartMarkup}
        onClick={({ target }) => press(target, onState)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== ' ') return
          if (press(event.target, onState)) event.preventDefault()
        }}
        onPointerOver={({ target }) => point(target)}
        onPointerLeave={() => point(null)}
        onFocusIn={({ target }) => point(target)}
        onFocusOut={() => point(null)}
      />
      <p class="chart-note" ref={note}>
        {noteOn(null)}
      </p>
    </>
  )
}

/** What a state is; and how to read the chart while none is pointed at. */
const noteOn = (path: string | null): string =>
  path === null
    ? '↻ is where a step waits before it is tried again. Press a state to list its triples.'
    : `${path}: ${stateDescriptions[path] ?? ''}`

function press(target: EventTarget | null, onState: (state: string) => void): boolean {
  const path = statePathOf(target)
  if (path !== null) onState(path)
  return path !== null
}

/** The state that an element of the chart belongs to. */
function statePathOf(target: EventTarget | null): string | null {
  const group = target instanceof Element ? target.closest('.state, .state-group') : null
  return chartStates.find((path) => stateElementId(path) === group?.id) ?? null
}

/** The edges of a state that is pointed at step forward, those that leave it with their names; so does a single edge. */
function pointAt(box: Element, target: EventTarget | null): void {
  unlight(box, ['is-pointed', 'is-named-by-pointer'])
  const state = statePathOf(target)
  const edgeId = target instanceof Element ? target.closest('.edge')?.id : undefined
  for (const { from, to } of chartEdges) {
    const id = edgeElementId(from, to)
    if (id !== edgeId && from !== state && to !== state) continue
    document.getElementById(id)?.classList.add('is-pointed')
    if (to !== state)
      document.getElementById(edgeNameElementId(from, to))?.classList.add('is-named-by-pointer')
  }
}

/** How many triples are in a state or in any state within it: many triples, few states. */
function countsWithin(triples: readonly TripleSummary[]): ReadonlyMap<string, number> {
  const inState = new Map<string, number>()
  for (const { state } of triples) inState.set(state, (inState.get(state) ?? 0) + 1)
  const counts = new Map<string, number>()
  for (const [state, count] of inState) {
    for (const path of selfAndAncestors(state)) counts.set(path, (counts.get(path) ?? 0) + count)
  }
  return counts
}

/** States with triples can be reached and pressed by the keyboard. */
function writeCounts(triples: readonly TripleSummary[]): void {
  const counts = countsWithin(triples)
  for (const path of chartStates) {
    const count = counts.get(path) ?? 0
    const element = document.getElementById(countElementId(path))
    const group = document.getElementById(stateElementId(path))
    if (element === null || group === null) continue
    const text = countIn(group, count)
    if (element.textContent === text) continue
    element.textContent = text
    group.classList.toggle('has-count', count > 0)
    if (count === 0) for (const name of buttonAttributes) group.removeAttribute(name)
    else {
      group.setAttribute('tabindex', '0')
      group.setAttribute('role', 'button')
      // What is seen comes first in what is heard.
      const seen = group.querySelector('.label')?.textContent ?? ''
      const about = stateDescriptions[path] ?? ''
      group.setAttribute('aria-label', `${seen} ${countOf(count, 'triple')} in ${path}. ${about}`)
    }
  }
}

/** The box beside a step has room for three letters; the whole number is heard, and seen in the list. */
function countIn(group: Element, count: number): string {
  if (count === 0) return ''
  const isShort = group.classList.contains('beside') && count >= 1_000
  return isShort ? `${Math.floor(count / 1_000)}k` : countText(count)
}

const buttonAttributes = ['tabindex', 'role', 'aria-label']

function light(box: Element, { state, step, path }: ChartLights): void {
  for (const name of box.querySelectorAll('.is-named')) name.textContent = namesOfEdges.get(name.id) ?? ''
  unlight(box, ['is-active', 'is-step', 'is-past', 'is-named'])
  for (const { from, to } of path) {
    stateElement(from)?.classList.add('is-past')
    stateElement(to)?.classList.add('is-past')
    for (const edge of edgesOf(from, to)) edge.arrow.classList.add('is-past')
  }
  if (step !== null) {
    const way = edgesOf(step.from, step.to)
    for (const { arrow } of way) arrow.classList.add('is-step')
    // The event of the step, and not all that may lead along there.
    const name = way.at(-1)?.name
    if (name) {
      name.textContent = eventWords(step.event)
      name.classList.add('is-named')
    }
  }
  if (state !== null) stateElement(state)?.classList.add('is-active')
}

/** Where the chart is wider than the window, what is lit stands in its middle. */
function bringIntoView(box: Element, element: Element | null): void {
  if (element === null || box.scrollWidth <= box.clientWidth) return
  const [within, whole] = [element.getBoundingClientRect(), box.getBoundingClientRect()]
  const middle = within.left + within.width / 2 - whole.left
  box.scrollLeft += middle - box.clientWidth / 2
}

/** What the drawing says, by the id of the text. */
const namesOfEdges = new Map(
  [...statechartSvg.matchAll(/<text id="(name-[^"]+)"[^>]*>([^<]*)</g)].map(
    ([, id = '', text = '']) => [id, text] as const,
  ),
)

function unlight(box: Element, names: readonly string[]): void {
  for (const name of names) {
    for (const element of box.querySelectorAll(`.${name}`)) element.classList.remove(name)
  }
}

/** A state the chart does not have lights the nearest one around it. */
function stateElement(path: string): Element | null {
  const elements = selfAndAncestors(path).map((each) => document.getElementById(stateElementId(each)))
  return elements.find((element) => element !== null) ?? null
}

const edgesOf = (from: string, to: string) =>
  wayBetween(from, to).flatMap((edge) => {
    const arrow = document.getElementById(edgeElementId(edge.from, edge.to))
    const name = document.getElementById(edgeNameElementId(edge.from, edge.to))
    return arrow === null ? [] : [{ arrow, name }]
  })
