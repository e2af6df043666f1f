import { rmSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { scriptPath, withoutTexts } from '../contenders/commands.mjs'
import { startServer } from '../contenders/start-server.mjs'
import { kinds } from '../data/kinds.mjs'
import { requestsFor, writeTriple } from '../data/write-triple.mjs'
import { workspaceWith } from '../data/workspaces.mjs'
import { runNode } from '../measure/run-child.mjs'
import { addMemory, costOf } from '../measure/summary.mjs'
import { median, pairedRatio, takeTurns } from '../measure/take-turns.mjs'
import { download as goals, flatMemory } from '../report/goals.mjs'
import { costText } from '../report/report.mjs'

/**
 * From a server on this machine to the disk, within a whole run; against a stream that only writes. The goal is about download
 * and proof together: what was scanned and hashed as it arrived need not be read again.
 */
export async function download(bench) {
  const { options, report, products } = bench
  const outputBytes = options.isFull ? 1e9 : options.outputBytes
  const depot = bench.folder('download')
  const triple = writeTriple(depot, { kind: kinds.chat, requests: requestsFor(kinds.chat, outputBytes) })
  const { paths } = triple
  bench.say(`download: ${(triple.bytes.output / 1e6).toFixed(0)} MB`)
  const server = await startServer(['7', paths.output, paths.error])
  try {
    const contenders = {
      plain: plainContender(bench, server, 'no-sync'),
      'plain, synced': plainContender(bench, server, 'sync'),
    }
    for (const one of products) contenders[one.label] = onlineContender(bench, server, one, triple)
    const results = await takeTurns(contenders, options.rounds)
    report.keep('download', 'chat', results)
    for (const one of products) addRows(report, triple, results, one)
  } finally {
    await server.close()
  }
  await rm(depot, { recursive: true })
}

/** Without its start-up, as the product's download is. */
function plainContender(bench, { origin }, sync) {
  return async () => {
    const path = bench.folder('plain-download')
    const url = `${origin}/v1/files/file-output/content`
    const cost = await runNode(bench.node, [scriptPath('download-plain.mjs'), url, path, sync])
    rmSync(path)
    return { ...withoutTexts(cost), wallMs: Number(cost.stdout) }
  }
}

function onlineContender(bench, { origin }, product, { paths, bytes }) {
  return async () => {
    const root = workspaceWith(bench.folder('online'), { input: paths.input })
    const metadata = {
      batch_id: 'batch_7',
      input_file_id: 'file-7',
      output_file_id: null,
      error_file_id: null,
    }
    await writeFile(join(root, 'workdir', 'batch_metadata_7.jsonl'), `${JSON.stringify(metadata)}\n`)
    const args = [scriptPath('run-online.mjs'), root, product.libraryUrl, `${origin}/v1`]
    const cost = await runNode(bench.node, args)
    const { outcome, states } = JSON.parse(cost.stdout)
    const downloaded = states.reduce((sum, state) => sum + state.downloaded, 0)
    if (outcome !== 'done' || downloaded !== bytes.output + bytes.error) {
      throw new Error(`The triple is ${outcome}, with ${downloaded} bytes from the server: ${cost.stderr}`)
    }
    rmSync(root, { recursive: true })
    return { ...withoutTexts(cost), ...partsOf(states), states }
  }
}

const isProof = ({ state }) => state.startsWith('checking-ids')

/** The download ends where the next state begins; then come the states of the proof. */
function partsOf(states) {
  const sum = (fits, field) => states.filter(fits).reduce((total, state) => total + state[field], 0)
  return {
    downloadMs: sum(({ downloaded }) => downloaded > 0, 'ms'),
    proofMs: sum(isProof, 'ms'),
    proofBytes: sum(isProof, 'read'),
  }
}

function addRows(report, { bytes }, results, { label }) {
  const place = { section: 'download', subject: `${(bytes.output / 1e6).toFixed(0)} MB in a run, ${label}` }
  const runs = results[label]
  const part = (field) => median(runs.map((run) => run[field]))
  const texts = {
    ours: `download ${seconds(part('downloadMs'))}, proof ${seconds(part('proofMs'))}, whole ${costText(costOf(runs))}`,
    theirs: costText(costOf(results.plain)),
  }
  const parts = runs.map((run) => ({ ...run, wallMs: run.downloadMs }))
  const proven = runs.map((run) => ({ ...run, wallMs: run.downloadMs + run.proofMs }))
  report.add({
    ...place,
    figure: 'download × plain stream',
    seen: pairedRatio(parts, results.plain, 'wallMs'),
    ...texts,
  })
  report.add({
    ...place,
    figure: 'download × plain with sync',
    seen: pairedRatio(parts, results['plain, synced'], 'wallMs'),
    ours: texts.ours,
    theirs: costText(costOf(results['plain, synced'])),
  })
  report.add({
    ...place,
    figure: 'download and proof × plain',
    seen: pairedRatio(proven, results.plain, 'wallMs'),
    goal: goals.withProof,
    ...texts,
  })
  report.add({
    ...place,
    figure: 'answers read again by the proof',
    seen: Math.max(0, part('proofBytes') - bytes.input) / (bytes.output + bytes.error),
    unit: '× their bytes',
    goal: goals.readAgain,
  })
  addMemory(report, place, runs, flatMemory)
}

const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`
