import { connect, type AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { once } from 'node:events'
import type { LookupFunction } from 'node:net'
import { Server as ProxyServer } from 'proxy-chain'
import { onTestFinished } from 'vitest'

/** A name that only the proxy knows: whoever is asked for it without the proxy cannot be reached. */
export const hostBehindProxy = 'batches.example.invalid'

export interface RunningProxy {
  readonly port: number
  /** Each call and each tunnel, as `host:port`. */
  readonly calls: readonly string[]
  readonly tunnels: readonly string[]
}

/**
 * A proxy of other people's making on loopback, which passes everything on to loopback, whatever the host is called.
 *
 * @param password with the name `somebody`; none is wanted unless given
 */
export async function startProxy(password?: string): Promise<RunningProxy> {
  const calls: string[] = []
  const tunnels: string[] = []
  const proxy = new ProxyServer({
    port: 0,
    host: '127.0.0.1',
    prepareRequestFunction: ({ hostname, port, isHttp, username, password: given }) => {
      ;(isHttp ? calls : tunnels).push(`${hostname}:${port}`)
      const isWelcome = password === undefined || (username === 'somebody' && given === password)
      return { requestAuthentication: !isWelcome, dnsLookup: loopback as never }
    },
  })
  await proxy.listen()
  onTestFinished(async () => proxy.close(true))
  return { port: proxy.port, calls, tunnels }
}

const loopback: LookupFunction = (_hostname, options, tell) => {
  if (options.all === true) tell(null, [{ address: '127.0.0.1', family: 4 }])
  else tell(null, '127.0.0.1', 4)
}

/** Takes TLS off and passes the rest on to a port of loopback. Gives the port it listens on. */
export async function startTls(port: number, key: string, cert: string): Promise<number> {
  const server = createTlsServer({ key, cert }, (socket) => {
    const inner = connect(port, '127.0.0.1')
    for (const end of [socket, inner]) end.on('error', () => [socket, inner].map((one) => one.destroy()))
    socket.pipe(inner).pipe(socket)
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}
