// Exports the workspace named on the command line with the built library, and says what it took.
import process from 'node:process'
import { exportResults, openWorkspace } from '../../../dist/src/index.js'

const [root, path] = process.argv.slice(2)
const { rows } = await exportResults(await openWorkspace(root), path, { shouldJoinRequests: true })
process.stdout.write(JSON.stringify({ rows, maxRssBytes: process.resourceUsage().maxRSS * 1_024 }))
