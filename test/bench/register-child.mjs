// One look-up in a process of its own: dist, root of the workspace, requests file. Prints what it took as JSON.
import { join } from 'node:path'

const [dist, root, path] = process.argv.slice(2)
const { openWorkspace } = await import(join(dist, 'src/index.js'))
const { RequestTable } = await import(join(dist, 'src/accounting/requests/request-table.js'))
const { findSentRequests } = await import(join(dist, 'src/accounting/requests/sent-requests.js'))
const { readIdentities } = await import(join(dist, 'src/accounting/requests/request-identity.js'))

const workspace = await openWorkspace(root)
const table = new RequestTable()
for await (const words of readIdentities(workspace.fileSystem, path)) {
  for (let at = 0; at < words.length; at += 6) table.add(words, at)
}
const before = process.cpuUsage()
const beganAt = performance.now()
const sent = await findSentRequests({ workspace, table, warn: (message) => console.error(message) })
const seconds = (performance.now() - beganAt) / 1000
const { user, system } = process.cpuUsage(before)
let found = 0
for (let ordinal = 0; ordinal < table.size; ordinal += 1) if (sent.holderOf(ordinal) !== null) found += 1
const peakMb = Math.round(process.resourceUsage().maxRSS / 1024)
console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, peakMb, found }))
