// Watches very many batches that a server still works on, over two polls: `node watch-waiting.mjs <root> <library> <origin>`.
// Prints what the first pass took, what a poll asks, and what waiting costs.
import OpenAI from 'openai'

const [root, library, origin] = process.argv.slice(2)
const { openWorkspace, watchWorkspace } = await import(library)
const client = new OpenAI({ apiKey: 'none', baseURL: `${origin}/v1`, maxRetries: 0 })
const stop = new AbortController()
const idleMs = 10_000
const found = { passMs: 0, pollMs: 0, lists: 0, retrieves: 0, idleShare: 0, waiting: 0 }
const startedAt = performance.now()
let polls = 0
let before
let pollsAt = 0

await watchWorkspace(await openWorkspace(root), {
  client,
  signal: stop.signal,
  pollDelayMs: 30_000,
  onEvent(event) {
    if (event.type !== 'poll.scheduled') return
    polls += 1
    void (polls === 1 ? afterPass(event) : afterPoll())
  },
})
console.log(JSON.stringify(found))

async function afterPass({ delayMs, waiting }) {
  pollsAt = performance.now() + delayMs
  found.waiting = waiting
  found.passMs = performance.now() - startedAt
  before = await counts()
  const cpu = process.cpuUsage()
  await new Promise((resolve) => setTimeout(resolve, idleMs))
  const { user, system } = process.cpuUsage(cpu)
  found.idleShare = (user + system) / 1000 / idleMs
}

async function afterPoll() {
  found.pollMs = performance.now() - pollsAt
  const after = await counts()
  found.lists = after.list - before.list
  found.retrieves = after.retrieve - before.retrieve
  stop.abort()
}

async function counts() {
  return (await fetch(`${origin}/counts`)).json()
}
