import type { AnyActorRef, AnyEventObject, AnyStateMachine, Snapshot } from 'xstate'
import type { TripleEvent } from '../../../machines/index.js'
import { observeRootActor, type Inspect } from '../../engine/observe-actor.js'
import type { InspectedActor, MachineSnapshotLike } from './inspected-actor.js'
import { viewerCommand } from './viewer-command.js'
import { openViewer, type News, type Viewer, type ViewerSocket } from './viewer.js'

export interface XstateInspectBridgeOptions {
  /** How a viewer's command reaches an actor; by `actor.send` unless set. */
  readonly send?: (actor: AnyActorRef, event: TripleEvent) => void
  /** Actors known at once; beyond it the oldest stopped ones are forgotten, then new ones not shown. 20,000 unless set. */
  readonly maxActors?: number
}

/** Shows XState 5 actors to viewers that speak the WebSocket protocol of @xstate/inspect 0.8. */
export interface XstateInspectBridge {
  /** The `inspect` option of `createActor`, for any number of root actors. Never throws. */
  readonly inspect: Inspect
  /** Registers every live actor with the viewer and tells it what they do from now on. */
  connect(socket: ViewerSocket): void
  /** Closes every viewer and forgets every actor. */
  close(): void
}

/** Without a viewer nothing is made into text. */
export function xstateInspectBridge(options: XstateInspectBridgeOptions = {}): XstateInspectBridge {
  const { maxActors = 20_000, send = (actor, event) => actor.send(event) } = options
  const known = actorRegister(maxActors)
  const viewers = new Set<Viewer>()
  let isClosed = false
  const tell = (inspected: InspectedActor, news: News): void => {
    for (const viewer of viewers) viewer.tell(inspected, news)
  }
  const command = (data: unknown): void => {
    const wish = isClosed ? null : viewerCommand(data)
    const actor = wish && known.live(wish.sessionId)
    if (wish && actor) quietly(() => send(actor, wish.event))
  }
  return {
    inspect: observeRootActor((observation) => {
      if (isClosed || observation.type !== 'actor.moved') return
      const { actor, event, snapshot } = observation
      const change = known.note(actor, event, snapshot)
      if (change !== null) change.news.forEach((news) => tell(change.inspected, news))
    }),
    connect: (socket) => {
      if (isClosed) return socket.close()
      const viewer = openViewer(socket, 2 * maxActors, () => viewers.delete(viewer))
      viewers.add(viewer)
      socket.on('message', command)
      for (const inspected of known.all()) if (inspected.actor !== null) viewer.tell(inspected, 'registered')
    },
    close: () => {
      isClosed = true
      for (const viewer of viewers) viewer.close()
      known.forget()
    },
  }
}

interface Change {
  readonly inspected: InspectedActor
  readonly news: readonly News[]
}

/** The actors by session ids of our own: XState calls the root of every system `x:0`. */
function actorRegister(maxActors: number) {
  const bySessionId = new Map<string, InspectedActor>()
  const stopped = new Set<InspectedActor>()
  let byActor = new WeakMap<AnyActorRef, InspectedActor>()
  let registered = 0
  const hasRoom = (): boolean => {
    const [oldest] = stopped
    if (bySessionId.size < maxActors) return true
    if (oldest === undefined) return false
    stopped.delete(oldest)
    return bySessionId.delete(oldest.sessionId)
  }
  const register = (actor: AnyActorRef, eventType: string, snapshot: MachineSnapshotLike) => {
    if (snapshot.status !== 'active' || !hasRoom()) return null
    const { logic: machine } = actor as unknown as { readonly logic: AnyStateMachine }
    registered += 1
    const name = nameOf(machine, snapshot, registered)
    const sessionId = bySessionId.has(name) ? `${name}:${registered}` : name
    const inspected: InspectedActor = { sessionId, machine, actor, snapshot, eventType }
    bySessionId.set(sessionId, inspected)
    byActor.set(actor, inspected)
    return inspected
  }
  return {
    all: () => bySessionId.values(),
    live: (sessionId: string) => bySessionId.get(sessionId)?.actor ?? null,
    note: (actor: AnyActorRef, { type }: AnyEventObject, snapshot: Snapshot<unknown>): Change | null => {
      if (!isOfMachine(snapshot)) return null
      const inspected = byActor.get(actor)
      if (inspected === undefined) {
        const added = register(actor, type, snapshot)
        return added && { inspected: added, news: ['registered'] }
      }
      if (inspected.actor === null) return null
      Object.assign(inspected, { snapshot, eventType: type })
      if (snapshot.status === 'active') return { inspected, news: ['moved'] }
      inspected.actor = null
      stopped.add(inspected)
      return { inspected, news: ['moved', 'stopped'] }
    },
    forget: () => {
      bySessionId.clear()
      stopped.clear()
      byActor = new WeakMap()
    },
  }
}

function nameOf(machine: AnyStateMachine, { context }: MachineSnapshotLike, count: number): string {
  const { index } = context
  return typeof index === 'string' ? `triple:${index.slice(0, 200)}` : `${machine.id}:${count}`
}

function isOfMachine(snapshot: object): snapshot is MachineSnapshotLike {
  return 'value' in snapshot && 'context' in snapshot && 'machine' in snapshot
}

function quietly(act: () => void): void {
  try {
    act()
  } catch {
    // A command that fails is the actor's matter; the viewer goes on.
  }
}
