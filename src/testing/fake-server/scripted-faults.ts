import type { Fault, FaultEffect, ListEffect, ReportEffect } from './fault.js'
import type { ApiCall } from './state.js'
import type { BatchObject } from './wire.js'

/** A fault in force; tells how often it struck, so that a test can be sure that it did. */
export interface ScriptedFault {
  readonly hits: () => number
  /** Ends the fault. */
  readonly stop: () => void
}

/** The faults in force. Faults of the wire exclude each other, the first wins; reports and lists add up. */
export interface ScriptedFaults {
  readonly script: (fault: Fault) => ScriptedFault
  /** Called once per API call: counts it and tells what happens to it. */
  readonly take: (call: ApiCall) => TakenFaults
  /** The same faults, each as far as it has come; they count by themselves from here on. */
  readonly copy: () => ScriptedFaults
}

export type WireEffect = Exclude<FaultEffect, ReportEffect | ListEffect>

export interface TakenFaults {
  readonly wire: WireEffect | null
  readonly lists: readonly ListEffect[]
  /** Bends one batch of the answer. */
  readonly report: (batch: BatchObject) => object
}

export function scriptedFaults(): ScriptedFaults {
  return faultsOf([])
}

function faultsOf(active: ActiveFault[]): ScriptedFaults {
  return {
    script(fault) {
      const entry: ActiveFault = { fault, matched: 0, hits: 0, isStopped: false, reports: new Map() }
      active.push(entry)
      return { hits: () => entry.hits, stop: () => void (entry.isStopped = true) }
    },
    take: (call) => take(active, call),
    copy: () => faultsOf(active.map((entry) => ({ ...entry, reports: new Map(entry.reports) }))),
  }
}

interface ActiveFault {
  readonly fault: Fault
  matched: number
  hits: number
  isStopped: boolean
  /** How often each batch was reported through this fault. */
  readonly reports: Map<string, number>
}

function take(active: readonly ActiveFault[], call: ApiCall): TakenFaults {
  let wire: WireEffect | null = null
  const lists: ListEffect[] = []
  const reports: ActiveFault[] = []
  for (const entry of active) {
    const { effect } = entry.fault
    const isWire = effect.type !== 'report' && effect.type !== 'list'
    if ((isWire && wire !== null) || !strikes(entry, call)) continue
    if (isWire) wire = effect
    else if (effect.type === 'list') lists.push(effect)
    else reports.push(entry)
  }
  return { wire, lists, report: (batch) => bend(reports, batch) }
}

function strikes(entry: ActiveFault, call: ApiCall): boolean {
  if (entry.isStopped || !isMeant(entry.fault, call)) return false
  entry.matched += 1
  const { skip = 0, times = 1 } = entry.fault
  if (entry.matched <= skip || entry.matched > skip + times) return false
  entry.hits += 1
  return true
}

function isMeant({ on, when }: Fault, call: ApiCall): boolean {
  const isOperation =
    on === 'all' || on === call.operation || (Array.isArray(on) && on.includes(call.operation))
  return isOperation && (when?.(call) ?? true)
}

function bend(reports: readonly ActiveFault[], batch: BatchObject): object {
  return reports.reduce<object>((reported, { fault, reports: counts }) => {
    if (fault.effect.type !== 'report') return reported
    const number = (counts.get(batch.id) ?? 0) + 1
    counts.set(batch.id, number)
    return fault.effect.change(reported as BatchObject, { number })
  }, batch)
}
