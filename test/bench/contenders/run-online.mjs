// One pass with a server: `node run-online.mjs <root> <library> <base URL>`. Prints how long each state of the triple took, and
// what was downloaded and read meanwhile, as the events tell it.
import OpenAI from 'openai'

const [root, library, baseURL] = process.argv.slice(2)
const { openWorkspace, reconcileWorkspace } = await import(library)
const client = new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0 })

const stays = [newStay('start')]
const report = await reconcileWorkspace(await openWorkspace(root), {
  client,
  onEvent(event) {
    const stay = stays.at(-1)
    if (event.type === 'triple.changed') stays.push(newStay(event.to))
    if (event.type === 'bytes.downloaded') stay.downloaded += event.bytes
    if (event.type === 'bytes.read') stay.read += event.bytes
  },
})
const endedAt = performance.now()
const states = stays.map((stay, at) => ({
  ...stay,
  ms: (stays[at + 1]?.startedAt ?? endedAt) - stay.startedAt,
}))
console.log(JSON.stringify({ outcome: report.triples[0].outcome.type, states }))

function newStay(state) {
  return { state, startedAt: performance.now(), downloaded: 0, read: 0 }
}
