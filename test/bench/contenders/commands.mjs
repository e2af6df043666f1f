// How each contender is called, and what it has to find.
import { deepStrictEqual } from 'node:assert'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runNode, runProgram } from '../measure/run-child.mjs'

export const scriptPath = (name) => fileURLToPath(new URL(name, import.meta.url))

/** Reading alone, through a pipe: straight into /dev/null the kernel would not even copy the bytes. */
export function catContender({ paths }) {
  return () => runProgram('sh', ['-c', 'cat "$@" | cat > /dev/null', 'cat', ...Object.values(paths)])
}

/**
 * @param {object} bench
 * @param {'naive' | 'parse-loop' | 'duckdb' | 'library'} way
 * @param {object} triple as `writeTriple` gives it; other counts than its own end the bench
 * @param {...string} args what the way imports, and the longest line it takes
 */
export function countContender({ node }, way, { root, counts }, ...args) {
  return async () => {
    const cost = await runNode(node, [scriptPath('count.mjs'), way, root, ...args])
    deepStrictEqual(JSON.parse(cost.stdout), counts)
    return withoutTexts(cost)
  }
}

/** `plan` of a triple with planted faults: its exit code says that a person is needed. */
export function planContender({ node }, { cli }, { root, counts }) {
  return async () => {
    const cost = await runNode(node, [cli, 'plan', '--json', root], { exitCodes: [0, 1] })
    const { counts: found, error } = JSON.parse(cost.stdout.split('\n', 1)[0])
    if (found === null) throw new Error(`plan did not count: ${error?.message}`)
    const { matched, missing, unknown, duplicate } = found
    deepStrictEqual({ matched, missing, unknown, duplicate }, counts)
    return withoutTexts(cost)
  }
}

/** What a run of a child cost, without what it said. */
export function withoutTexts({ wallMs, cpuMs, peakRssBytes }) {
  return { wallMs, cpuMs, peakRssBytes }
}

/**
 * `run` of a workspace that is made anew each time, from first to last byte of its results.
 *
 * @param {() => string} makeWorkspace gives its root
 * @param {(root: string) => Promise<void> | void} check looks at what it came to; rejects when that is wrong
 */
export function runContender({ node }, { cli }, { makeWorkspace, flags = [], env = {}, check }) {
  return async () => {
    const root = makeWorkspace()
    const cost = await runNode(node, [cli, 'run', ...flags, root], { env })
    await check(root)
    rmSync(root, { recursive: true })
    return withoutTexts(cost)
  }
}

/** A script of contenders/ that does the same in its way: `args` behind the root. */
export function scriptContender({ node }, name, { makeWorkspace, args = [], check }) {
  return async () => {
    const root = makeWorkspace()
    const cost = await runNode(node, [scriptPath(name), root, ...args])
    await check(root)
    rmSync(root, { recursive: true })
    return withoutTexts(cost)
  }
}
