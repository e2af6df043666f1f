import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import type { InspectionSource } from '../inspection-source.js'
import { tripleCommands, type TripleCommandType } from '../protocol.js'
import { respondJson } from './respond.js'

/**
 * Passes a viewer's command on. Always answers a `CommandAnswer`: 200 accepted, 409 refused by the source, 403 when
 * there is nothing to command, 400, 413 and 415 for what is no command.
 */
export async function answerCommand(
  request: IncomingMessage,
  response: ServerResponse,
  source: InspectionSource,
  index: string,
): Promise<void> {
  const refuse = (status: number, reason: string) =>
    respondJson(response, status, { type: 'refused', reason })
  if (source.command === null) return refuse(403, 'There is no run to command: this view only reads.')
  if (!isJson(request)) return refuse(415, 'A command is sent as application/json.')
  const text = await readBoundedText(request)
  if (text === null) {
    response.setHeader('Connection', 'close')
    return refuse(413, `A command has at most ${maxCommandBytes} bytes.`)
  }
  const type = commandTypeIn(text)
  if (type === null) return refuse(400, `A command is {"type"} of ${tripleCommands.join(' or ')}.`)
  const answer = source.command(index, type)
  respondJson(response, answer.type === 'accepted' ? 200 : 409, answer)
}

const maxCommandBytes = 1000
const commandSchema = z.strictObject({ type: z.enum(tripleCommands) })

const isJson = (request: IncomingMessage): boolean =>
  /^application\/json\s*(?:;|$)/i.test(request.headers['content-type'] ?? '')

/** `null` when it is too long: the rest is not read. */
async function readBoundedText(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  // Leaving the loop would destroy the socket before the answer is out.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length
    if (bytes > maxCommandBytes) return null
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function commandTypeIn(text: string): TripleCommandType | null {
  try {
    return commandSchema.safeParse(JSON.parse(text)).data?.type ?? null
  } catch {
    return null
  }
}
