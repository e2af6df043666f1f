// Finds the requests of a file among all that were sent: `node look-up.mjs <dist> <root> <requests file>`. Prints how many, and
// what the look-up alone took, as JSON.
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
const sent = await findSentRequests({ workspace, table, warn: (message) => console.error(message) })
const { user, system } = process.cpuUsage(before)
let found = 0
for (let ordinal = 0; ordinal < table.size; ordinal += 1) if (sent.holderOf(ordinal) !== null) found += 1
console.log(JSON.stringify({ cpuMs: (user + system) / 1000, found }))
