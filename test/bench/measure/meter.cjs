// Preloaded into every Node process that is measured (`--require`): writes, as the process ends, what it cost.
// A module of its own kind, because `--import` would start the loader of modules, which start-up times would show.
const { isMainThread } = require('node:worker_threads')

const path = process.env.BENCH_METER
if (isMainThread && path !== undefined) {
  // What this process starts is not to write there too.
  delete process.env.BENCH_METER
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
    const cost = { cpuMs: (userCPUTime + systemCPUTime) / 1000, peakRssBytes: maxRSS * 1024 }
    require('node:fs').writeFileSync(path, JSON.stringify(cost))
  })
}
