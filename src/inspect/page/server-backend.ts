import type { WorkspaceHistory } from '../../engine/phase-history.js'
import type { CommandsAnswer, FailedForGood, StreamMessage, TripleDetail, TripleReplay } from '../protocol.js'
import type { Backend, StreamListener } from './backend.js'

/** Talks to the server that served the page, with the token of the page's own address. */
export function serverBackend(page: URL): Backend {
  const token = page.searchParams.get('token') ?? ''
  const address = (path: string, query: Record<string, string> = {}) =>
    `${new URL(path, page).pathname}?${new URLSearchParams({ token, ...query }).toString()}`
  return {
    isServed: true,
    connect: (listener) => connectStream(address('stream'), listener),
    detail: (index, withTexts) =>
      readJson<TripleDetail>(address(triple(index), withTexts ? { texts: '1' } : {})),
    replay: (index) => readJson<TripleReplay>(address(`${triple(index)}/replay`)),
    async history() {
      const history = await readJson<WorkspaceHistory>(address('history'))
      if (history === null) throw new Error('The server has no history.')
      return history
    },
    failedForGood: async () => (await readJson<readonly FailedForGood[]>(address('failed-for-good'))) ?? [],
    tokens: async () => (await readJson<readonly string[]>(address('tokens'))) ?? [],
    async command(indices, type) {
      const answers: CommandsAnswer[] = []
      for (let at = 0; at < indices.length; at += mostAtOnce) {
        const body = JSON.stringify({ type, indices: indices.slice(at, at + mostAtOnce) })
        const headers = { 'content-type': 'application/json' }
        const response = await fetch(address('commands'), { method: 'POST', headers, body })
        if (response.status !== 200) throw new Error(`The server answered ${response.status}.`)
        answers.push((await response.json()) as CommandsAnswer)
      }
      return {
        accepted: answers.reduce((sum, { accepted }) => sum + accepted, 0),
        refused: answers.flatMap(({ refused }) => refused),
      }
    },
  }
}

/** Less than the server takes with one command. */
const mostAtOnce = 5_000

const triple = (index: string) => `triples/${encodeURIComponent(index)}`

async function readJson<T>(url: string): Promise<T | null> {
  const response = await fetch(url)
  if (response.status === 404) return null
  if (!response.ok) throw new Error(`The server answered ${response.status}.`)
  return (await response.json()) as T
}

const reopenDelayMs = 2_000

/** A browser gives an event source up for good on any HTTP error, so a closed one is opened again here. */
function connectStream(url: string, listener: StreamListener): () => void {
  let source: EventSource
  let timer: ReturnType<typeof setTimeout> | undefined
  const open = () => {
    source = new EventSource(url)
    source.addEventListener('open', () => {
      listener.onReset()
      listener.onConnected(true)
    })
    source.addEventListener('message', ({ data }) => {
      listener.onMessage(JSON.parse(String(data)) as StreamMessage)
    })
    source.addEventListener('error', () => {
      listener.onConnected(false)
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, reopenDelayMs)
    })
  }
  open()
  return () => {
    clearTimeout(timer)
    source.close()
  }
}
