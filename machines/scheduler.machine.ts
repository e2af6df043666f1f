import { assign, emit, enqueueActions, setup, type ActorRefFrom, type SnapshotFrom } from 'xstate'

export interface SchedulerInput {
  /** How many triples there are to reconcile. */
  readonly triples: number
  /** How many may work at the same time. */
  readonly maxLive: number
}

/** Counts only. The triples themselves run as root actors outside: one system of thousands would crawl. */
export interface SchedulerContext {
  readonly triples: number
  readonly maxLive: number
  /** Triples started so far; also the position of the next one. */
  readonly started: number
  readonly settled: number
}

export type SchedulerEvent =
  /** A triple came to rest: done, waiting or parked. */
  | { readonly type: 'triple.settled' }
  /** More triples were found, for example retry triples written during the run. */
  | { readonly type: 'triples.found'; readonly triples: number }
  /** Start nothing new; finish what is at work. */
  | { readonly type: 'scheduler.stop' }

/** Tells the engine to start the triple at this position of its list. */
export interface TripleAdmitted {
  readonly type: 'triple.admitted'
  readonly position: number
}

const liveOf = ({ started, settled }: SchedulerContext): number => started - settled

/** Admits triples one after the other, never more than `maxLive` at a time. */
export const schedulerMachine = setup({
  types: {
    context: {} as SchedulerContext,
    events: {} as SchedulerEvent,
    input: {} as SchedulerInput,
    emitted: {} as TripleAdmitted,
    output: {} as { readonly started: number; readonly settled: number },
  },
  guards: {
    canAdmit: ({ context }) => context.started < context.triples && liveOf(context) < context.maxLive,
    isEverythingSettled: ({ context }) => context.started === context.triples && liveOf(context) === 0,
    isNothingLive: ({ context }) => liveOf(context) === 0,
    isAnythingLive: ({ context }) => liveOf(context) > 0,
  },
  actions: {
    admit: enqueueActions(({ context, enqueue }) => {
      enqueue(emit({ type: 'triple.admitted', position: context.started }))
      enqueue(assign({ started: context.started + 1 }))
    }),
    noteSettled: assign({ settled: ({ context }) => context.settled + 1 }),
    noteFound: assign({ triples: ({ context }, found: number) => context.triples + found }),
  },
}).createMachine({
  id: 'scheduler',
  context: ({ input }) => ({
    triples: input.triples,
    maxLive: Math.max(1, input.maxLive),
    started: 0,
    settled: 0,
  }),
  initial: 'admitting',
  on: {
    'triple.settled': { guard: 'isAnythingLive', actions: 'noteSettled' },
  },
  states: {
    admitting: {
      description: 'Left at once: starts triples in order while fewer than `maxLive` are live.',
      always: [
        { guard: 'canAdmit', target: 'admitting', reenter: true, actions: 'admit' },
        { guard: 'isEverythingSettled', target: 'settled' },
        { target: 'full' },
      ],
    },
    full: {
      description: 'As many are live as may be, or none is left to start.',
      on: {
        'triple.settled': { guard: 'isAnythingLive', target: 'admitting', actions: 'noteSettled' },
        'triples.found': {
          target: 'admitting',
          actions: { type: 'noteFound', params: ({ event }) => event.triples },
        },
        'scheduler.stop': 'draining',
      },
    },
    draining: {
      description: 'Was told to stop: starts nothing, waits for those that are live.',
      always: { guard: 'isNothingLive', target: 'settled' },
    },
    settled: { description: 'All that was started has come to rest.', type: 'final' },
  },
  output: ({ context }) => ({ started: context.started, settled: context.settled }),
})

export type SchedulerActor = ActorRefFrom<typeof schedulerMachine>
export type SchedulerSnapshot = SnapshotFrom<typeof schedulerMachine>
