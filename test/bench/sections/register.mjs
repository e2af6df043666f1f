import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { scriptPath, withoutTexts } from '../contenders/commands.mjs'
import { writeRegisters, writeRequests } from '../data/sent-requests.mjs'
import { runNode } from '../measure/run-child.mjs'
import { addMemory } from '../measure/summary.mjs'
import { register as goal } from '../report/goals.mjs'

const knownRequests = 10_000_000
const newRequests = 50_000

/** What `submit` needs to find out which requests of a file were sent before. */
export async function register(bench) {
  const { products, report } = bench
  const [product] = products
  bench.say(`register: ${newRequests} among ${knownRequests}`)
  const root = bench.folder('register')
  const known = await writeRegisters(root, product.dist, knownRequests)
  const path = join(root, 'new.jsonl')
  writeRequests(path, 'new', newRequests)
  for (const [about, file, expected] of [
    ['all new', path, 0],
    ['all known', known.path, known.requests],
  ]) {
    const cost = await runNode(bench.node, [scriptPath('look-up.mjs'), product.dist, root, file])
    const { cpuMs, found } = JSON.parse(cost.stdout)
    if (found !== expected) throw new Error(`${found} requests count as sent; ${expected} were.`)
    report.keep('register', about, [withoutTexts(cost)])
    const place = { section: 'register', subject: `${newRequests} among ${knownRequests}, ${about}` }
    report.add({ ...place, figure: 'look-up, CPU', seen: cpuMs / 1000, unit: 's' })
    addMemory(report, place, [cost], goal)
  }
  await rm(root, { recursive: true })
}
