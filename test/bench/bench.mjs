// `npm run bench`: one table of ratios, measured in one run, paired and interleaved. See README.md.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { stopChildren } from './measure/run-child.mjs'
import { parseOptions, usage } from './options.mjs'
import { describeMachine } from './report/machine.mjs'
import { createReport, tableText } from './report/report.mjs'
import { sections, sectionsFor } from './sections/index.mjs'
import { duckDbVersion, findDuckDb, findNode } from './tools/npm-packages.mjs'

const options = parseOptions(process.argv.slice(2))
if (options.isHelp) console.log(usage)
else if (options.isList) console.log(Object.keys(sections).join('\n'))
else await main()

async function main() {
  const chosen = sectionsFor(options)
  const bench = prepare()
  const work = mkdtempSync(join(tmpdir(), 'batch-reconciler-bench-'))
  const clear = () => {
    stopChildren()
    rmSync(work, { recursive: true, force: true, maxRetries: 5 })
  }
  endWith(clear)
  let folders = 0
  /** A new folder that goes with the bench; what is large in it is better removed at once. */
  const folder = (name) => join(work, `${name}-${(folders += 1)}`)
  try {
    for (const section of chosen) await section({ ...bench, folder })
  } finally {
    clear()
    tell(bench)
  }
}

/** Nothing is left behind, also when somebody has seen enough. */
function endWith(clear) {
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ]) {
    process.once(signal, () => {
      clear()
      process.exit(128 + number)
    })
  }
}

/** On stderr: the table alone goes to stdout. */
function say(text) {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`)
}

/** What every section needs. Nothing is written yet: a wrong option ends the bench here. */
function prepare() {
  const products = options.dists.map(toProduct)
  const report = createReport()
  const node = findNode(options.node, options.mayInstall)
  const duckDb = findDuckDb()
  if (duckDb === null) report.skip('DuckDB (@duckdb/node-api is not installed, or not for this machine)')
  return { options, report, node, duckDb, products, say }
}

function toProduct(dist, at) {
  const library = join(dist, 'src/index.js')
  if (!existsSync(library)) throw new Error(`There is no build in ${dist}; \`npm run build\` makes one.`)
  return {
    label: at === 0 ? 'batch-reconciler' : relative('', dist),
    dist,
    cli: join(dist, 'src/cli/main.js'),
    library,
    libraryUrl: pathToFileURL(library).href,
  }
}

/** Also after a section has failed: what was measured until then is worth seeing. */
function tell({ report, node, duckDb }) {
  const machine = { ...describeMachine(node), duckDb: duckDb === null ? null : duckDbVersion }
  const { cpu, cores, memoryGb, system } = machine
  console.log(
    `Node ${machine.node}, DuckDB ${machine.duckDb ?? 'absent'}, ${cores} × ${cpu}, ${memoryGb} GB, ${system}, ${machine.at}`,
  )
  console.log(`Medians of ${options.rounds} rounds; ratios are paired by round. MB are millions of bytes.\n`)
  console.log(tableText(report))
  if (options.jsonPath !== null) {
    writeFileSync(options.jsonPath, `${JSON.stringify({ machine, options, ...report }, null, 2)}\n`)
  }
}
