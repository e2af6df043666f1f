import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import { repositoryRoot, run } from './installed-project.js'

/** A program that exports the page, serves it live, and lets a viewer connect by WebSocket. */
const program = `
import { once } from 'node:events'
import { request } from 'node:http'
import { openWorkspace } from 'batch-reconciler'
import { exportWorkspace, inspectLive } from 'batch-reconciler/inspect'

async function main() {
  const workspace = await openWorkspace('workspace', { create: true })
  await exportWorkspace(workspace, 'page.html')
  const inspector = await inspectLive(workspace)
  const page = await (await fetch(inspector.url)).text()
  console.log('page', page.includes('<div id="page">'))
  const upgrade = request(inspector.xstateInspectUrl.replace('ws:', 'http:'), {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
    },
  }).end()
  const [{ statusCode }, socket] = await once(upgrade, 'upgrade')
  console.log('viewer', statusCode)
  socket.destroy()
  await inspector.close()
}
main()
`

test.each([
  ['esm', 'mjs'],
  ['cjs', 'cjs'],
] as const)('the inspector comes along whole in a bundle of esbuild, %s', async (format, extension) => {
  const entry = join(repositoryRoot, 'dist/src/inspect/index.js')
  if (!existsSync(entry)) throw new Error('`npm run build` comes first.')
  const folder = mkdtempSync(join(tmpdir(), 'bundled-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const outfile = join(folder, `app.${extension}`)
  await build({
    stdin: { contents: program, resolveDir: repositoryRoot, loader: 'js' },
    bundle: true,
    platform: 'node',
    format,
    outfile,
    logLevel: 'silent',
  })
  // Far from every node_modules: what the bundle does not hold is not there.
  const { exitCode, stdout, stderr } = await run(process.execPath, [outfile], folder)
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: 'page true\nviewer 101\n', stderr: '' })
  expect(readFileSync(join(folder, 'page.html'), 'utf8')).toContain('<div id="page">')
})
