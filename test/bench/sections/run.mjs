import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runContender, scriptContender, scriptPath } from '../contenders/commands.mjs'
import { jsonChat, kinds } from '../data/kinds.mjs'
import { resultsDigest } from '../data/results-digest.mjs'
import { requestsFor, writeTriple } from '../data/write-triple.mjs'
import { workspaceWith } from '../data/workspaces.mjs'
import { addBuilds, addMemory, addSpeeds } from '../measure/summary.mjs'
import { takeTurns } from '../measure/take-turns.mjs'
import { flatMemory, wholeRun } from '../report/goals.mjs'

/** From three files to the results, against a script that writes the same results and promises nothing. */
export async function wholeRuns(bench) {
  await measureRun(bench, { about: 'text', kind: kinds.chat, goal: wholeRun.text })
  await measureRun(bench, { about: 'text, Responses bodies', kind: kinds.responses })
  await measureRun(bench, {
    about: 'zod schema and callback',
    kind: jsonChat,
    contentType: 'json',
    goal: wholeRun.json,
  })
}

async function measureRun(bench, { about, kind, contentType = 'text', goal }) {
  const { options, report, products } = bench
  const outputBytes = options.isFull ? Math.min(options.outputBytes, 1e9) : options.outputBytes
  const depot = bench.folder('run-files')
  const { paths, requests } = writeTriple(depot, { kind, requests: requestsFor(kind, outputBytes) })
  bench.say(`run, ${about}: ${requests} rows`)
  const setting = {
    makeWorkspace: () => workspaceWith(bench.folder('run'), paths),
    check: sameResults(requests),
  }
  const flags = ['--content-type', contentType]
  if (contentType === 'json') flags.push('--processor', scriptPath('processor.mjs'))
  const results = await takeTurns(
    {
      script: scriptContender(bench, 'reconcile-by-hand.mjs', { ...setting, args: [contentType] }),
      ...Object.fromEntries(
        products.map((one) => [one.label, runContender(bench, one, { ...setting, flags })]),
      ),
    },
    options.rounds,
  )
  report.keep('run', about, results)
  const place = { section: 'run', subject: `${about}, ${Math.round(outputBytes / 1e6)} MB` }
  const ours = results[products[0].label]
  addSpeeds(report, place, { rival: 'script', ours, theirs: results.script, goals: { wall: goal } })
  addMemory(report, place, ours, flatMemory)
  addBuilds(report, place, products, results)
  await rm(depot, { recursive: true })
}

/** Whoever comes first sets what the others are compared with. */
function sameResults(requests) {
  let expected
  return async (root) => {
    const { rows, digest } = await resultsDigest(join(root, 'target', 'batch_results_7.jsonl'))
    expected ??= digest
    if (rows !== requests) throw new Error(`The results have ${rows} rows in place of ${requests}.`)
    if (digest !== expected) throw new Error(`Two ways came to different results; ${root} has one of them.`)
  }
}
