import type { Meter } from '@opentelemetry/api'
import { counters, type CounterName, type TellGrowth } from '../run-counters.js'
import { attributeOf } from './attributes.js'

/** Makes an instrument for each counter; they grow by what is told. */
export function growInstruments(meter: Meter, root: string): TellGrowth {
  const workspace = { [attributeOf.workspace]: root }
  const names = Object.keys(counters) as readonly CounterName[]
  const instruments = new Map(
    names.map((name) => {
      const { help: description, unit, parts } = counters[name]
      const counter = meter.createCounter(`batch_reconciler.${name}`, { description, unit })
      return [name, { counter, label: parts === null ? null : `batch_reconciler.${parts.label}` }]
    }),
  )
  return (name, value, part) => {
    const { counter, label = null } = instruments.get(name) ?? {}
    counter?.add(value, label === null || part === null ? workspace : { ...workspace, [label]: part })
  }
}
