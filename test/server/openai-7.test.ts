import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { idsUpTo } from './scene.js'

const childPath = fileURLToPath(new URL('newest-openai-child.mjs', import.meta.url))
const packages = mkdtempSync(join(tmpdir(), 'openai-7-'))
const nodeName = `node-${process.platform}-${process.arch}`

/** The newest line of the client, which needs Node 22, and a Node 22 to run it; null without a registry. */
function nodeFromRegistry(): string | null {
  writeFileSync(join(packages, 'package.json'), '{ "private": true }')
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=1']
  try {
    execFileSync('npm', ['install', ...quiet, 'openai@^7.57', `${nodeName}@22`], {
      cwd: packages,
      stdio: 'ignore',
      timeout: 60_000,
    })
  } catch {
    return null
  }
  const path = join(packages, 'node_modules', nodeName, 'bin', 'node')
  return existsSync(path) ? path : null
}

const node = nodeFromRegistry()

afterAll(() => rmSync(packages, { recursive: true, force: true }))

describe('openai 7', () => {
  test.skipIf(node === null)('goes the whole way on Node 22 (skipped without a registry)', () => {
    const root = join(packages, 'workspace')
    const said = execFileSync(node ?? '', [childPath, packages, root], { encoding: 'utf8', timeout: 60_000 })
    expect(JSON.parse(said)).toEqual({
      node: expect.stringMatching(/^v22\./),
      openai: expect.stringMatching(/^7\./),
      ids: idsUpTo(50),
      outcomes: ['success'],
      batches: 2,
      answered: 50,
      creations: 2,
      isProven: true,
    })
  })
})
