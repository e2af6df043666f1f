import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { repositoryRoot, run, type Outcome } from './installed-project.js'

const root = mkdtempSync(join(tmpdir(), 'openai-7-'))
const node22 = join(root, 'node_modules/node/bin/node')
let installation: Outcome = { exitCode: 1, stdout: '', stderr: 'not tried' }

beforeAll(async () => {
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }))
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund']
  installation = await run('npm', [...install, 'openai@^7.57', 'node@22'], root)
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

/** The whole way with a server in the process: sent, waited for, one answer to a creation lost, retried, done. */
const program = `
import { OpenAI } from 'openai'
import { openWorkspace, submitRequests, watchWorkspace } from '${urlOf('dist/src/index.js')}'
import { createFakeBatchServer, faults } from '${urlOf('dist/src/testing/index.js')}'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const server = createFakeBatchServer({ advanceMsPerPoll: 60_000 })
server.plan({ rows: [{ when: /7$/, times: 1, answer: 'rate-limited' }] })
server.script(faults.createAnswerLost())
const client = new OpenAI({ apiKey: 'test', baseURL: 'http://fake.invalid/v1', fetch: server.fetch })
const workspace = await openWorkspace('./batches', { create: true })
const line = (at) => JSON.stringify({ custom_id: 'r-' + at, method: 'POST', url: '/v1/chat/completions', body: { model: 'm', messages: [] } })
writeFileSync('requests.jsonl', Array.from({ length: 50 }, (_, at) => line(at) + '\\n').join(''))
const options = { client, limits: { backoffBaseMs: 1 } }
await submitRequests(workspace, [process.cwd() + '/requests.jsonl'], options)
await watchWorkspace(workspace, { ...options, pollDelayMs: 1 })
const rows = readdirSync(workspace.layout.target).flatMap((name) =>
  readFileSync(workspace.layout.target + '/' + name, 'utf8').trimEnd().split('\\n').map((text) => JSON.parse(text)))
const outcomes = new Set(rows.map(({ outcome }) => outcome))
console.log(JSON.stringify({ node: process.version.split('.')[0], rows: rows.length, outcomes: [...outcomes], batches: server.batches().length }))
`

function urlOf(path: string): string {
  return pathToFileURL(join(repositoryRoot, path)).href
}

test('openai 7 on Node 22: a batch is sent once, its failed requests once more, one row for each', async (context) => {
  if (installation.exitCode !== 0 || !existsSync(node22))
    context.skip('openai 7 and Node 22 cannot be installed here')
  writeFileSync(join(root, 'program.js'), program)
  const { exitCode, stdout, stderr } = await run(node22, ['program.js'], root)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(JSON.parse(stdout)).toEqual({ node: 'v22', rows: 50, outcomes: ['success'], batches: 2 })
})
