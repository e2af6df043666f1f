import type { ServerResponse } from 'node:http'
import { announcedBytes, type AnswerReply, type Reply } from './reply.js'

/** Sends a reply over a real connection, breaking it where the reply says so. */
export function renderToSocket(reply: Reply, response: ServerResponse): void {
  if (reply.type === 'silence') return
  if (reply.type === 'reset') return breakOff(response)
  writeHead(reply, response)
  const sent = reply.body.subarray(0, reply.sentBytes)
  switch (reply.ending) {
    case 'whole':
    case 'short':
    case 'clean-end':
    case 'close':
    case 'cut-gzip':
      response.end(sent)
      return
    case 'cut':
    case 'cut-chunked':
      response.write(sent, () => response.socket?.destroy())
      return
    case 'reset':
      response.write(sent, () => breakOff(response))
      return
    case 'stall':
      response.write(sent)
      return
  }
}

function writeHead(reply: AnswerReply, response: ServerResponse): void {
  // Node would add the time of this machine, which is not that of the fake server.
  response.sendDate = false
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value)
  const announced = announcedBytes(reply)
  if (announced !== null) response.setHeader('content-length', announced)
  if (reply.ending === 'close') {
    response.setHeader('connection', 'close')
    // without either header Node can only end the body by closing the connection
    response.removeHeader('transfer-encoding')
  }
  response.writeHead(reply.status)
  // an empty write sends nothing, so the head would wait for ever
  response.flushHeaders()
}

function breakOff(response: ServerResponse): void {
  response.socket?.resetAndDestroy()
}
