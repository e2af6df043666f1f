// The whole cycle with whatever `openai` and Node it is run by, over a real socket; says what came of it.
// Arguments: the folder whose `openai` is used, and an empty folder for the workspace.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { openWorkspace, submitRequests, verifyWorkspace, watchWorkspace } from '../../dist/src/index.js'
import { createFakeBatchServer, faults } from '../../dist/src/testing/index.js'

const [packages, root] = process.argv.slice(2)
mkdirSync(root, { recursive: true })
const { resolve } = createRequire(join(packages, 'package.json'))
const { OpenAI } = await import(pathToFileURL(resolve('openai').replace(/\.js$/, '.mjs')).href)

const server = createFakeBatchServer({
  defaults: { rows: [{ when: 'row-2', times: 1, answer: 'rate-limited' }] },
  advanceMsPerPoll: 60_000,
  faults: [
    faults.createAnswerLost(),
    faults.serverError('batches.retrieve'),
    faults.downloadCut('cut'),
    faults.downloadCut('clean-end', { skip: 1, atLineEnd: true }),
    faults.rateLimited('files.create', { skip: 1, retryAfterSeconds: 1 }),
  ],
})
const listening = await server.listen()
const client = new OpenAI({ apiKey: 'test-key', baseURL: listening.baseURL })
const path = join(root, 'requests.jsonl')
writeFileSync(
  path,
  Array.from({ length: 50 }, (_, position) => {
    const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello.' }] }
    return `${JSON.stringify({ custom_id: `row-${position + 1}`, method: 'POST', url: '/v1/chat/completions', body })}\n`
  }).join(''),
)
const workspace = await openWorkspace(root, { create: true })
const options = { client, pollDelayMs: 10, limits: { backoffBaseMs: 10 } }
const { prepared } = await submitRequests(workspace, [path], options)
await watchWorkspace(workspace, options)
const results = readFileSync(workspace.layout.resultsFile(prepared[0].index), 'utf8').trim().split('\n')
const proofs = await verifyWorkspace(workspace)
process.stdout.write(
  JSON.stringify({
    node: process.version,
    openai: JSON.parse(readFileSync(join(packages, 'node_modules/openai/package.json'), 'utf8')).version,
    ids: results.map((line) => JSON.parse(line).custom_id),
    outcomes: [...new Set(results.map((line) => JSON.parse(line).outcome))],
    batches: server.batches().length,
    answered: server.executions().filter(({ isAnswered }) => isAnswered).length,
    creations: server.requests('batches.create').length,
    isProven: proofs.length === 2 && proofs.every(({ isProven }) => isProven),
  }),
)
await listening.close()
