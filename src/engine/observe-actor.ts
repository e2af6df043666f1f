import type { AnyActorRef, AnyEventObject, InspectionEvent, Snapshot } from 'xstate'

/** What an actor did, in words of our own: nothing but this file knows how XState reports it. */
export type ActorObservation =
  /** The actor exists; it may have been started or not. */
  | { readonly type: 'actor.found'; readonly actor: AnyActorRef }
  /** The actor took an event; its snapshot may be the same as before. */
  | {
      readonly type: 'actor.moved'
      readonly actor: AnyActorRef
      readonly event: AnyEventObject
      readonly snapshot: Snapshot<unknown>
    }

/**
 * Makes an `inspect` option for `createActor` that tells of the root actor of a system; the actors it invokes are
 * left out. Listeners that throw are not heard again: a throw inside XState's inspection would stop the actor
 * (xstate 5.33: an `@xstate.microstep` observer that throws puts it into `error`).
 */
export function observeRootActor(listener: (observation: ActorObservation) => void): Inspect {
  return neverThrows((inspection) => {
    const observation = observationOf(inspection)
    if (observation !== null) listener(observation)
  })
}

/** A listener to XState's inspection. */
export type Inspect = (inspection: InspectionEvent) => void

/** The `inspect` option of XState's `createActor`, in either shape. */
export type InspectOption = Inspect | { readonly next?: Inspect }

/** An observer that is not heard again once it has thrown. */
export function neverThrows(option: InspectOption | undefined): Inspect {
  let isBroken = option === undefined
  return (inspection) => {
    if (isBroken) return
    try {
      if (typeof option === 'function') option(inspection)
      else option?.next?.(inspection)
    } catch {
      isBroken = true
    }
  }
}

/** Two observers in one option. */
export function bothInspect(first: Inspect, second: Inspect): Inspect {
  return (inspection) => {
    first(inspection)
    second(inspection)
  }
}

function observationOf(inspection: InspectionEvent): ActorObservation | null {
  const { actorRef } = inspection
  if (actorRef.sessionId !== inspection.rootId) return null
  const actor = actorRef as AnyActorRef
  if (inspection.type === '@xstate.actor') return { type: 'actor.found', actor }
  if (inspection.type !== '@xstate.snapshot') return null
  return { type: 'actor.moved', actor, event: inspection.event, snapshot: inspection.snapshot }
}
