// How long it takes, and in how much memory, to find new requests among millions of sent ones. See README.md.
import { execFileSync } from 'node:child_process'
import { createHash, randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    known: { type: 'string', default: '10000000' },
    new: { type: 'string', default: '50000' },
    'line-bytes': { type: 'string', default: '500' },
    dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
  },
})
const requestsPerTriple = 50_000
const memoryLimitMb = 250
const child = fileURLToPath(new URL('register-child.mjs', import.meta.url))

const root = await mkdtemp(join(tmpdir(), 'bench-register-'))
try {
  await makeRegisters()
  const path = join(root, 'new.jsonl')
  await writeRequests(path, 'new', Number(values.new))
  const { seconds, cpuSeconds, peakMb, found } = run(path)
  console.log(
    `look-up: ${values.new} new among ${values.known} known in ${seconds.toFixed(1)} s (CPU ${cpuSeconds.toFixed(1)} s), peak ${peakMb} MB`,
  )
  if (found !== 0) throw new Error(`${found} of the new requests count as sent.`)
  const overlap = run(join(root, 'last-known.jsonl'))
  if (overlap.found !== requestsPerTriple) throw new Error(`${overlap.found} known requests were found.`)
  console.log(
    `look-up: ${requestsPerTriple} known ones in ${overlap.seconds.toFixed(1)} s, peak ${overlap.peakMb} MB`,
  )
  if (Math.max(peakMb, overlap.peakMb) > memoryLimitMb) throw new Error(`More than ${memoryLimitMb} MB.`)
} finally {
  await rm(root, { recursive: true })
}

/** One real register; the others have its ids, as files often do, and other requests. Their inputs are gone. */
async function makeRegisters() {
  const { openWorkspace } = await import(join(values.dist, 'src/index.js'))
  const { keepRegister } = await import(join(values.dist, 'src/accounting/requests/read-requests.js'))
  const workspace = await openWorkspace(root, { create: true })
  const { logs, registerFile } = workspace.layout
  await mkdir(logs, { recursive: true })
  const path = join(root, 'last-known.jsonl')
  await writeRequests(path, 'known', requestsPerTriple)
  const before = process.cpuUsage()
  await keepRegister({ workspace }, '0', path)
  const { user, system } = process.cpuUsage(before)
  const mb = (await stat(path)).size / 1e6
  const seconds = (user + system) / 1e6
  console.log(
    `register: ${requestsPerTriple} requests, ${mb.toFixed(0)} MB, made in CPU ${seconds.toFixed(1)} s`,
  )
  const bytes = await readFile(registerFile('0'))
  for (let index = 1; index * requestsPerTriple < Number(values.known); index += 1) {
    for (let at = 0; at < requestsPerTriple; at += 1) randomFillSync(bytes, at * 24 + 8, 16)
    createHash('sha256')
      .update(bytes.subarray(0, -32))
      .digest()
      .copy(bytes, bytes.length - 32)
    await writeFile(registerFile(String(index)), bytes)
  }
}

async function writeRequests(path, prefix, count) {
  const file = createWriteStream(path)
  const filler = 'x'.repeat(Math.max(0, Number(values['line-bytes']) - 180))
  for (let at = 0; at < count; at += 1) {
    const body = {
      model: 'gpt-4o-mini',
      temperature: 0.5,
      messages: [{ role: 'user', content: `${prefix} ${at} ${filler}` }],
    }
    const line = { custom_id: `request-${at}`, method: 'POST', url: '/v1/chat/completions', body }
    if (!file.write(`${JSON.stringify(line)}\n`)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'finish')
}

function run(path) {
  return JSON.parse(execFileSync(process.execPath, [child, values.dist, root, path], { encoding: 'utf8' }))
}
