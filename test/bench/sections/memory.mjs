import { rm } from 'node:fs/promises'
import { countContender, planContender, runContender } from '../contenders/commands.mjs'
import { kinds } from '../data/kinds.mjs'
import { requestsFor, writeTriple } from '../data/write-triple.mjs'
import { workspaceWith } from '../data/workspaces.mjs'
import { megabytes } from '../measure/summary.mjs'
import { takeTurns } from '../measure/take-turns.mjs'
import { flatMemory } from '../report/goals.mjs'

/** Whether memory grows with the files: the same work on ten times the bytes. */
export async function memory(bench) {
  const { options, report, products } = bench
  const small = await measure(bench, options.outputBytes / (options.isFull ? 5 : 10))
  const large = await measure(bench, options.isFull ? options.chatBytes : options.outputBytes)
  report.keep('memory', 'chat', { small, large })
  for (const work of Object.keys(small.results)) {
    const [before, after] = [megabytes(small.results[work]), megabytes(large.results[work])]
    report.add({
      section: 'memory',
      subject: `${work} (${products[0].label}), ${small.about} → ${large.about}`,
      figure: 'peak RSS, larger one',
      seen: after,
      unit: 'MB',
      goal: flatMemory,
      ours: `${before.toFixed(0)} → ${after.toFixed(0)} MB, × ${(after / before).toFixed(2)}`,
    })
  }
}

async function measure(bench, outputBytes) {
  const [product] = bench.products
  const depot = bench.folder('memory')
  const triple = writeTriple(depot, { kind: kinds.chat, requests: requestsFor(kinds.chat, outputBytes) })
  const about = `${Math.round(outputBytes / 1e6)} MB`
  bench.say(`memory: ${about}`)
  const makeWorkspace = () => workspaceWith(bench.folder('memory-run'), triple.paths)
  const contenders = {
    plan: planContender(bench, product, triple),
    library: countContender(bench, 'library', triple, product.library),
    run: runContender(bench, product, { makeWorkspace, check: () => {} }),
  }
  const results = await takeTurns(contenders, 1)
  await rm(depot, { recursive: true })
  return { about, results }
}
