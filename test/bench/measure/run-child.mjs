import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const meter = fileURLToPath(new URL('meter.cjs', import.meta.url))
const living = new Set()
let started = 0

/**
 * @typedef {object} Cost
 * @property {number} wallMs from start to end of the whole process
 * @property {number | null} cpuMs user and system, all threads; `null` where it was not metered
 * @property {number | null} peakRssBytes
 * @property {string} stdout
 */

/**
 * Runs a Node program in a process of its own and says what it cost.
 *
 * @param {string} node path of the executable
 * @param {string[]} args the script first
 * @param {{ env?: object, exitCodes?: number[], isMetered?: boolean }} options
 * @returns {Promise<Cost>}
 */
export async function runNode(node, args, { isMetered = true, env = {}, ...options } = {}) {
  const path = join(tmpdir(), `bench-meter-${process.pid}-${(started += 1)}.json`)
  const preload = isMetered ? ['--require', meter] : []
  try {
    const cost = await runProgram(node, [...preload, ...args], {
      ...options,
      env: isMetered ? { ...env, BENCH_METER: path } : env,
    })
    return { ...cost, ...(existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}) }
  } finally {
    rmSync(path, { force: true })
  }
}

/** Runs any program. Rejects with what it said when it ends with a code that is not expected. */
export async function runProgram(program, args, { env = {}, exitCodes = [0] } = {}) {
  const startedAt = performance.now()
  const child = startProgram(program, args, { env })
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'])
    child[name].setEncoding('utf8').on('data', (text) => (texts[name] += text))
  const [code] = await once(child, 'close')
  const wallMs = performance.now() - startedAt
  if (!exitCodes.includes(code)) {
    throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${texts.stderr.slice(-2000)}`)
  }
  return { wallMs, cpuMs: null, peakRssBytes: null, ...texts }
}

/** Starts a program that goes on beside the bench; it ends with the bench at the latest. */
export function startProgram(program, args, { env = {} } = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  living.add(child)
  child.once('close', () => living.delete(child))
  return child
}

/** For a bench that is interrupted. */
export function stopChildren() {
  for (const child of living) child.kill('SIGKILL')
}
