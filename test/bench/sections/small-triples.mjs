import { readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runContender, scriptContender } from '../contenders/commands.mjs'
import { writeSmallTriples } from '../data/small-triples.mjs'
import { resultsDigest } from '../data/results-digest.mjs'
import { countSystemCalls, hasStrace } from '../measure/system-calls.mjs'
import { addBuilds, addMemory, addSpeeds, costOf, wallAlone } from '../measure/summary.mjs'
import { medianOf, pairedRatio, takeTurns } from '../measure/take-turns.mjs'
import { smallTriples as goals } from '../report/goals.mjs'
import { costText } from '../report/report.mjs'

/** What a triple costs when there are many and each holds next to nothing. */
export async function smallTriples(bench) {
  await againstLoop(bench)
  await linearity(bench)
  await systemCalls(bench)
}

async function againstLoop(bench) {
  const { options, report, products } = bench
  const { triples } = options
  bench.say(`small triples: ${triples}`)
  const setting = settingFor(bench, triples)
  const loop = 'small-by-hand.mjs'
  const results = await takeTurns(
    {
      'loop, sync each': scriptContender(bench, loop, { ...setting, args: ['1'] }),
      'loop, sync per 100': scriptContender(bench, loop, { ...setting, args: ['100'] }),
      ...Object.fromEntries(products.map((one) => [one.label, runContender(bench, one, setting)])),
    },
    options.rounds,
  )
  report.keep('small', `${triples} triples`, results)
  const place = { section: 'small', subject: `${triples} triples of 10 rows: run` }
  const ours = results[products[0].label]
  report.add({
    ...place,
    figure: 'CPU a triple',
    seen: medianOf(ours, 'cpuMs') / triples,
    unit: 'ms',
    goal: goals.cpu,
    ours: costText(costOf(ours)),
  })
  const theirs = results['loop, sync each']
  report.add({
    ...place,
    figure: 'wall of the loop’s, sync each',
    seen: pairedRatio(ours, theirs, 'wallMs'),
    goal: goals.wall,
    ours: costText(costOf(ours)),
    theirs: costText(costOf(theirs)),
  })
  addSpeeds(report, place, {
    rival: 'loop, sync per 100',
    ours,
    theirs: results['loop, sync per 100'],
    fields: wallAlone,
  })
  addMemory(report, place, ours)
  addBuilds(report, place, products, results)
}

/** What one triple costs among few and among thirty times as many. */
async function linearity(bench) {
  const { options, report, products } = bench
  const [few, many] = options.isFull ? [1000, 30_000] : [200, 2000]
  bench.say(`small triples: ${few} → ${many}`)
  const results = await takeTurns(
    {
      few: runContender(bench, products[0], settingFor(bench, few)),
      many: runContender(bench, products[0], settingFor(bench, many)),
    },
    options.isFull ? 1 : options.rounds,
  )
  report.keep('small', 'linearity', results)
  report.add({
    section: 'small',
    subject: `run, ${few} → ${many} triples`,
    figure: 'CPU a triple, many of few',
    seen: (pairedRatio(results.many, results.few, 'cpuMs') * few) / many,
    goal: goals.linearity,
    ours: `${cpuATriple(results.few, few)} → ${cpuATriple(results.many, many)}, ${costText(costOf(results.many))}`,
  })
}

const cpuATriple = (runs, count) => `${(medianOf(runs, 'cpuMs') / count).toFixed(2)} ms`

/** The difference of two runs: what starting takes drops out. */
async function systemCalls(bench) {
  const { report, products, node } = bench
  if (!hasStrace()) return report.skip('system calls a triple (strace is not here, or may not trace)')
  bench.say('small triples: system calls')
  const [few, many] = [100, 300]
  const [product] = products
  const traceOf = async (count) => {
    const root = writeSmallTriples(bench.folder('traced'), count)
    const counts = countSystemCalls(node, [product.cli, 'run', root])
    await rm(root, { recursive: true })
    return counts
  }
  const [before, after] = [await traceOf(few), await traceOf(many)]
  report.keep('small', 'system calls', [Object.fromEntries(before), Object.fromEntries(after)])
  for (const [figure, names] of Object.entries(families)) {
    const sum = (counts) => names.reduce((total, name) => total + (counts.get(name) ?? 0), 0)
    report.add({
      section: 'small',
      subject: 'system calls a triple',
      figure,
      seen: (sum(after) - sum(before)) / (many - few),
      unit: '',
    })
  }
}

const families = {
  sync: ['fsync', 'fdatasync'],
  open: ['open', 'openat'],
  stat: ['stat', 'fstat', 'lstat', 'statx', 'newfstatat'],
  'read and write': ['read', 'pread64', 'write', 'pwrite64', 'readv', 'writev', 'pwritev'],
  'link, unlink, rename': ['link', 'linkat', 'unlink', 'unlinkat', 'rename', 'renameat', 'renameat2'],
  'list (getdents)': ['getdents64'],
  futex: ['futex'],
}

function settingFor(bench, triples) {
  let expected
  return {
    makeWorkspace: () => writeSmallTriples(bench.folder('small'), triples),
    check: async (root) => {
      const names = readdirSync(join(root, 'target'))
      const left = readdirSync(join(root, 'workdir'))
      if (names.length !== triples || left.length > 0) {
        throw new Error(
          `Of ${triples} triples ${names.length} have results, and ${left.length} files were left.`,
        )
      }
      const { digest } = await resultsDigest(join(root, 'target', `batch_results_${triples}.jsonl`))
      expected ??= digest
      if (digest !== expected) throw new Error(`Two ways came to different results in ${root}.`)
    },
  }
}
