import type { TripleEvent } from '../../../machines/index.js'

/** A viewer's wish to send an event to an actor. */
export interface ViewerCommand {
  readonly sessionId: string
  readonly event: TripleEvent
}

const longestCommandBytes = 65_536

const allowedTypes = ['triple.rescan', 'triple.retry', 'triple.submit', 'poll.due'] as const

/**
 * Reads a viewer's `xstate.event`; `null` for everything else. Only what a person may say to a triple goes through,
 * and nothing the event carries: a made-up `xstate.done.actor.…` would tell the machine of work nobody did.
 */
export function viewerCommand(data: unknown): ViewerCommand | null {
  try {
    const message = parsed(textOf(data))
    if (message['type'] !== 'xstate.event' || typeof message['service'] !== 'string') return null
    const { event } = message
    const { type, name } = typeof event === 'string' ? parsed(event) : fields(event)
    const allowed = allowedTypes.find((known) => known === (name ?? type))
    return allowed === undefined ? null : { sessionId: message['service'], event: { type: allowed } }
  } catch {
    return null
  }
}

/** A `ws` socket hands over a Buffer unless told otherwise. */
function textOf(data: unknown): string {
  const text = typeof data === 'string' || Buffer.isBuffer(data) ? data : ''
  return text.length > longestCommandBytes ? '' : text.toString()
}

type Fields = Readonly<Record<string, unknown>>

const parsed = (text: string): Fields => fields(JSON.parse(text))

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {}
