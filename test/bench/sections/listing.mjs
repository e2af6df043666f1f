import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { withoutTexts } from '../contenders/commands.mjs'
import { writeManyFiles } from '../data/small-triples.mjs'
import { runNode } from '../measure/run-child.mjs'
import { countListings, hasStrace } from '../measure/system-calls.mjs'
import { addBuilds, costOf } from '../measure/summary.mjs'
import { takeTurns } from '../measure/take-turns.mjs'
import { listing as goals } from '../report/goals.mjs'
import { costText } from '../report/report.mjs'

const fileCount = 100_000

/** What only looks at names: a hundred thousand of them. */
export async function listing(bench) {
  const { options, products, report } = bench
  bench.say(`listing: ${fileCount} files`)
  const { root, triples } = writeManyFiles(bench.folder('listing'), fileCount)
  const commands = { 'plan --quick': ['plan', '--quick', '--json', root], status: ['status', '--json', root] }
  for (const [command, args] of Object.entries(commands)) {
    const contenders = products.map((one) => [one.label, listingContender(bench, one, args, triples)])
    const results = await takeTurns(Object.fromEntries(contenders), options.isFull ? options.rounds : 1)
    report.keep('listing', command, results)
    const place = { section: 'listing', subject: `${command}, ${fileCount} files` }
    addRows(report, place, results[products[0].label])
    addBuilds(report, place, products, results)
    addListings(bench, place, args, root)
  }
  await rm(root, { recursive: true })
}

function listingContender({ node }, { cli }, args, triples) {
  return async () => {
    const cost = await runNode(node, [cli, ...args], { exitCodes: [0, 1] })
    const lines = cost.stdout.split('\n').length - 1
    if (lines !== triples) throw new Error(`${args[0]} told of ${lines} triples; there are ${triples}.`)
    return withoutTexts(cost)
  }
}

function addRows(report, place, runs) {
  const cost = costOf(runs)
  const ours = costText(cost)
  report.add({ ...place, figure: 'wall', seen: cost.wallMs / 1000, unit: 's', goal: goals.wall, ours })
  report.add({
    ...place,
    figure: 'peak RSS',
    seen: cost.peakRssBytes / 1e6,
    unit: 'MB',
    goal: goals.memory,
    ours,
  })
}

function addListings({ node, products, report }, place, args, root) {
  if (!hasStrace()) return report.skip('listings of workdir/ (strace is not here, or may not trace)')
  const seen = countListings(node, [products[0].cli, ...args], join(root, 'workdir'))
  report.add({ ...place, figure: 'listings of workdir/', seen, unit: '', goal: goals.reads })
}
