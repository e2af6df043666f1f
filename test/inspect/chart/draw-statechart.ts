import { instance } from '@viz-js/viz'
import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { countElementId, edgeElementId, stateElementId } from '../../../src/inspect/chart/element-ids.js'
import { arrowsOf, pathOf, statesOf } from '../../docs/machine-diagram.js'

export interface Statechart {
  readonly states: readonly string[]
  /** States that are left at once: a step of the journal passes through them. */
  readonly passing: readonly string[]
  readonly edges: readonly { readonly from: string; readonly to: string }[]
  /** What each state is, by its path. */
  readonly descriptions: Readonly<Record<string, string>>
  readonly svg: string
}

/** Draws a machine: a box for each state, a frame around those of one state, one arrow for each pair of states. */
export async function drawStatechart(machine: AnyStateMachine): Promise<Statechart> {
  const states = statesOf(machine)
  const ways = waysOf(machine)
  const viz = await instance()
  const drawn = viz.renderString(dotOf(machine, ways), { format: 'svg' })
  return {
    states: states.map(pathOf),
    passing: states.filter(({ always }) => (always ?? []).length > 0).map(pathOf),
    edges: ways.map(({ from, to }) => ({ from, to })),
    descriptions: Object.fromEntries(states.map((node) => [pathOf(node), node.description ?? ''])),
    svg: withCounts(cleaned(drawn), states.map(pathOf)),
  }
}

/** The text of the module that the page imports. */
export function statechartModule({ states, passing, edges, descriptions, svg }: Statechart): string {
  return `/** Drawn from the triple machine by \`test/inspect/chart/statechart.test.ts\` (UPDATE_CHART=1); do not edit. */

/** Every state, as a path; parents before their children. */
export const chartStates: readonly string[] = ${JSON.stringify(states)}

/** States that are left at once: a triple is never seen there, yet its way leads through them. */
export const passingStates: readonly string[] = ${JSON.stringify(passing)}

export const chartEdges: readonly { readonly from: string; readonly to: string }[] = ${JSON.stringify(edges)}

/** What each state is, by its path. */
export const stateDescriptions: Readonly<Record<string, string>> = ${JSON.stringify(descriptions)}

export const statechartSvg: string = ${JSON.stringify(svg)}
`
}

/** All arrows between two states as one. */
interface Way {
  readonly from: string
  readonly to: string
  /** Only a step that failed for good leads this way. */
  readonly isFailure: boolean
}

/** Arrows into a state with states in it end where it begins. */
function waysOf(machine: AnyStateMachine): readonly Way[] {
  const begin = new Map(statesOf(machine).map((state) => [pathOf(state), pathOf(beginningOf(state))]))
  const ways = new Map<string, Way>()
  for (const arrow of arrowsOf(machine)) {
    if (arrow.to === null) continue
    const to = begin.get(arrow.to) ?? arrow.to
    const key = `${arrow.from} ${to}`
    const known = ways.get(key)
    ways.set(key, {
      from: arrow.from,
      to,
      isFailure: arrow.isFailure && known?.isFailure !== false,
    })
  }
  return [...ways.values()]
}

function beginningOf(state: AnyStateNode): AnyStateNode {
  const first = childrenOf(state).length === 0 ? undefined : state.initial.target[0]
  return first === undefined ? state : beginningOf(first)
}

const childrenOf = (state: AnyStateNode): AnyStateNode[] => Object.values(state.states)

function dotOf(machine: AnyStateMachine, ways: readonly Way[]): string {
  return `digraph triple {
  graph [rankdir=TB, ranksep=0.32, nodesep=0.18, bgcolor=transparent, fontname=Helvetica, fontsize=14]
  node [shape=box, style=rounded, height=0.34, margin="0.12,0.05", fontname=Helvetica, fontsize=13]
  edge [arrowsize=0.6]
${childrenOf(machine.root).map(stateLine).join('\n')}
${ways.map(wayLine).join('\n')}
}`
}

function stateLine(state: AnyStateNode): string {
  const path = pathOf(state)
  const looks = (kind: string): string =>
    `id=${quoted(stateElementId(path))}, class=${quoted(kind)}, label=${quoted(state.key)}`
  if (childrenOf(state).length === 0) {
    return `${quoted(path)} [${looks('state')}]`
  }
  const inside = childrenOf(state).map(stateLine).join('\n')
  return `subgraph ${quoted(`cluster ${path}`)} { graph [${looks('state-group')}, style=rounded, labeljust=l]\n${inside}\n}`
}

/** Without words: what leads from state to state is in the event log, and in docs/machines.md. */
function wayLine({ from, to, isFailure }: Way): string {
  const isToFailed = isFailure && to === 'failed'
  const looks = [
    `id=${quoted(edgeElementId(from, to))}`,
    `class=${quoted(isToFailed ? 'edge is-failure' : 'edge')}`,
    ...(isToFailed || isBackwards(from) ? ['constraint=false'] : []),
  ]
  return `${quoted(from)} -> ${quoted(to)} [${looks.join(', ')}]`
}

/** These lead back to where a triple was before; they must not turn the order of the chart. */
const isBackwards = (from: string): boolean =>
  from.endsWith('backing-off') || ['failed', 'missing-input'].includes(from)

const quoted = (text: string): string => JSON.stringify(text)

/** Nothing but the drawing: colours are the page's, tooltips and sizes are nobody's. */
function cleaned(svg: string): string {
  return svg
    .slice(svg.indexOf('<svg'))
    .replaceAll(/<!--.*?-->\s*/gs, '')
    .replaceAll(/<title>.*?<\/title>\s*/gs, '')
    .replace(/<svg [^>]*viewBox="([^"]*)"[^>]*>/, '<svg xmlns="http://www.w3.org/2000/svg" viewBox="$1">')
    .replaceAll(/ (?:fill|stroke|font-family|xlink:\w+)="[^"]*"/g, '')
    .replaceAll(/(\d+\.\d)\d+/g, '$1')
    .replaceAll('&#45;', '-')
    .trim()
}

/** Puts a place for the number of triples at the upper right corner of each state, above all else that is drawn. */
function withCounts(svg: string, paths: readonly string[]): string {
  const counts = paths.map((path) => countOf(svg, path)).join('\n')
  return svg.replace(/<\/g>\s*<\/svg>$/, `${counts}\n</g></svg>`)
}

function countOf(svg: string, path: string): string {
  const name = stateElementId(path).replaceAll('.', String.raw`\.`)
  const shape = new RegExp(`<g id="${name}"[^>]*>\\s*<(?:path|polygon)[^>]* (?:d|points)="([^"]*)"`).exec(svg)
  const numbers = [...(shape?.[1] ?? '').matchAll(/-?\d+(?:\.\d+)?/g)].map(([number]) => Number(number))
  const right = Math.max(...numbers.filter((_, position) => position % 2 === 0))
  const top = Math.min(...numbers.filter((_, position) => position % 2 === 1))
  return `<text id="${countElementId(path)}" class="count" text-anchor="end" x="${right + 4}" y="${top + 6}"></text>`
}
