// What it costs to inspect: nothing attached, the inspector without a viewer, and with one. See README.md.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    machines: { type: 'string', default: '5000' },
    triples: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '5' },
    dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
  },
})

const child = fileURLToPath(new URL('inspection-child.mjs', import.meta.url))
const ways = ['off', 'no viewer', 'viewer']
const costLimit = 1.2

const costs = [measure('machines', values.machines), measure('engine', values.triples)]
if (costs.some((cost) => cost > costLimit)) {
  console.error(`Without a viewer inspection costs more than ${costLimit} × the CPU of none.`)
  process.exitCode = 1
}

/** Runs take turns, so that a busy machine is unfair to all of them alike. Gives the cost without a viewer. */
function measure(what, count) {
  const runs = ways.map(() => [])
  for (let run = 0; run < Number(values.runs); run += 1) {
    for (const [position, way] of ways.entries()) runs[position].push(measured(what, way, count))
  }
  const [off, noViewer, viewer] = runs.map(summary)
  console.log(
    `\n${count} ${what === 'machines' ? 'triples of nothing but machines' : 'triples of real files'}`,
  )
  console.table(
    [off, noViewer, viewer].map((row, position) => ({
      inspection: ways[position],
      'CPU s': (row.median / 1000).toFixed(2),
      'min–max': `${(row.min / 1000).toFixed(2)}–${(row.max / 1000).toFixed(2)}`,
      '× off': (row.median / off.median).toFixed(2),
      messages: row.messages,
    })),
  )
  return noViewer.median / off.median
}

function measured(what, way, count) {
  const args = [child, what, way === 'no viewer' ? 'attached' : way, count, values.dist]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

function summary(runs) {
  const cpu = runs.map(({ cpuMs }) => cpuMs).toSorted((left, right) => left - right)
  return { median: cpu[Math.floor(cpu.length / 2)], min: cpu[0], max: cpu.at(-1), messages: runs[0].messages }
}
