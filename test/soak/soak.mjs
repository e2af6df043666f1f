/**
 * Hundreds of triples, or as many as asked for, through one `watch`, against a server on loopback that fails at random:
 *
 *     npm run soak -- --triples 5000 --rows 200 --seed 7
 *
 * Says in one line of JSON what was seen, and ends with 1 when a request is lost or paid for twice, memory grows with the
 * triples that are done, a promise is rejected with nobody there, or listeners are left on the signal.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openWorkspace, verifyWorkspace } from '../../dist/src/index.js'
import { createFakeBatchServer, faults } from '../../dist/src/testing/index.js'
import { scaledClock } from './scaled-clock.mjs'

const { values } = parseArgs({
  options: {
    triples: { type: 'string', default: '200' },
    rows: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    /**
     * So many times as fast as real time passes the time of the server and of the watch. The two minutes after which a batch
     * that is not listed does not exist have to be long enough for a machine that is busy with other things.
     */
    speed: { type: 'string', default: '100' },
  },
})
const [triples, rows, seed, speed] = ['triples', 'rows', 'seed', 'speed'].map((name) => Number(values[name]))
const epochMs = Date.now()

function randomFrom(start) {
  let state = start
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const random = randomFrom(seed)
const withChance = (share) => () => random() < share
/** Each call has a chance to fail in each of these ways, for as long as the watch lasts. */
const weather = [
  faults.connectionReset('all', { when: withChance(0.01), times: Infinity }),
  faults.serverError('all', { when: withChance(0.01), times: Infinity }),
  faults.rateLimited('all', { when: withChance(0.005), times: Infinity }),
  faults.htmlPage('all', { when: withChance(0.002), times: Infinity }),
  faults.createAnswerLost({ when: withChance(0.01), times: Infinity }),
  faults.createStoredThen500({ when: withChance(0.01), times: Infinity }),
  faults.downloadCut('reset', { when: withChance(0.01), times: Infinity }),
]

const server = createFakeBatchServer({
  clock: scaledClock(epochMs, speed),
  seed,
  faults: weather,
  limits: { createsPerHour: Infinity },
  defaults: { validatingMs: 1_000, inProgressMs: 30_000, finalizingMs: 1_000 },
  planFor: ({ number }) => ({
    ...(number % 23 === 0 ? { ending: { status: 'expired', afterShare: 0.5 } } : {}),
    rows: [{ when: () => random() < 0.03, times: 1, answer: 'server-error' }],
  }),
})

const root = mkdtempSync(join(tmpdir(), 'soak-'))
try {
  process.exitCode = (await soak()) ? 0 : 1
} finally {
  rmSync(root, { recursive: true, force: true })
}

async function soak() {
  const workspace = await openWorkspace(root, { create: true })
  for (let index = 1; index <= triples; index += 1)
    writeFileSync(workspace.layout.workdirFile('input', String(index)), inputOf(index))
  const { baseURL, close } = await server.listen()
  const watched = await watchInChild(baseURL)
  await close()
  const wrong = [...watched.wrong, ...(await wrongIn(workspace))]
  const { wrong: _, ...seen } = watched
  const facts = {
    triples,
    requests: triples * rows,
    calls: server.requests().length,
    batches: server.batches().length,
  }
  process.stdout.write(`${JSON.stringify({ ...facts, ...seen, wrong: wrong.slice(0, 20) })}\n`)
  return wrong.length === 0
}

function inputOf(index) {
  const lines = Array.from({ length: rows }, (_, row) => {
    const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: `Say ${row}.` }] }
    return JSON.stringify({ custom_id: `${index}-${row}`, method: 'POST', url: '/v1/chat/completions', body })
  })
  return `${lines.join('\n')}\n`
}

function watchInChild(baseURL) {
  const script = fileURLToPath(new URL('watch-child.mjs', import.meta.url))
  const child = spawn(
    process.execPath,
    ['--expose-gc', script, root, baseURL, epochMs, speed, triples].map(String),
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let text = ''
  child.stdout.on('data', (bytes) => (text += bytes))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(text))
      else reject(new Error(`The watch ended with ${code}: ${text}`))
    })
  })
}

async function wrongIn(workspace) {
  const wrong = []
  const paid = new Map()
  for (const { customId, isAnswered } of server.executions())
    if (isAnswered) paid.set(customId, (paid.get(customId) ?? 0) + 1)
  for (const [id, times] of paid) if (times > 1) wrong.push(`${id} was paid for ${times} times`)
  for (let index = 1; index <= triples; index += 1) {
    const path = workspace.layout.resultsFile(String(index))
    const lines = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : []
    const ids = lines
      .map((line) => JSON.parse(line))
      .filter(({ outcome }) => outcome === 'success')
      .map((row) => row.custom_id)
    if (new Set(ids).size !== rows || lines.length !== rows)
      wrong.push(`triple ${index} has ${ids.length} of ${rows} answers`)
  }
  const left = readdirSync(root, { recursive: true }).filter((name) =>
    /^workdir\/|\.part$|\.tmp$|\.lock/.test(name),
  )
  for (const name of left) wrong.push(`${String(name)} is left over`)
  for (const { index, isProven } of await verifyWorkspace(workspace))
    if (!isProven) wrong.push(`${index} is not proven`)
  return wrong
}
