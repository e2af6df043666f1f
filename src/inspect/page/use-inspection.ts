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

/** Between two drawings: a busy run must not draw the page for each message. The first news after a pause is drawn at once. */
const betweenDrawingsMs = 180

/** The first drawing waits for the whole list, so that no row moves while it comes; but not for ever. */
const longestFirstWaitMs = 400

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
  let drawnAtMs = Number.NEGATIVE_INFINITY
  const drawNow = () => {
    timer = undefined
    drawnAtMs = performance.now()
    draw({ ...known, triples: [...triples.values()] })
  }
  const change = (part: Partial<Inspection>) => {
    known = { ...known, ...part }
    const isFirst = drawnAtMs === Number.NEGATIVE_INFINITY
    if (isFirst && known.isComplete) {
      clearTimeout(timer)
      timer = setTimeout(drawNow)
    }
    const waitMs = isFirst ? longestFirstWaitMs : drawnAtMs + betweenDrawingsMs - performance.now()
    timer ??= setTimeout(drawNow, Math.max(0, waitMs))
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
