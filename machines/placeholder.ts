import { fromPromise, type PromiseActorLogic } from 'xstate'

/** What a machine runs until somebody provides the actor: a rejection that says how to. */
export function actorToProvide<Output, Input>(
  machine: string,
  name: string,
): PromiseActorLogic<Output, Input> {
  return fromPromise<Output, Input>(() => Promise.reject(new ActorNotProvided(machine, name)))
}

class ActorNotProvided extends Error {
  readonly problem

  constructor(machine: string, name: string) {
    const message = `The ${machine} machine has no actor "${name}".`
    super(message)
    this.problem = {
      code: 'ActorNotProvided',
      message,
      hint: `Pass it: ${machine}Machine.provide({ actors: { ${name}: fromPromise(…) } }).`,
    } as const
  }
}
