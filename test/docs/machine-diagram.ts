import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'

/** One arrow: paths are dotted and relative to the machine, `to` is `null` where the state is kept. */
export interface Arrow {
  readonly from: string
  readonly to: string | null
  /** What brings it about, with its guard in brackets. */
  readonly label: string
  readonly isFailure: boolean
}

/** Every state node below the root, parents before their children. */
export function statesOf(machine: AnyStateMachine): readonly AnyStateNode[] {
  const below = (node: AnyStateNode): AnyStateNode[] =>
    childrenOf(node).flatMap((child) => [child, ...below(child)])
  return below(machine.root)
}

export const pathOf = (node: AnyStateNode): string => node.path.join('.')

/** Every arrow of a machine, those of the root included, in the order of the code. */
export function arrowsOf(machine: AnyStateMachine): readonly Arrow[] {
  return [machine.root, ...statesOf(machine)].flatMap((node) =>
    [...(node.always ?? []), ...[...node.transitions.values()].flat()].map((transition) =>
      arrowOf(node, transition),
    ),
  )
}

/** The top-level states and the ways between them; the ways to `failed` after a failure are left out. */
export function overviewDiagram(machine: AnyStateMachine): string {
  const arrows = arrowsOf(machine).filter(({ isFailure }) => !isFailure)
  const ways = arrows.flatMap(({ from, to }) => (to === null ? [] : [`${topOf(from)} --> ${topOf(to)}`]))
  const between = ways.filter((way) => !isLoop(way))
  return diagram(machine.root, [...new Set(between)])
}

/** What happens inside one state: its substates, and the states outside that they lead to. */
export function stateDiagram(machine: AnyStateMachine, state: AnyStateNode): string {
  const inside = arrowsOf(machine).filter(({ from }) => from === pathOf(state) || isWithin(state, from))
  return diagram(state, inside.flatMap(lineOf))
}

function diagram(parent: AnyStateNode, ways: readonly string[]): string {
  const names = [...childrenOf(parent).map(pathOf), ...ways.flatMap(endsOf)]
  const declared = [...new Set(names)].map((path) => `state "${path}" as ${idOf(path)}`)
  const first = parent.initial.target[0]
  const start = first === undefined ? [] : [`[*] --> ${idOf(pathOf(first))}`]
  const ends = childrenOf(parent).filter(({ type }) => type === 'final')
  const drawn = ways.map(withIds)
  const lines = [...declared, ...start, ...drawn, ...ends.map((node) => `${idOf(pathOf(node))} --> [*]`)]
  return ['```mermaid', 'stateDiagram-v2', ...lines.map((line) => `    ${line}`), '```'].join('\n')
}

const lineOf = ({ from, to, label }: Arrow): readonly string[] =>
  to === null ? [] : [`${from} --> ${to} : ${label}`]

const wayOf = (line: string): readonly [string, string, string] => {
  const [way = '', label = ''] = line.split(' : ')
  const [from = '', to = ''] = way.split(' --> ')
  return [from, to, label]
}

const endsOf = (line: string): readonly string[] => wayOf(line).slice(0, 2)

function withIds(line: string): string {
  const [from, to, label] = wayOf(line)
  return `${idOf(from)} --> ${idOf(to)}${label === '' ? '' : ` : ${label}`}`
}

function isLoop(line: string): boolean {
  const [from, to] = wayOf(line)
  return from === to
}

/** Mermaid takes dots and dashes in a name for something else. */
const idOf = (path: string): string => path.replaceAll(/[.-]/g, '_')

const topOf = (path: string): string => path.split('.', 1).join()

const isWithin = (state: AnyStateNode, path: string): boolean => path.startsWith(`${pathOf(state)}.`)

const childrenOf = (node: AnyStateNode): AnyStateNode[] => Object.values(node.states)

function arrowOf(node: AnyStateNode, { target, eventType, guard }: AnyTransitionDefinition): Arrow {
  const [to] = (target ?? []) as readonly AnyStateNode[]
  const condition = guard === undefined ? '' : `[${nameOf(guard)}]`
  return {
    from: pathOf(node),
    to: to === undefined ? null : pathOf(to),
    label: [eventWords(eventType), condition].filter((words) => words !== '').join(' ') || 'otherwise',
    isFailure: eventType.startsWith('xstate.error.actor.'),
  }
}

const nameOf = (guard: unknown): string =>
  typeof guard === 'string' ? guard : (guard as { readonly type: string }).type

/** XState's own event types in plain words; our events are shown as they are, eventless ways as nothing. */
function eventWords(type: string): string {
  const [, kind, name] = /^xstate\.(done\.actor|error\.actor|after)\.([\w-]+)/.exec(type) ?? []
  if (kind === undefined || name === undefined) return type
  const words = { 'done.actor': `${name} done`, 'error.actor': `${name} failed`, after: `after ${name}` }
  return words[kind as keyof typeof words]
}
