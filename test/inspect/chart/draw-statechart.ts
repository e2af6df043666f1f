import type { AnyStateMachine, AnyStateNode } from 'xstate'
import {
  countElementId,
  edgeElementId,
  edgeNameElementId,
  stateElementId,
} from '../../../src/inspect/chart/element-ids.js'
import { arrowsOf, pathOf, statesOf } from '../../docs/machine-diagram.js'
import { layOutStates, type StateBox, type StateToPlace } from './lay-out-states.js'
import { routeEdge } from './route-edge.js'

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
export function drawStatechart(machine: AnyStateMachine): Statechart {
  const states = statesOf(machine)
  const ways = waysOf(machine)
  return {
    states: states.map(pathOf),
    passing: states.filter(({ always }) => (always ?? []).length > 0).map(pathOf),
    edges: ways.map(({ from, to }) => ({ from, to })),
    descriptions: Object.fromEntries(states.map((node) => [pathOf(node), node.description ?? ''])),
    svg: svgOf(machine, ways),
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
  /** The events that lead this way; where nothing happens, the condition. */
  readonly names: readonly string[]
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
      names: [...new Set([...(known?.names ?? []), nameOf(arrow.label)])],
      isFailure: arrow.isFailure && known?.isFailure !== false,
    })
  }
  return [...ways.values()]
}

/** `checkIds done [isAccounted]` → `checkIds done`, `[hasAnswers]` → `hasAnswers`. */
const nameOf = (label: string): string => /^[^[]+(?= \[)/.exec(label)?.[0] ?? label.replaceAll(/[[\]]/g, '')

function beginningOf(state: AnyStateNode): AnyStateNode {
  const first = childrenOf(state).length === 0 ? undefined : state.initial.target[0]
  return first === undefined ? state : beginningOf(first)
}

const childrenOf = (state: AnyStateNode): AnyStateNode[] => Object.values(state.states)

const isFrame = (group: string): boolean => group.includes('class="state-group')

/** Frames below the arrows, the arrows below the boxes, and the names of the arrows above all. */
function svgOf(machine: AnyStateMachine, ways: readonly Way[]): string {
  const { boxes, width, height } = layOutStates(childrenOf(machine.root).map(placing))
  const boxOf = (path: string): StateBox => {
    const box = boxes.get(path)
    if (box === undefined) throw new Error(`${path} has no box.`)
    return box
  }
  const drawn = statesOf(machine).map((node) => stateGroup(node, boxOf(pathOf(node))))
  const edges = ways.map((way) => edgeGroups(way, boxOf(way.from), boxOf(way.to)))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}">`,
    ...drawn.filter(isFrame),
    ...edges.map(({ arrow }) => arrow),
    ...drawn.filter((group) => !isFrame(group)),
    ...edges.map(({ name }) => name),
    '</svg>',
  ].join('\n')
}

const isBeside = (path: string): boolean => path.endsWith('backing-off')

/** A `…backing-off` stands beside the step it belongs to: the step that it leads back to. */
function placing(state: AnyStateNode): StateToPlace {
  const paths = childrenOf(state).map(pathOf)
  const besides = new Map(paths.filter(isBeside).map((path) => [stepOf(state, path), path]))
  return {
    path: pathOf(state),
    steps: paths
      .filter((path) => !isBeside(path))
      .map((path) => ({ path, beside: besides.get(path) ?? null })),
  }
}

function stepOf(state: AnyStateNode, backingOff: string): string {
  const node = childrenOf(state).find((child) => pathOf(child) === backingOff)
  const targets = [...(node?.transitions.values() ?? [])].flat().flatMap(({ target }) => target ?? [])
  const step = targets.find((target) => (target as AnyStateNode).parent === state)
  if (step === undefined) throw new Error(`${backingOff} leads back to no step.`)
  return pathOf(step as AnyStateNode)
}

function stateGroup(node: AnyStateNode, box: StateBox): string {
  const path = pathOf(node)
  const { x, y, width, height, kind } = box
  const isGroup = kind === 'group'
  const label = kind === 'beside' ? '↻' : node.key
  const baseline = isGroup ? y + 15 : y + height / 2 + 4
  const inset = { group: 10, state: 6, beside: 5 }[kind]
  return [
    `<g id="${stateElementId(path)}" class="${isGroup ? 'state-group' : 'state'}${lookOf(node)}">`,
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${isGroup ? 8 : 6}"/>`,
    `<text class="label" x="${x + inset}" y="${baseline}">${label}</text> `,
    `<text id="${countElementId(path)}" class="count" text-anchor="end" x="${x + width - inset + 2}" y="${baseline}"></text>`,
    '</g>',
  ].join('')
}

/** What is wrong there, and what is over, have a colour of their own. */
function lookOf({ tags, type, key }: AnyStateNode): string {
  if (tags.includes('needs-person')) return ' needs-person'
  if (tags.includes('parked')) return ' parked'
  if (isBeside(key)) return ' beside'
  return type === 'final' ? ' final' : ''
}

function edgeGroups({ from, to, names, isFailure }: Way, start: StateBox, end: StateBox) {
  const { d, head, nameX, nameY, nameAnchor } = routeEdge(start, end)
  const look = isFailure ? 'edge is-failure' : 'edge'
  return {
    arrow: `<g id="${edgeElementId(from, to)}" class="${look}"><path class="touch" d="${d}"/><path d="${d}"/><polygon points="${head}"/></g>`,
    name: `<text id="${edgeNameElementId(from, to)}" class="edge-name" x="${nameX}" y="${nameY}" text-anchor="${nameAnchor}">${names.join(' / ')}</text>`,
  }
}
