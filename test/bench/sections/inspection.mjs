import { scriptPath } from '../contenders/commands.mjs'
import { runNode } from '../measure/run-child.mjs'
import { medianOf, pairedRatio, takeTurns } from '../measure/take-turns.mjs'
import { inspection as goal } from '../report/goals.mjs'

/**
 * What it costs to be looked at, in CPU of the process: nothing attached, the inspector and nobody who looks, and a viewer of
 * the `@xstate/inspect` protocol that reads everything in the same process. Machines alone are the dearest case there is.
 */
export async function inspection(bench) {
  await measure(bench, 'machines', 'nothing but machines', 5000)
  await measure(bench, 'engine', 'triples of ten rows', bench.options.isFull ? 1000 : 200)
}

async function measure(bench, what, about, count) {
  const { options, report } = bench
  bench.say(`inspection: ${count} ${about}`)
  const contender = (way) => () => inspectionCost(bench, [what, way, String(count)])
  const results = await takeTurns(
    { off: contender('off'), attached: contender('attached'), viewer: contender('viewer') },
    options.rounds,
  )
  report.keep('inspection', about, results)
  const cpu = (way) => `CPU ${(medianOf(results[way], 'cpuMs') / 1000).toFixed(2)} s`
  for (const [way, figure] of [
    ['attached', 'nobody looks, CPU of none'],
    ['viewer', 'a viewer attached, CPU of none'],
  ]) {
    report.add({
      section: 'inspection',
      subject: `${count} ${about}`,
      figure,
      seen: pairedRatio(results[way], results.off, 'cpuMs'),
      goal: way === 'attached' ? goal : null,
      ours: cpu(way),
      theirs: cpu('off'),
    })
  }
}

/** CPU of the work alone, as the process itself tells it. */
async function inspectionCost({ node, products: [{ dist }] }, args) {
  const { stdout } = await runNode(node, [scriptPath('inspect.mjs'), ...args, dist])
  return JSON.parse(stdout)
}
