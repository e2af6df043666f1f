import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** With every answer: nothing is guessed, stored, framed or told to other sites. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
}

export function respondEmpty(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { ...securityHeaders, 'Content-Length': '0', ...headers }).end()
}

export function respondJson(response: ServerResponse, status: number, value: unknown): void {
  respondText(response, status, JSON.stringify(value), { 'Content-Type': 'application/json; charset=utf-8' })
}

export function respondText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string>,
): void {
  const length = String(Buffer.byteLength(text))
  response.writeHead(status, { ...securityHeaders, 'Content-Length': length, ...headers }).end(text)
}

/** Answers a request to upgrade with a status and no content. */
export function refuseUpgrade(socket: Duplex, status: number): void {
  const headers = Object.entries({ ...securityHeaders, Connection: 'close', 'Content-Length': '0' })
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines}\r\n`, () => socket.destroy())
}
