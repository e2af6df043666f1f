// Watches the workspace named on the command line until all is settled, and says how it went with memory and listeners.
import { getEventListeners } from 'node:events'
import OpenAI from 'openai'
import { openWorkspace, watchWorkspace } from '../../dist/src/index.js'
import { scaledClock } from './scaled-clock.mjs'

const [root, baseURL, epochMs, speed, triples] = process.argv.slice(2)
const wrong = []
process.on('unhandledRejection', (error) => wrong.push(`unhandled rejection: ${String(error)}`))
process.on('warning', ({ name, message }) => wrong.push(`${name}: ${message}`))

/** What a triple that is done may leave in memory, its report, and by how much the heap varies anyway, in bytes. */
const mostBytesATriple = 8_000
const variationBytes = 4_000_000
/** Node, the library, the client and the triples at work; what a watch over 5,000 triples may take. */
const mostBytesAtAll = 400_000_000

const heapBytes = () => {
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

const client = new OpenAI({ apiKey: 'soak-key', baseURL })
const { signal } = new AbortController()
const startedAt = performance.now()
const done = new Set()
let heapAtHalf = null
const onEvent = (event) => {
  if (event.type !== 'triple.settled' || event.report.outcome.type !== 'done') return
  done.add(event.index)
  if (heapAtHalf === null && done.size >= Number(triples) / 2)
    heapAtHalf = { bytes: heapBytes(), done: done.size }
}
const workspace = await openWorkspace(root)
const options = {
  client,
  clock: scaledClock(Number(epochMs), Number(speed)),
  shouldSubmit: true,
  // By chance a request fails three times in a row, and has then failed for good as it should.
  limits: { maxAttempts: 12 },
  signal,
  onEvent,
}
const report = await watchWorkspace(workspace, options)

const outcomes = {}
for (const { outcome, problem } of report.triples) {
  const name = problem === null ? outcome.type : `${outcome.type} ${problem.code}`
  outcomes[name] = (outcomes[name] ?? 0) + 1
}
const listeners = getEventListeners(signal, 'abort').length
if (listeners > 0) wrong.push(`${listeners} listeners are left on the signal`)
const heapAtEnd = heapBytes()
const grownBytes = heapAtEnd - heapAtHalf.bytes
const doneSince = done.size - heapAtHalf.done
if (grownBytes > variationBytes + mostBytesATriple * doneSince)
  wrong.push(`${grownBytes} bytes more are kept in memory after ${doneSince} more triples`)
const rssBytes = process.resourceUsage().maxRSS * 1_024
if (rssBytes > mostBytesAtAll) wrong.push(`${rssBytes} bytes of memory`)
const seconds = Number(((performance.now() - startedAt) / 1_000).toFixed(1))
process.stdout.write(JSON.stringify({ seconds, outcomes, grownBytes, rssBytes, wrong }))
