import type { AnyStateMachine, AnyStateNode } from 'xstate'

/**
 * The machine as XState 4's `createMachine` reads it: names instead of functions, and targets by id. A viewer
 * that speaks the protocol of @xstate/inspect 0.8 rebuilds the machine from this.
 */
export function v4Machine(machine: AnyStateMachine): V4StateNode {
  return v4StateNode(machine.root)
}

export interface V4StateNode {
  readonly id: string
  readonly key: string
  readonly type: AnyStateNode['type']
  readonly initial?: string
  readonly history?: 'shallow' | 'deep'
  readonly tags: readonly string[]
  readonly entry: readonly string[]
  readonly exit: readonly string[]
  readonly invoke: readonly { readonly id: string; readonly src: string }[]
  readonly on: Readonly<Record<string, readonly V4Transition[]>>
  readonly states: Readonly<Record<string, V4StateNode>>
}

export interface V4Transition {
  readonly target?: readonly string[]
  readonly cond?: string
  readonly actions: readonly string[]
  readonly internal: boolean
}

/** The name XState 4 gives an event of XState 5; an event of the user keeps its own. */
export function v4EventType(eventType: string): string {
  const renamed = renamings.find(([prefix]) => eventType.startsWith(prefix))
  if (renamed !== undefined) return renamed[1] + eventType.slice(renamed[0].length)
  return eventType.startsWith(afterPrefix) ? v4After(eventType.slice(afterPrefix.length)) : eventType
}

const renamings = [
  ['xstate.done.actor.', 'done.invoke.'],
  ['xstate.error.actor.', 'error.platform.'],
  ['xstate.done.state.', 'done.state.'],
] as const

const afterPrefix = 'xstate.after.'

/** `DELAY.STATE-ID`: a named delay of ours has no dot, and an id has many. */
function v4After(delayAndId: string): string {
  const dot = delayAndId.indexOf('.')
  return `xstate.after(${delayAndId.slice(0, dot)})#${delayAndId.slice(dot + 1)}`
}

function v4StateNode(node: AnyStateNode): V4StateNode {
  const initial = node.initial?.target?.[0]?.key
  return {
    id: node.id,
    key: node.key,
    type: node.type,
    ...(initial !== undefined && { initial }),
    ...(node.history && { history: node.history === 'deep' ? 'deep' : 'shallow' }),
    tags: node.tags,
    entry: node.entry.map(nameOf),
    exit: node.exit.map(nameOf),
    invoke: node.invoke.map(({ id, src }) => ({ id, src: nameOf(src) })),
    on: v4Transitions(node),
    states: Object.fromEntries(Object.entries(node.states).map(([key, child]) => [key, v4StateNode(child)])),
  }
}

function v4Transitions(node: AnyStateNode): Record<string, V4Transition[]> {
  const named = [...node.transitions].map(
    ([type, all]) => [v4EventType(type), all.map(v4Transition)] as const,
  )
  const always = node.always?.map(v4Transition) ?? []
  return Object.fromEntries(always.length === 0 ? named : [...named, ['', always] as const])
}

type Transition = NonNullable<AnyStateNode['always']>[number]

function v4Transition({ target, guard, actions, reenter }: Transition): V4Transition {
  return {
    ...(target !== undefined && { target: target.map(({ id }) => `#${id}`) }),
    ...(guard !== undefined && { cond: nameOf(guard) }),
    actions: actions.map(nameOf),
    internal: !reenter,
  }
}

/** Of an action, a guard or an actor: its name, or `inline` for a function that has none. */
function nameOf(reference: unknown): string {
  if (typeof reference === 'string') return reference
  const { type, name } = reference as { readonly type?: unknown; readonly name?: unknown }
  if (typeof type === 'string') return type
  return typeof name === 'string' && name !== '' ? name : 'inline'
}
