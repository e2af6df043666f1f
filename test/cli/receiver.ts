import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished } from 'vitest'

/** A key as `openssl rand -base64 32` makes them. */
export const secret = Buffer.alloc(32, 7).toString('base64')

interface Delivery {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Receiver {
  readonly url: string
  /** Each try, the refused ones too. */
  readonly tries: readonly Delivery[]
  /** What came with a signature that is right, as objects. Fails the test for any other. */
  readonly signals: () => readonly Received[]
}

export interface Received {
  readonly type: string
  readonly timestamp: string
  readonly data: Readonly<Record<string, unknown>>
}

/**
 * A receiver on loopback that proves signatures with the package of the people who wrote the specification.
 *
 * @param answer what it says to the first try, the second and so on; 204 unless it says something
 */
export async function startReceiver(
  answer: (response: ServerResponse, tried: number) => void = () => {},
): Promise<Receiver> {
  const tries: Delivery[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      tries.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') })
      response.statusCode = 204
      answer(response, tries.length)
      if (response.statusCode !== hangs) response.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/with-a-token`
  const signals = (): readonly Received[] =>
    tries.map(({ headers, body }) => {
      expect(headers['content-type']).toBe('application/json')
      return new Webhook(secret).verify(body, headers as Record<string, string>) as Received
    })
  return { url, tries, signals }
}

/** A status that makes it say nothing at all. */
export const hangs = 599
