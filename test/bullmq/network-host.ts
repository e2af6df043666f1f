import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { withOwnProcesses } from '../own-processes.js'
import type { Place } from './fleet.js'

/** Something like another machine: a name, a network and processes of its own, and one cable to this machine. */
export interface NetworkHost {
  readonly name: string
  /** Runs a command there. It ends with what starts it. */
  readonly place: Place
  /**
   * Makes a port of our loopback reachable from there. Gives where, such as `batch-site:40123`: the same on every host, as
   * the server that an account is of goes by its address.
   */
  relay(port: number): Promise<string>
  /** Pulls the cable out, or puts it back. Connections stay as they are, and nothing comes through. */
  setCable(is: 'in' | 'out'): void
  /** Bytes that came over the cable from there so far. */
  readonly carried: () => number
  remove(): Promise<void>
}

/** What every host calls this machine. */
const siteName = 'batch-site'

const cableName = (number: number): string => `batch${process.pid % 100_000}-${number}`

/** Whether this machine lets us make one: Linux, and mostly for a privileged user only. */
export function canHaveNetworkHosts(): boolean {
  const cable = cableName(0)
  const isQuiet = { stdio: 'ignore' } as const
  const hasCable = spawnSync('ip', ['link', 'add', cable, 'type', 'veth'], isQuiet).status === 0
  if (hasCable) spawnSync('ip', ['link', 'delete', cable], isQuiet)
  const [command, inputs] = withOwnProcesses('true', [])
  const isPermitted =
    spawnSync('unshare', ['--net', '--uts', '--mount', command, ...inputs], isQuiet).status === 0
  return hasCable && isPermitted
}

/** @param number tells those of one test apart, from 1 on */
export async function startNetworkHost(name: string, number: number): Promise<NetworkHost> {
  const cable = cableName(number)
  // Two addresses of their own for each cable of each process that tests at this moment, as far as chance goes.
  const net = `10.203.${Math.floor(Math.random() * 256)}.${4 * Math.floor(Math.random() * 64)}`
  const address = (last: number): string => net.replace(/\d+$/, (first) => String(Number(first) + last))
  const holder = await startHolder(name, address(1))
  const inside = ['--target', String(holder.pid), '--net', '--uts', '--mount', '--'] as const
  const ipThere = (inputs: string): void =>
    void execFileSync('nsenter', [...inside, 'ip', ...inputs.split(' ')])
  ip(`link add ${cable} type veth peer name cable netns ${holder.pid}`)
  ip(`address add ${address(1)}/30 dev ${cable}`)
  ip(`link set ${cable} up`)
  ipThere(`address add ${address(2)}/30 dev cable`)
  ipThere('link set cable up')
  const relays = new Map<number, Relay>()
  return {
    name,
    place: (command, inputs) => {
      const [first, rest] = withOwnProcesses(command, inputs)
      return ['nsenter', [...inside, first, ...rest]]
    },
    async relay(port) {
      const relay = relays.get(port) ?? (await startRelay(address(1), port))
      relays.set(port, relay)
      return relay.at
    },
    setCable: (is) => ipThere(`link set cable ${is === 'in' ? 'up' : 'down'}`),
    carried: () => [...relays.values()].reduce((sum, { bytes }) => sum + bytes(), 0),
    async remove() {
      for (const relay of relays.values()) relay.close()
      // The network goes with its last process, and the cable with the network.
      const closed = once(holder, 'close')
      holder.stdin?.end()
      await closed
      spawnSync('ip', ['link', 'delete', cable], { stdio: 'ignore' })
    },
  }
}

const ip = (inputs: string): void => void execFileSync('ip', inputs.split(' '))

/** A process that has the network; it ends, and all that goes with it, also when we are killed. */
async function startHolder(name: string, siteAddress: string): Promise<ChildProcess> {
  // Its table of hosts lies in memory, so that nothing of it is left.
  const script = [
    'hostname "$0"',
    'ip link set lo up',
    'mount -t tmpfs tmpfs /mnt',
    'echo "$1" > /mnt/hosts',
    'mount --bind /mnt/hosts /etc/hosts',
    'umount -l /mnt',
    'echo ready',
    'exec cat',
  ].join(' && ')
  const table = `127.0.0.1 localhost\n${siteAddress} ${siteName}`
  const holder = spawn('unshare', ['--net', '--uts', '--mount', 'sh', '-c', script, name, table], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await Promise.race([
    once(holder.stdout, 'data'),
    once(holder, 'close').then(() => Promise.reject(new Error(`There is no host ${name}.`))),
  ])
  return holder
}

interface Relay {
  readonly at: string
  readonly bytes: () => number
  close(): void
}

async function startRelay(host: string, port: number): Promise<Relay> {
  const sockets = new Set<Socket>()
  let bytes = 0
  const server = createServer((socket) => {
    const inner = connect(port, '127.0.0.1')
    socket.on('data', (chunk) => (bytes += chunk.length))
    for (const [from, to] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  })
  server.listen(port, host)
  await once(server, 'listening')
  return {
    at: `${siteName}:${port}`,
    bytes: () => bytes,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
