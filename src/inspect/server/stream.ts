import type { ServerResponse } from 'node:http'
import type { Clock } from '../../clock.js'
import type { InspectionSource } from '../inspection-source.js'
import type { PageInfo, StreamMessage, TripleSummary } from '../protocol.js'
import { securityHeaders } from './respond.js'

/**
 * Tells one viewer everything, then what changes, as Server-Sent Events of `StreamMessage`. What is kept for a viewer
 * is the set of indices it has not been told: one that reads slowly is told the latest, not everything between. Ends
 * the response when the source throws; throws itself when it does so before the first byte.
 */
export function streamTo(response: ServerResponse, source: InspectionSource, clock: Clock): void {
  const news = createNews(source, clock)
  let isWaitingForDrain = false
  let timer: unknown = null

  const stopTimer = () => {
    if (timer !== null) clock.clearTimeout(timer)
    timer = null
  }
  const writeNews = () => {
    stopTimer()
    try {
      for (let message = news.next(); message !== null; message = news.next()) {
        isWaitingForDrain = !response.write(`data: ${JSON.stringify(message)}\n\n`)
        if (isWaitingForDrain) return
      }
    } catch {
      // The viewer connects again and gets a 500 if the source is still broken.
      response.destroy()
    }
  }
  const unsubscribe = source.subscribe((index) => {
    news.add(index)
    if (!isWaitingForDrain && timer === null) timer = clock.setTimeout(writeNews, batchDelayMs)
  })
  response.on('drain', () => {
    isWaitingForDrain = false
    writeNews()
  })
  response.on('error', () => response.destroy())
  response.once('close', () => {
    stopTimer()
    unsubscribeQuietly(unsubscribe)
  })
  response.writeHead(200, { ...securityHeaders, 'Content-Type': 'text/event-stream; charset=utf-8' })
  writeNews()
}

/** A person sees no delay, and a busy run makes twenty messages a second at most. */
const batchDelayMs = 50
const summariesPerMessage = 500

interface News {
  add(index: string | null): void
  /** The next message to send; `null` when the viewer knows everything. */
  next(): StreamMessage | null
}

/** In a set a changed index keeps its place, so none starves however often the others change. */
function createNews(source: InspectionSource, clock: Clock): News {
  const untold = new Set(source.summaries().map((summary) => summary.index))
  let isPageUntold = true
  let isListUntold = true
  let isCompleteTold = false
  /** How many of `untold` the first listing still has; known once the source's is whole. */
  let listingLeft: number | null = null

  const nextTriples = (): StreamMessage => {
    if (listingLeft === null && source.isComplete) listingLeft = untold.size
    const indices = [...firstOf(untold, summariesPerMessage)]
    const { changed, removed } = lookUp(source, indices)
    for (const index of indices) untold.delete(index)
    if (listingLeft !== null) listingLeft = Math.max(0, listingLeft - indices.length)
    isListUntold = false
    isCompleteTold = listingLeft === 0
    return { type: 'triples', changed, removed, isComplete: isCompleteTold }
  }
  return {
    add: (index) => {
      if (index === null) isPageUntold = true
      else untold.add(index)
    },
    next: () => {
      if (isPageUntold) {
        isPageUntold = false
        return { type: 'page', page: pageInfoOf(source, clock) }
      }
      const isListNews = isListUntold || untold.size > 0 || (source.isComplete && !isCompleteTold)
      return isListNews ? nextTriples() : null
    },
  }
}

function lookUp(source: InspectionSource, indices: readonly string[]) {
  const changed: TripleSummary[] = []
  const removed: string[] = []
  for (const index of indices) {
    const summary = source.summary(index)
    if (summary === null) removed.push(index)
    else changed.push(summary)
  }
  return { changed, removed }
}

function* firstOf<Value>(values: Iterable<Value>, count: number): Generator<Value> {
  let left = count
  for (const value of values) {
    if (left-- <= 0) return
    yield value
  }
}

const pageInfoOf = (source: InspectionSource, clock: Clock): PageInfo => ({
  title: source.title,
  root: source.root,
  mode: source.mode,
  canCommand: source.command !== null,
  nowMs: clock.now(),
  isOver: source.isOver,
})

/** Called from an event, where what is thrown would end the process. The viewer is gone: nobody is left to tell. */
function unsubscribeQuietly(unsubscribe: () => void): void {
  try {
    unsubscribe()
  } catch {
    return
  }
}
