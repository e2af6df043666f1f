// Triples at work, looked at or not: `node inspect.mjs <machines|engine> <off|attached|viewer> <count> <dist>`. Prints the CPU
// of the work alone as JSON.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { createActor, fromPromise, waitFor } from 'xstate'

const [what, way, count, dist] = process.argv.slice(2)
const load = (path) => import(join(dist, path))
const { tripleMachine } = await load('machines/index.js')
const { openWorkspace, watchWorkspace } = await load('src/index.js')
const { inspectLive } = await load('src/inspect/index.js')
const { generateWorkspace } = await load('src/testing/index.js')

const root = await mkdtemp(join(tmpdir(), 'bench-inspection-'))
try {
  console.log(JSON.stringify(what === 'machines' ? await machines() : await engine()))
} finally {
  await rm(root, { recursive: true, force: true })
}

/** Machines whose actors answer at once: nothing but XState, the dearest case for inspection. */
async function machines() {
  const workspace = await openWorkspace(root, { create: true })
  const machine = tripleMachine.provide({ actors: instantActors() })
  return inspected(workspace, async (attach) => {
    const { inspect } = attach({})
    for (let index = 1; index <= Number(count); index += 1) {
      const actor = createActor(machine, { input: { index: String(index) }, ...(inspect && { inspect }) })
      actor.start()
      await waitFor(actor, ({ status }) => status === 'done')
      // The event loop turns now and then, or nothing would leave the process before the end.
      if (index % 50 === 0) await new Promise(setImmediate)
    }
  })
}

/** Real files of ten requests through the real engine. */
async function engine() {
  const expected = { outcome: 'done', code: null }
  const recipes = Array.from({ length: Number(count) }, (_, position) => {
    return { index: String(position + 1), about: 'ten answers', requests: 10, expected }
  })
  await generateWorkspace(root, { recipes })
  const workspace = await openWorkspace(root)
  return inspected(workspace, async (attach) => {
    const { triples } = await watchWorkspace(workspace, attach({}))
    const done = triples.filter(({ outcome }) => outcome.type === 'done').length
    if (done !== Number(count)) throw new Error(`${done} of ${count} triples are done.`)
  })
}

/** CPU of the work alone; what it takes to open the inspector is left out. */
async function inspected(workspace, work) {
  const inspector = way === 'off' ? null : await inspectLive(workspace)
  const viewer = way === 'viewer' ? await openViewer(inspector.xstateInspectUrl) : null
  const before = process.cpuUsage()
  await work((options) => inspector?.attach(options) ?? options)
  const { user, system } = process.cpuUsage(before)
  viewer?.socket.close()
  await inspector?.close()
  return { cpuMs: (user + system) / 1000, messages: viewer?.messages() ?? 0 }
}

/** Reads everything and keeps nothing, in this process: its own cost counts too. */
async function openViewer(url) {
  const socket = new WebSocket(url)
  let messages = 0
  socket.on('message', () => (messages += 1))
  await new Promise((resolve) => socket.once('open', resolve))
  return { socket, messages: () => messages }
}

function fileFact(kind) {
  return { path: `/workdir/batch_${kind}_1.jsonl`, bytes: 1, location: 'workdir' }
}

function instantActors() {
  const facts = {
    input: fileFact('input'),
    output: fileFact('output'),
    error: null,
    metadata: null,
    batchId: null,
    remoteStatus: null,
    outputFileId: null,
    errorFileId: null,
    submission: 'none',
    isMoveIntended: false,
    attempt: 1,
    parentIndex: null,
  }
  const zeroCounts = ['missing', 'unknown', 'duplicate', 'inBoth', 'unreadable', 'conflicting', 'error']
  const counts = {
    input: 10,
    output: 10,
    matched: 10,
    ...Object.fromEntries(zeroCounts.map((name) => [name, 0])),
  }
  const rows = {
    success: 10,
    semantic: 0,
    rejected: 0,
    notExecuted: 0,
    transient: 0,
    needsPerson: 0,
    permanent: 0,
  }
  return {
    surveyTriple: fromPromise(async ({ input: { index } }) => ({ ...facts, index, rootIndex: index })),
    checkIds: fromPromise(async () => ({ type: 'accounted', counts, notExecuted: 0 })),
    processOutputFile: fromPromise(async () => ({ rows: { ...rows, retryable: 0 } })),
    recordResults: fromPromise(async () => {}),
    moveToDone: fromPromise(async () => {}),
  }
}
