import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import type { InspectionSource } from '../inspection-source.js'
import {
  tripleCommands,
  type CommandAnswer,
  type CommandsAnswer,
  type TripleCommandType,
} from '../protocol.js'
import { respondJson } from './respond.js'

/**
 * Passes a viewer's command on to each of the triples it names. 200 with a `CommandsAnswer`, also where all refused;
 * `{ reason }` with 403 when there is nothing to command, and with 400, 413 and 415 for what is no command.
 */
export async function answerCommands(
  request: IncomingMessage,
  response: ServerResponse,
  source: InspectionSource,
): Promise<void> {
  const refuse = (status: number, reason: string) => respondJson(response, status, { reason })
  if (source.command === null) return refuse(403, 'There is no run to command: this view only reads.')
  if (!isJson(request)) return refuse(415, 'A command is sent as application/json.')
  const text = await readBoundedText(request)
  if (text === null) {
    response.setHeader('Connection', 'close')
    return refuse(413, `Commands have at most ${mostBytes} bytes.`)
  }
  const asked = commandIn(text)
  if (asked === null) {
    return refuse(400, `Commands are {"type","indices"}, the type one of ${tripleCommands.join(' and ')}.`)
  }
  const answers = [...new Set(asked.indices)].map((index) => answerOf(source, index, asked.type))
  respondJson(response, 200, summedUp(answers))
}

const answerOf = (source: InspectionSource, index: string, type: TripleCommandType): CommandAnswer =>
  (source.summary(index) === null ? null : source.command?.(index, type)) ?? unknown

const unknown: CommandAnswer = { type: 'refused', reason: 'There is no such triple any more.' }

function summedUp(answers: readonly CommandAnswer[]): CommandsAnswer {
  const reasons = new Map<string, number>()
  for (const answer of answers) {
    if (answer.type === 'refused') reasons.set(answer.reason, (reasons.get(answer.reason) ?? 0) + 1)
  }
  const refused = [...reasons].map(([reason, count]) => ({ reason, count }))
  return { accepted: answers.filter(({ type }) => type === 'accepted').length, refused }
}

/** Ten thousand indices, the longest that there are. */
const mostIndices = 10_000
const mostBytes = 500_000

const commandSchema = z.strictObject({
  type: z.enum(tripleCommands),
  indices: z.array(z.string()).min(1).max(mostIndices),
})

const isJson = (request: IncomingMessage): boolean =>
  /^application\/json\s*(?:;|$)/i.test(request.headers['content-type'] ?? '')

/** `null` when it is too long: the rest is not read. */
async function readBoundedText(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  // Leaving the loop would destroy the socket before the answer is out.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length
    if (bytes > mostBytes) return null
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function commandIn(text: string): z.infer<typeof commandSchema> | null {
  try {
    return commandSchema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
