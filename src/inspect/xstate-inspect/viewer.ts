import {
  eventMessage,
  registerMessage,
  stateMessage,
  stopMessage,
  type InspectedActor,
} from './inspected-actor.js'

/** The part of a `ws` WebSocket that is used. */
export interface ViewerSocket {
  readonly bufferedAmount: number
  send(text: string): void
  close(): void
  on(event: 'message', listener: (data: unknown) => void): unknown
  on(event: 'close' | 'error', listener: () => void): unknown
}

export type News = 'registered' | 'moved' | 'stopped'

export interface Viewer {
  /** Sent at once while the viewer keeps up; else kept, one entry per actor, until it has caught up. */
  tell(inspected: InspectedActor, news: News): void
  close(): void
}

const mostBufferedBytes = 1_048_576
const pollMs = 50

/**
 * One connected viewer. When it reads too slowly only the latest event and state of each actor are kept; that an actor
 * came or stopped is never lost. One with more than `mostWaiting` actors to hear of is let go: it does not read at all.
 */
export function openViewer(socket: ViewerSocket, mostWaiting: number, onClosed: () => void): Viewer {
  const waiting = new Map<InspectedActor, Set<News>>()
  let timer: NodeJS.Timeout | undefined
  let isClosed = false
  const close = (): void => {
    if (isClosed) return
    isClosed = true
    clearTimeout(timer)
    waiting.clear()
    onClosed()
    closeQuietly(socket)
  }
  const flush = (): void => {
    timer = undefined
    try {
      sendWaiting(socket, waiting)
    } catch {
      close()
    }
    if (waiting.size > 0) timer = setTimeout(flush, pollMs).unref()
  }
  const tell = (inspected: InspectedActor, news: News): void => {
    if (isClosed) return
    waiting.set(inspected, (waiting.get(inspected) ?? new Set()).add(news))
    if (waiting.size > mostWaiting) close()
    else if (timer === undefined) flush()
  }
  socket.on('close', close)
  socket.on('error', close)
  return { tell, close }
}

function sendWaiting(socket: ViewerSocket, waiting: Map<InspectedActor, Set<News>>): void {
  for (const [inspected, news] of waiting) {
    if (socket.bufferedAmount > mostBufferedBytes) return
    waiting.delete(inspected)
    for (const text of messagesOf(inspected, news)) socket.send(text)
  }
}

function messagesOf(inspected: InspectedActor, news: ReadonlySet<News>): string[] {
  const messages: string[] = []
  if (news.has('registered')) messages.push(registerMessage(inspected), eventMessage(inspected))
  else if (news.has('moved')) messages.push(eventMessage(inspected), stateMessage(inspected))
  if (news.has('stopped')) messages.push(stopMessage(inspected))
  return messages
}

function closeQuietly(socket: ViewerSocket): void {
  try {
    socket.close()
  } catch {
    // It is gone already.
  }
}
