// Submits a requests file and watches the workspace with the built library, until it is settled or somebody kills it.
// Time runs a hundred times as fast, counted from a moment that all processes of one test share.
import process from 'node:process'
import OpenAI from 'openai'
import { openWorkspace, submitRequests, watchWorkspace } from '../../dist/src/index.js'

const [root, requestsPath, baseURL, epoch] = process.argv.slice(2)
const speed = 100
const epochMs = Number(epoch)
const clock = {
  now: () => epochMs + (Date.now() - epochMs) * speed,
  setTimeout: (callback, delayMs) => setTimeout(() => callback(), delayMs / speed),
  clearTimeout: (handle) => clearTimeout(handle),
}

const workspace = await openWorkspace(root)
const options = { client: new OpenAI({ apiKey: 'test-key', baseURL }), clock }
await submitRequests(workspace, [requestsPath], options)
const { triples } = await watchWorkspace(workspace, options)
process.stdout.write(JSON.stringify(triples.map(({ outcome }) => outcome.type)))
