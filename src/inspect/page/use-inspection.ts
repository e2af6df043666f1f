import { useEffect, useState } from 'preact/hooks'
import type { PageInfo, StreamMessage, TripleSummary } from '../protocol.js'
import type { Backend } from './backend.js'

/** What the page knows of everything; a new object whenever something changed. */
export interface Inspection {
  readonly page: PageInfo | null
  readonly triples: readonly TripleSummary[]
  readonly isComplete: boolean
  readonly isConnected: boolean
  /** This computer's clock when `page` came in: ages go on from there. */
  readonly receivedAtMs: number
}

/** Messages are gathered for this long: a busy run must not draw the page for each of them. */
const drawDelayMs = 100

export function useInspection(backend: Backend): Inspection {
  const [inspection, setInspection] = useState(nothingYet)
  useEffect(() => {
    const gathered = gather(setInspection)
    const close = backend.connect(gathered)
    return () => {
      gathered.stop()
      close()
    }
  }, [backend])
  return inspection
}

const nothingYet: Inspection = {
  page: null,
  triples: [],
  isComplete: false,
  isConnected: false,
  receivedAtMs: 0,
}

function gather(draw: (inspection: Inspection) => void) {
  const triples = new Map<string, TripleSummary>()
  let known = nothingYet
  let timer: ReturnType<typeof setTimeout> | undefined
  const drawNow = () => {
    timer = undefined
    draw({ ...known, triples: [...triples.values()] })
  }
  const change = (part: Partial<Inspection>) => {
    known = { ...known, ...part }
    timer ??= setTimeout(drawNow, drawDelayMs)
  }
  return {
    onReset() {
      triples.clear()
      change({ isComplete: false })
    },
    onConnected: (isConnected: boolean) => change({ isConnected }),
    onMessage(message: StreamMessage) {
      if (message.type === 'page') return change({ page: message.page, receivedAtMs: Date.now() })
      for (const index of message.removed) triples.delete(index)
      for (const summary of message.changed) triples.set(summary.index, summary)
      change({ isComplete: message.isComplete })
    },
    stop: () => clearTimeout(timer),
  }
}
