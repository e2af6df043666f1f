import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { systemProcessTable } from '../../src/workspace/process-table.js'

/** What stands in for the time, the chance and the processes of this machine while a simulation runs. */
export interface Runtime {
  readonly now: () => number
  readonly monotonicMs: () => number
  /** From 0 to below 1. */
  readonly random: () => number
  readonly setTimeout: (callback: () => void, delayMs: number) => unknown
  readonly clearTimeout: (handle: unknown) => void
  readonly process: () => ProcessName
  readonly startOf: (pid: number) => string | null
}

/** Who a process says that it is. */
export interface ProcessName {
  readonly host: string
  readonly pid: number
}

/**
 * Puts the runtime in the place of this machine's until the work has ended. The product asks Node for names nobody can
 * guess, the client sets timers of its own, and what asks for the time of day is not always given a clock: all of it has
 * to follow from the seed. Node lends its own modules for that (`module.syncBuiltinESMExports`).
 */
export async function withRuntime<Result>(
  runtime: () => Runtime,
  work: () => Promise<Result>,
): Promise<Result> {
  const originals = {
    now: Date.now,
    performanceNow: performance.now.bind(performance),
    random: Math.random,
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    randomUUID: crypto.randomUUID,
    randomBytes: crypto.randomBytes,
    processes: Object.getOwnPropertyDescriptors(systemProcessTable),
  }
  const bytes = (count: number): Buffer =>
    Buffer.from(Array.from({ length: count }, () => Math.floor(runtime().random() * 256)))
  Date.now = () => runtime().now()
  performance.now = () => runtime().monotonicMs()
  Math.random = () => runtime().random()
  globalThis.setTimeout = ((callback: () => void, delayMs = 0) =>
    runtime().setTimeout(callback, delayMs)) as unknown as typeof setTimeout
  globalThis.clearTimeout = (handle) => runtime().clearTimeout(handle)
  crypto.randomUUID = () => uuidOf(bytes(16))
  crypto.randomBytes = ((count: number) => bytes(count)) as typeof crypto.randomBytes
  syncBuiltinESMExports()
  Object.defineProperties(systemProcessTable, {
    host: { get: () => runtime().process().host, configurable: true },
    pid: { get: () => runtime().process().pid, configurable: true },
    namespace: { value: null, configurable: true },
    isAlive: { value: (pid: number) => runtime().startOf(pid) !== null, configurable: true },
    startOf: { value: (pid: number) => runtime().startOf(pid), configurable: true },
  })
  try {
    return await work()
  } finally {
    Date.now = originals.now
    performance.now = originals.performanceNow
    Math.random = originals.random
    globalThis.setTimeout = originals.setTimeout
    globalThis.clearTimeout = originals.clearTimeout
    crypto.randomUUID = originals.randomUUID
    crypto.randomBytes = originals.randomBytes
    syncBuiltinESMExports()
    Object.defineProperties(systemProcessTable, originals.processes)
  }
}

function uuidOf(bytes: Buffer): `${string}-${string}-${string}-${string}-${string}` {
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
