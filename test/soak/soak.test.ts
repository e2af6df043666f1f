import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const script = fileURLToPath(new URL('soak.mjs', import.meta.url))
const builtPath = fileURLToPath(new URL('../../dist/src/testing/index.js', import.meta.url))

test('a watch over many triples and a server that fails at random loses nothing and keeps nothing', async () => {
  expect(existsSync(builtPath), 'npm run build comes first').toBe(true)
  // What is wrong stands in the same line as what was seen.
  const { stdout } = await promisify(execFile)(process.execPath, [
    script,
    '--triples',
    '120',
    '--rows',
    '3',
  ]).catch((error: { readonly stdout: string }) => error)
  const { wrong, calls, batches } = JSON.parse(stdout) as {
    readonly wrong: readonly string[]
    readonly calls: number
    readonly batches: number
  }
  expect(wrong).toEqual([])
  expect(batches).toBeGreaterThan(120)
  expect(calls).toBeGreaterThan(500)
})
