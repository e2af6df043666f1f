import { readFileSync, readdirSync } from 'node:fs'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { createInterface } from 'node:readline'
import { scriptPath } from '../contenders/commands.mjs'
import { redisPath, startRedis } from '../contenders/start-redis.mjs'
import { startServer } from '../contenders/start-server.mjs'
import { kinds } from '../data/kinds.mjs'
import { writeInputs, writeWaitingTriples } from '../data/small-triples.mjs'
import { openEmptyWorkspace } from '../data/workspaces.mjs'
import { writeTriple } from '../data/write-triple.mjs'
import { runNode, startProgram } from '../measure/run-child.mjs'
import { takeTurns, medianOf, pairedRatio } from '../measure/take-turns.mjs'
import { workers as goals } from '../report/goals.mjs'

const rowsEach = 5
const batchMs = 15_000
const pollSeconds = 5

/** What it costs to share a workspace, and what is gained. */
export async function workers(bench) {
  if (redisPath === undefined) return bench.report.skip('workers (there is no redis-server here)')
  for (const triples of bench.options.isFull ? [1000, 3000] : [bench.options.triples]) {
    await againstWatch(bench, triples)
  }
  await offline(bench)
  if (bench.options.isFull) await manyWaiting(bench)
}

async function againstWatch(bench, triples) {
  const { options, report } = bench
  bench.say(`workers: ${triples} triples, sent`)
  const contenders = { watch: () => sent(bench, triples, 0) }
  for (const count of [1, 2, 3]) contenders[`${count}`] = () => sent(bench, triples, count)
  const results = await takeTurns(contenders, options.isFull ? 1 : options.rounds)
  report.keep('workers', `${triples} triples`, results)
  const textOf = (runs) =>
    `${(medianOf(runs, 'cpuMs') / triples).toFixed(1)} ms CPU a triple, ${(medianOf(runs, 'wallMs') / 1000).toFixed(0)} s, ${medianOf(runs, 'lists')} lists`
  for (const count of [1, 2, 3]) {
    const place = { section: 'workers', subject: `${triples} triples, ${count} at work` }
    const words = { ours: textOf(results[count]), theirs: textOf(results.watch) }
    const seen = (field) => pairedRatio(results[count], results.watch, field)
    report.add({ ...place, figure: 'CPU of one watch', seen: seen('cpuMs'), goal: goals.cpu, ...words })
    report.add({ ...place, figure: 'wall of one watch', seen: seen('wallMs'), ...words })
  }
}

/** `count` workers, or one `watch` for none. */
async function sent(bench, triples, count) {
  const root = writeInputs(bench.folder('workers'), triples, rowsEach)
  const { server, countsUrl } = await startBatchServer(bench)
  const cost = await together(bench, root, count, {
    flags: ['--poll-seconds', String(pollSeconds)],
    workFlags: ['--submit'],
    env: { OPENAI_API_KEY: 'none', OPENAI_BASE_URL: `${server.origin}/v1` },
  })
  const { batches, list } = await (await fetch(countsUrl)).json()
  await server.close()
  requireDone(root, triples)
  if (batches !== triples) throw new Error(`${batches} batches were made for ${triples} triples.`)
  await rm(root, { recursive: true })
  return { ...cost, lists: list }
}

async function offline(bench) {
  const { options, report } = bench
  const [triples, bytes] = options.isFull ? [200, 10e6] : [60, 5e6]
  bench.say(`workers: ${triples} triples with answers`)
  const make = () => {
    const root = openEmptyWorkspace(bench.folder('offline'))
    const requests = Math.round(bytes / kinds.chat.answerBytes)
    for (let index = 1; index <= triples; index += 1) {
      writeTriple(root, { kind: kinds.chat, requests, index: String(index) })
    }
    return root
  }
  const run = (count) => async () => {
    const root = make()
    const cost = await together(bench, root, count, { flags: [], env: {} })
    requireDone(root, triples)
    await rm(root, { recursive: true })
    return cost
  }
  const results = await takeTurns({ one: run(1), two: run(2) }, options.rounds)
  report.keep('workers', 'offline', results)
  report.add({
    section: 'workers',
    subject: `${triples} triples of ${bytes / 1e6} MB: two at work`,
    figure: 'as fast as one',
    seen: pairedRatio(results.one, results.two, 'wallMs'),
    goal: goals.two,
    ours: secondsText(results.two),
    theirs: secondsText(results.one),
  })
}

const secondsText = (runs) => `${(medianOf(runs, 'wallMs') / 1000).toFixed(1)} s`

/** Runs them side by side until all is settled; the costs of all together. The last look over the folder is not counted. */
async function together({ node, products: [product], folder }, root, count, { flags, workFlags = [], env }) {
  if (count === 0) {
    // A watch sends nothing by itself.
    const sending = await runNode(node, [product.cli, 'run', root, '--submit'], { env })
    const watching = await runNode(node, [product.cli, 'watch', root, ...flags], { env })
    return {
      wallMs: sending.wallMs + watching.wallMs,
      cpuMs: sending.cpuMs + watching.cpuMs,
      peakRssBytes: Math.max(sending.peakRssBytes, watching.peakRssBytes),
    }
  }
  const redis = await startRedis(folder('redis'))
  const args = [product.cli, 'work', root, '--until-settled', '--redis', redis.url, ...workFlags, ...flags]
  const startedAt = performance.now()
  let doneAt = null
  const timer = setInterval(() => {
    if (doneAt === null && readdirSync(join(root, 'workdir')).length === 0) doneAt = performance.now()
  }, 100)
  const costs = await Promise.all(Array.from({ length: count }, () => runNode(node, args, { env })))
  clearInterval(timer)
  await redis.close()
  return {
    wallMs: (doneAt ?? performance.now()) - startedAt,
    cpuMs: costs.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    peakRssBytes: Math.max(...costs.map(({ peakRssBytes }) => peakRssBytes)),
  }
}

/** Very many batches that a server still works on: what Redis holds, and what a round takes. */
async function manyWaiting(bench) {
  const { options, report, node, products } = bench
  bench.say(`workers: ${options.waiting} waiting triples`)
  const root = writeWaitingTriples(bench.folder('waiting'), options.waiting)
  const [server, redis] = [
    await startServer([String(options.waiting)]),
    await startRedis(bench.folder('redis')),
  ]
  const emptyBytes = await redis.said('used_memory')
  const startedAt = performance.now()
  const child = startProgram(
    node,
    [products[0].cli, 'work', root, '--redis', redis.url, '--poll-seconds', '60'],
    {
      env: { OPENAI_API_KEY: 'none', OPENAI_BASE_URL: `${server.origin}/v1` },
    },
  )
  child.stdout.resume()
  await new Promise((resolve, reject) => {
    child.once('close', () => reject(new Error('The worker ended before all triples waited.')))
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (line.endsWith(`${options.waiting.toLocaleString('en')} waiting for the server`)) resolve()
    })
  })
  const place = { section: 'workers', subject: `${options.waiting} waiting, 1 at work` }
  report.add({ ...place, figure: 'until all wait', seen: (performance.now() - startedAt) / 1000, unit: 's' })
  const cpuMsBefore = cpuMsOf(child.pid)
  await sleep(60_000)
  report.add({
    ...place,
    figure: 'CPU of a minute: one poll, twelve looks over the folder',
    seen: (cpuMsOf(child.pid) - cpuMsBefore) / 1000,
    unit: 's',
  })
  report.add({
    ...place,
    figure: 'memory in Redis',
    seen: ((await redis.said('used_memory')) - emptyBytes) / 1e6,
    unit: 'MB',
  })
  child.kill('SIGTERM')
  await once(child, 'close')
  await Promise.all([server.close(), redis.close()])
  await rm(root, { recursive: true })
}

/** Linux only: user and system time of a process (proc(5)), in ticks of a hundredth of a second. */
function cpuMsOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  return (Number(user) + Number(system)) * 10
}

async function startBatchServer({ products: [product] }) {
  const library = pathToFileURL(join(product.dist, 'src/testing/index.js')).href
  const child = startProgram(process.execPath, [scriptPath('batch-server.mjs'), library, String(batchMs)])
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  const [origin, countsUrl] = line.split(' ')
  const close = async () => {
    child.kill()
    await once(child, 'close')
  }
  return { server: { origin, close }, countsUrl }
}

function requireDone(root, triples) {
  const [results, left] = [readdirSync(join(root, 'target')), readdirSync(join(root, 'workdir'))]
  if (results.length === triples && left.length === 0) return
  throw new Error(`Of ${triples} triples ${results.length} have results, and ${left.length} files were left.`)
}
