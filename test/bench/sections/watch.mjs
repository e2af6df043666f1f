import { rm } from 'node:fs/promises'
import { scriptPath, withoutTexts } from '../contenders/commands.mjs'
import { startServer } from '../contenders/start-server.mjs'
import { writeWaitingTriples } from '../data/small-triples.mjs'
import { runNode } from '../measure/run-child.mjs'
import { addMemory } from '../measure/summary.mjs'
import { watching as goals } from '../report/goals.mjs'
import { costText } from '../report/report.mjs'

/** Very many batches that a server still works on: what it takes to wait for them. */
export async function watch(bench) {
  const { options, products, report } = bench
  bench.say(`watch: ${options.waiting} waiting triples`)
  const server = await startServer([String(options.waiting)])
  try {
    for (const one of products) {
      const root = writeWaitingTriples(bench.folder('watch'), options.waiting)
      const args = [scriptPath('watch-waiting.mjs'), root, one.libraryUrl, server.origin]
      const cost = await runNode(bench.node, args)
      const found = JSON.parse(cost.stdout)
      if (found.waiting !== options.waiting) {
        throw new Error(`${found.waiting} triples wait in place of ${options.waiting}: ${cost.stderr}`)
      }
      report.keep('watch', one.label, [{ ...withoutTexts(cost), ...found }])
      addRows(report, { section: 'watch', subject: `${options.waiting} waiting, ${one.label}` }, cost, found)
      await rm(root, { recursive: true })
    }
  } finally {
    await server.close()
  }
}

function addRows(report, place, cost, found) {
  const ours = costText(cost)
  addMemory(report, place, [cost], goals.memory)
  report.add({ ...place, figure: 'lists a poll', seen: found.lists, unit: '', goal: goals.calls })
  report.add({ ...place, figure: 'single looks a poll', seen: found.retrieves, unit: '' })
  report.add({ ...place, figure: 'CPU while idle', seen: found.idleShare * 100, unit: '%', goal: goals.idle })
  report.add({ ...place, figure: 'first pass', seen: found.passMs / 1000, unit: 's', ours })
  report.add({ ...place, figure: 'a poll', seen: found.pollMs / 1000, unit: 's' })
}
