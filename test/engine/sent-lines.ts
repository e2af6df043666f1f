import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { identityOf } from '../../src/accounting/requests/request-identity.js'
import { requestLine, type Scene } from '../server/scene.js'

/** Every line of every batch at the server, in the order of the batches. */
export function sentLines({ server }: Pick<Scene, 'server'>): string[] {
  return server.batches().flatMap(({ input_file_id: id }) => {
    const text = Buffer.from(server.fileBytes(id) ?? []).toString()
    return text.split('\n').filter((line) => line !== '')
  })
}

/** Identities that were sent more than once, each of which is paid for again. */
export function sentTwice(scene: Pick<Scene, 'server'>): string[] {
  const counts = new Map<string, number>()
  for (const line of sentLines(scene)) {
    const key = identityText(line)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts].filter(([, count]) => count > 1).map(([key]) => key)
}

export function identityText(text: string): string {
  const bytes = Buffer.from(text)
  const length = bytes.length
  const line = { number: 1, offset: 0, length, bytes, isLast: true, hasNewline: true, isTooLong: false }
  const identity = identityOf(line)
  if (identity === null) throw new Error(`no request: ${text}`)
  return Buffer.from(identity).toString('hex')
}

/** The `custom_id`s of lines. */
export const idsOf = (lines: readonly string[]): string[] =>
  lines.map((line) => (JSON.parse(line) as { custom_id: string }).custom_id)

/** Writes these lines, each with its line break, as a requests file beside the workspace's folders. */
export function putRequests(scene: Scene, name: string, lines: readonly string[], lineBreak = '\n'): string {
  scene.requests([], name)
  const path = join(scene.workspace.root, 'requests', name)
  writeFileSync(path, lines.map((line) => `${line}${lineBreak}`).join(''))
  return path
}

/** The same requests as `requestLine` writes, in another dress. */
export const dresses: Readonly<Record<string, (id: string) => string>> = {
  plain: (id) => requestLine(id),
  spaced: (id) => JSON.stringify(JSON.parse(requestLine(id)), null, 1).replaceAll('\n', ' '),
  escaped: (id) => requestLine(id).replace('"role"', '"\\u0072ole"').replaceAll('/', '\\/'),
  reordered: (id) => {
    const { custom_id: customId, method, url, body } = JSON.parse(requestLine(id)) as Record<string, unknown>
    const { model, messages } = body as Record<string, unknown>
    return JSON.stringify({ body: { messages, model }, url, method, custom_id: customId })
  },
  'without /v1': (id) => requestLine(id).replace('"/v1/', '"/'),
}
