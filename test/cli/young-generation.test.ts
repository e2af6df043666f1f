import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { temporaryFolder } from './command-line.js'

const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
const mebibyte = 1024 * 1024

/** Tells at the end how large the young generation became. */
const teller = `
const { getHeapSpaceStatistics } = require('node:v8')
process.on('exit', () => {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
  require('node:fs').writeSync(2, 'young generation: ' + young.space_size + '\\n')
})
`

beforeAll(() => {
  if (!existsSync(program)) throw new Error(`${program} is missing; run \`npm run build\` first.`)
})

async function youngBytesAfter(command: string): Promise<number> {
  const root = await temporaryFolder()
  await mkdir(join(root, 'workdir'))
  const preloaded = join(root, 'teller.cjs')
  await writeFile(preloaded, teller)
  const { stderr } = await promisify(execFile)(process.execPath, ['-r', preloaded, program, command, root])
  return Number(/young generation: (\d+)/.exec(stderr)?.[1])
}

test('the young generation of a run grows once; what only looks keeps it as it begins', async () => {
  const [ofStatus, ofRun] = [await youngBytesAfter('status'), await youngBytesAfter('run')]
  expect(ofStatus).toBeGreaterThan(0)
  expect(ofStatus).toBeLessThanOrEqual(4 * mebibyte)
  expect(ofRun).toBeGreaterThan(ofStatus)
  expect(ofRun).toBeLessThanOrEqual(16 * mebibyte)
})
