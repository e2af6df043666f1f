// One measured run in a process of its own: `node accounting-child.mjs <ours|naive> <directory> [dist]`.
// Prints one JSON object: what was found, and what it cost.
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const [, , way, directory, dist] = process.argv
const pathOf = (kind) => join(directory, `batch_${kind}_7.jsonl`)
const paths = { input: pathOf('input'), output: pathOf('output'), error: pathOf('error') }

const ways = {
  async ours() {
    const { accountForTriple } = await load('accounting/account.js')
    const { nodeFileSystem } = await load('workspace/node-file-system.js')
    const { accounting } = await accountForTriple({
      fs: nodeFileSystem,
      index: '7',
      isCutShort: false,
      ...paths,
    })
    const { matched, missing, unknown } = accounting.counts
    return { matched, missing, unknown }
  },
  async naive() {
    const requests = await idsOf(paths.input)
    const answers = new Set([...(await idsOf(paths.output)), ...(await idsOf(paths.error))])
    const matched = [...requests].filter((id) => answers.has(id)).length
    return { matched, missing: requests.size - matched, unknown: answers.size - matched }
  },
}

function load(path) {
  return import(pathToFileURL(join(dist, 'src', path)).href)
}

async function idsOf(path) {
  const ids = new Set()
  for await (const line of createInterface({ input: createReadStream(path) }))
    ids.add(JSON.parse(line).custom_id)
  return ids
}

const startedAt = performance.now()
const found = await ways[way]()
const wallMs = performance.now() - startedAt
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
const cpuMs = (userCPUTime + systemCPUTime) / 1000
console.log(JSON.stringify({ ...found, wallMs, cpuMs, peakRssBytes: maxRSS * 1024 }))
