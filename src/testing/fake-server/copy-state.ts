import type { ServerState } from './state.js'

/** All that changes is copied; files, plans and answers never change and are shared. */
export function copyOfState(
  state: ServerState,
  { now, onPoll }: Pick<ServerState, 'now' | 'onPoll'>,
): ServerState {
  const batches = new Map([...state.batches].map(([id, batch]) => [id, { ...batch }]))
  return {
    ...state,
    files: new Map(state.files),
    batches,
    running: new Set([...state.running].flatMap(({ id }) => batches.get(id) ?? [])),
    calls: state.calls.map((call) => ({ ...call })),
    executions: [...state.executions],
    runsById: new Map(state.runsById),
    nextPlans: [...state.nextPlans],
    faults: state.faults.copy(),
    now,
    onPoll,
  }
}
