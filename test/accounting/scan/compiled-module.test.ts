import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../../', import.meta.url))

test('the module is what comes of its sources: `npm run build:scanner`', async () => {
  const written = await readFile(`${root}src/accounting/scan/scanner-module.ts`, 'utf8')
  const { stdout } = await run(process.execPath, ['src/accounting/scan/assembly/build.mjs', '--stdout'], {
    cwd: root,
    maxBuffer: 2 ** 24,
  })
  expect(written).toBe(stdout)
})
