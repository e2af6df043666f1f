import { rm } from 'node:fs/promises'
import { planContender } from '../contenders/commands.mjs'
import { tiny } from '../data/kinds.mjs'
import { plantedFaults, writeTriple } from '../data/write-triple.mjs'
import { addMemory } from '../measure/summary.mjs'
import { takeTurns } from '../measure/take-turns.mjs'
import { tenMillionIds } from '../report/goals.mjs'
import { costText } from '../report/report.mjs'

/** Ten million requests in one triple: whether it finishes, and in how much memory. */
export async function ids(bench) {
  const { report, products, options } = bench
  const requests = options.ids
  const root = bench.folder('ids')
  const triple = writeTriple(root, { kind: tiny, requests, faults: plantedFaults })
  bench.say(`ids: ${requests}, ${(triple.totalBytes / 1e6).toFixed(0)} MB`)
  for (const product of products) {
    const place = { section: 'ids', subject: `${requests} ids: plan, ${product.label}` }
    try {
      const { plan } = await takeTurns({ plan: planContender(bench, product, triple) }, 1)
      report.keep('ids', place.subject, plan)
      report.add({
        ...place,
        figure: 'wall',
        seen: plan[0].wallMs / 1000,
        unit: 's',
        ours: costText(plan[0]),
      })
      addMemory(report, place, plan, tenMillionIds)
    } catch (error) {
      // A refusal is a finding, and told as one.
      report.add({
        ...place,
        figure: 'peak RSS',
        seen: null,
        goal: tenMillionIds,
        ours: error.message.slice(0, 120),
      })
    }
  }
  await rm(root, { recursive: true })
}
