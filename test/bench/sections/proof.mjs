import { rm } from 'node:fs/promises'
import { kinds } from '../data/kinds.mjs'
import { plantedFaults, requestsFor, writeTriple } from '../data/write-triple.mjs'
import { catContender, countContender, planContender } from '../contenders/commands.mjs'
import { addBuilds, addMemory, addSpeeds, costOf, wallAlone } from '../measure/summary.mjs'
import { pairedRatio, takeTurns } from '../measure/take-turns.mjs'
import {
  flatMemory,
  memoryAgainstDuckDb,
  proofAgainstDuckDb,
  proofAgainstNaive,
  proofAgainstNaiveCpu,
} from '../report/goals.mjs'
import { costText } from '../report/report.mjs'

/** Ids of one triple counted and compared, for each kind of data. */
export async function proof(bench) {
  for (const name of kindsFor(bench.options)) await proveKind(bench, name)
}

function kindsFor({ kinds: wanted, isFull }) {
  const strange = (wanted ?? []).filter((name) => !Object.hasOwn(kinds, name))
  if (strange.length > 0) {
    throw new Error(`No data is called ${strange.join(', ')}. There are: ${Object.keys(kinds).join(', ')}.`)
  }
  return wanted ?? Object.keys(kinds).filter((name) => isFull || kinds[name].isOdd !== true)
}

async function proveKind(bench, name) {
  const { options, report } = bench
  const outputBytes = name === 'chat' ? options.chatBytes : options.outputBytes
  const kind = kinds[name]
  const root = bench.folder('proof')
  const triple = writeTriple(root, { kind, requests: requestsFor(kind, outputBytes), faults: plantedFaults })
  bench.say(`proof of ${name}: ${triple.requests} requests, ${(triple.totalBytes / 1e6).toFixed(0)} MB`)
  const results = await takeTurns(contendersFor(bench, triple), options.rounds)
  report.keep('proof', name, results)
  addRows(bench, `${name}, ${Math.round(outputBytes / 1e6)} MB`, name, results)
  await rm(root, { recursive: true })
}

function contendersFor(bench, triple) {
  const [product] = bench.products
  return {
    cat: catContender(triple),
    naive: countContender(bench, 'naive', triple),
    'parse loop': countContender(bench, 'parse-loop', triple),
    ...duckDbContenders(bench, triple),
    library: countContender(bench, 'library', triple, product.library),
    ...Object.fromEntries(bench.products.map((one) => [one.label, planContender(bench, one, triple)])),
  }
}

/** Once as it comes, and once taking lines as long as this takes them: that is what its memory depends on. */
const duckDbs = { DuckDB: [], 'DuckDB, long lines': [String(256 * 1024 * 1024)] }

function duckDbContenders(bench, triple) {
  if (bench.duckDb === null) return {}
  return Object.fromEntries(
    Object.entries(duckDbs).map(([name, args]) => [
      name,
      countContender(bench, 'duckdb', triple, bench.duckDb, ...args),
    ]),
  )
}

function addRows({ report, products }, about, name, results) {
  const [product] = products
  const ours = results[product.label]
  const plan = { section: 'proof', subject: `${about}: plan` }
  const library = { section: 'proof', subject: `${about}: library` }
  addSpeeds(report, plan, {
    rival: 'naive',
    ours,
    theirs: results.naive,
    goals: { wall: proofAgainstNaive[name], CPU: proofAgainstNaiveCpu[name] },
  })
  addSpeeds(report, plan, { rival: 'parse loop', ours, theirs: results['parse loop'] })
  for (const rival of Object.keys(duckDbs))
    addDuckDb(report, plan, { name, rival, ours, theirs: results[rival] })
  report.add({
    ...plan,
    figure: 'of cat, wall',
    seen: pairedRatio(results.cat, ours, 'wallMs'),
    unit: '',
    ours: costText(costOf(ours)),
    theirs: costText(costOf(results.cat)),
  })
  addMemory(report, plan, ours, flatMemory)
  addSpeeds(report, library, {
    rival: 'naive',
    ours: results.library,
    theirs: results.naive,
    fields: wallAlone,
  })
  addMemory(report, library, results.library, flatMemory)
  addBuilds(report, plan, products, results)
}

function addDuckDb(report, plan, { name, rival, ours, theirs }) {
  if (theirs === undefined) return
  const goals = { wall: proofAgainstDuckDb[name] }
  addSpeeds(report, plan, { rival, ours, theirs, goals, fields: wallAlone })
  report.add({
    ...plan,
    figure: `RSS of ${rival}`,
    seen: pairedRatio(ours, theirs, 'peakRssBytes'),
    goal: memoryAgainstDuckDb[rival]?.[name] ?? null,
    ours: costText(costOf(ours)),
    theirs: costText(costOf(theirs)),
  })
}
