// Accounting of one large triple against the naive way and against reading alone. See README.md.
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeTriple } from './accounting-triple.mjs'

const { values } = parseArgs({
  options: {
    'output-mb': { type: 'string', default: '1000' },
    'line-bytes': { type: 'string', default: '500,2000' },
    runs: { type: 'string', default: '3' },
    dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
  },
})

const child = fileURLToPath(new URL('accounting-child.mjs', import.meta.url))
const memoryLimitMb = 200

for (const lineBytes of values['line-bytes'].split(',').map(Number)) await benchmark(lineBytes)

async function benchmark(lineBytes) {
  const directory = await mkdtemp(join(tmpdir(), 'bench-accounting-'))
  try {
    const { paths, requests } = await writeTriple(directory, Number(values['output-mb']) * 1e6, lineBytes)
    const sizes = await Promise.all(Object.values(paths).map(async (path) => (await stat(path)).size))
    const totalMb = sizes.reduce((sum, size) => sum + size) / 1e6
    console.log(
      `\n${requests} requests, lines of ${lineBytes} bytes, ${totalMb.toFixed(0)} MB in three files`,
    )
    report(measure(directory, Object.values(paths)), totalMb)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Runs take turns, so that a busy machine is unfair to all of them alike; the median counts. */
function measure(directory, files) {
  const results = { cat: [], ours: [], naive: [] }
  for (let run = 0; run < Number(values.runs); run += 1) {
    results.cat.push(timed('cat', files))
    for (const way of ['ours', 'naive']) results[way].push(measured(way, directory))
  }
  return Object.fromEntries(Object.entries(results).map(([way, runs]) => [way, medianOf(runs)]))
}

function timed(command, files) {
  const startedAt = performance.now()
  // Through a pipe: straight into /dev/null the kernel would not even copy the bytes.
  execFileSync('sh', ['-c', `${command} "$@" | cat > /dev/null`, command, ...files])
  return { wallMs: performance.now() - startedAt }
}

function measured(way, directory) {
  return JSON.parse(
    execFileSync(process.execPath, [child, way, directory, values.dist], { encoding: 'utf8' }),
  )
}

function medianOf(runs) {
  return runs.toSorted((a, b) => a.wallMs - b.wallMs)[Math.floor(runs.length / 2)]
}

function report({ cat, ours, naive }, totalMb) {
  const row = (name, { wallMs, cpuMs, peakRssBytes }) => ({
    way: name,
    'wall s': (wallMs / 1000).toFixed(2),
    'CPU s': cpuMs === undefined ? '' : (cpuMs / 1000).toFixed(2),
    'peak MB': peakRssBytes === undefined ? '' : (peakRssBytes / 1e6).toFixed(0),
    'MB/s': (totalMb / (wallMs / 1000)).toFixed(0),
    '× naive': (naive.wallMs / wallMs).toFixed(2),
    '× naive CPU': cpuMs === undefined ? '' : (naive.cpuMs / cpuMs).toFixed(2),
    'of cat': (cat.wallMs / wallMs).toFixed(3),
  })
  console.table([row('cat (reading alone)', cat), row('batch-reconciler', ours), row('naive', naive)])
  if (ours.matched !== naive.matched || ours.missing !== naive.missing || ours.unknown !== naive.unknown) {
    throw new Error(`The two ways disagree: ${JSON.stringify({ ours, naive })}.`)
  }
  if (ours.peakRssBytes > memoryLimitMb * 1e6) {
    console.error(`Peak memory is above the limit of ${memoryLimitMb} MB.`)
    process.exitCode = 1
  }
}
