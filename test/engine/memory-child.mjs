// Reconciles the workspace named on the command line with the built library, and says what it took.
import process from 'node:process'
import { openWorkspace, reconcileWorkspace } from '../../dist/src/index.js'

const [root, contentType] = process.argv.slice(2)
const startedAt = performance.now()
const workspace = await openWorkspace(root)
const { triples } = await reconcileWorkspace(workspace, { expectedContentType: contentType })
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
const result = {
  outcomes: triples.map(({ index, outcome, rows }) => ({ index, outcome: outcome.type, rows })),
  wallMs: Math.round(performance.now() - startedAt),
  cpuMs: Math.round((userCPUTime + systemCPUTime) / 1_000),
  maxRssBytes: maxRSS * 1_024,
}
process.stdout.write(`${JSON.stringify(result)}\n`)
