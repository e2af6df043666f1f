import type { AnyActorRef, AnyStateMachine, StateValue } from 'xstate'
import { v4EventType, v4Machine } from './v4-machine.js'

/** An actor as the viewers know it. `actor` is dropped when it stops, so that nothing of it is held. */
export interface InspectedActor {
  readonly sessionId: string
  readonly machine: AnyStateMachine
  actor: AnyActorRef | null
  snapshot: MachineSnapshotLike
  /** The event that led to the snapshot: its name, never what it carries. */
  eventType: string
}

/** The part of a machine's snapshot that is told. */
export interface MachineSnapshotLike {
  readonly status: string
  readonly value: StateValue
  readonly context: Readonly<Record<string, unknown>>
  readonly tags?: ReadonlySet<string>
}

/**
 * The messages to a viewer: `ReceiverEvent` of @xstate/inspect 0.8 (a test compares the two). `machine`, `state` and
 * `event` are JSON texts within the JSON.
 */
export type ViewerMessage =
  | {
      readonly type: 'service.register'
      readonly id: string
      readonly sessionId: string
      readonly machine: string
      readonly state: string
    }
  | { readonly type: 'service.state'; readonly sessionId: string; readonly state: string }
  | { readonly type: 'service.event'; readonly sessionId: string; readonly event: string }
  | { readonly type: 'service.stop'; readonly sessionId: string }

type Register = Extract<ViewerMessage, { type: 'service.register' }>

export function registerMessage(inspected: InspectedActor): string {
  const { sessionId, machine } = inspected
  const state = stateText(inspected)
  const rest: Omit<Register, 'machine'> = { type: 'service.register', id: machine.id, sessionId, state }
  return `{"machine":${quotedMachine(machine)},${JSON.stringify(rest).slice(1)}`
}

export function eventMessage({ sessionId, eventType }: InspectedActor): string {
  return textOf({ type: 'service.event', sessionId, event: JSON.stringify(v4Event(eventType)) })
}

export function stateMessage(inspected: InspectedActor): string {
  const { sessionId } = inspected
  return textOf({ type: 'service.state', sessionId, state: stateText(inspected) })
}

export function stopMessage({ sessionId }: InspectedActor): string {
  return textOf({ type: 'service.stop', sessionId })
}

const textOf = (message: ViewerMessage): string => JSON.stringify(message)

/** Every triple has a machine of its own made from one config: its JSON, some 20 kB, is made once for all. */
const quotedMachines = new WeakMap<object, string>()

function quotedMachine(machine: AnyStateMachine): string {
  const known = quotedMachines.get(machine.config)
  if (known !== undefined) return known
  const quoted = JSON.stringify(JSON.stringify(v4Machine(machine)))
  quotedMachines.set(machine.config, quoted)
  return quoted
}

function stateText({ sessionId, snapshot, eventType }: InspectedActor): string {
  const scxmlEvent = v4Event(eventType)
  return JSON.stringify({
    value: snapshot.value,
    context: toldContext(snapshot.context),
    _event: scxmlEvent,
    _sessionid: sessionId,
    event: scxmlEvent.data,
    tags: [...(snapshot.tags ?? [])],
    done: snapshot.status === 'done',
    ...emptyParts,
  })
}

/** What XState 4 expects of a state and we have nothing to tell of. */
const emptyParts = {
  actions: [],
  activities: {},
  meta: {},
  events: [],
  configuration: [],
  transitions: [],
  children: {},
}

function v4Event(eventType: string) {
  const name = bounded(v4EventType(eventType))
  return { name, data: { type: name }, $$type: 'scxml', type: 'external' } as const
}

/** Named one by one: facts, messages of problems and all that may come out of a file stay here. */
function toldContext(context: Readonly<Record<string, unknown>>) {
  return {
    index: told(context['index']),
    failures: told(context['failures']),
    looksAgain: told(context['looksAgain']),
    remoteStatus: told(context['remoteStatus']),
    problem: told(field(context['problem'], 'code')),
    attempt: told(field(context['facts'], 'attempt')),
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : null
}

function told(value: unknown): string | number | null {
  if (typeof value === 'string') return bounded(value)
  return typeof value === 'number' ? value : null
}

const bounded = (text: string): string => text.slice(0, 200)
