import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Other versions of Node (190 MB each) are too heavy for everyone who installs this repository: they are fetched by
// whoever measures with them, once.
const cache = fileURLToPath(new URL('../../../node_modules/.cache/bench', import.meta.url))

const require = createRequire(import.meta.url)

export const duckDbVersion = require('../../../package.json').devDependencies['@duckdb/node-api']

/**
 * DuckDB for Node: MIT, runs on Node 20. The path of its module, or `null` where it was not installed or has no build for
 * this machine, which only loading it tells.
 */
export function findDuckDb() {
  try {
    const { DuckDBInstance } = require('@duckdb/node-api')
    return DuckDBInstance === undefined ? null : require.resolve('@duckdb/node-api')
  } catch {
    return null
  }
}

/**
 * @param {string} node a path, or a major version such as `24`
 * @returns the path of an executable
 */
export function findNode(node, mayInstall) {
  if (!/^\d+$/.test(node)) return node
  const name = `node-${process.platform}-${process.arch}`
  const root = fetched(name, node, mayInstall)
  if (root === null) throw new Error(`Node ${node} is not here, and ${name}@${node} cannot be had from npm.`)
  return join(root, 'node_modules', name, 'bin', 'node')
}

function fetched(name, version, mayInstall) {
  const root = join(cache, `${name.replace('/', '-')}@${version}`)
  if (existsSync(join(root, 'node_modules', name))) return root
  return mayInstall && install(root, name, version) ? root : null
}

function install(root, name, version) {
  mkdirSync(root, { recursive: true })
  const args = ['install', '--prefix', root, '--no-save', '--no-audit', '--no-fund', `${name}@${version}`]
  try {
    execFileSync('npm', args, { stdio: 'ignore' })
    return true
  } catch {
    // No network: what needs the package is skipped, and the bench says so.
    return false
  }
}
