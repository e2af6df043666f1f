import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LiveInspector } from '../../src/inspect/index.js'
import { describeInBrowser, useBrowser } from './browser.js'
import { inspectLive, openWorkspace } from './built.js'

/** What a page of another origin tries, even with the token: each gives what it came to. */
const attempts = {
  'to read an answer': `fetch(url).then((answer) => answer.text()).then(() => 'read', () => 'refused')`,
  'to send a command': `fetch(command, { method: 'POST', body, headers }).then(() => 'answered', () => 'refused')`,
  'to send a command and not to ask what came of it': `fetch(command, { method: 'POST', mode: 'no-cors', body }).then(() => 'answered', () => 'refused')`,
  'to read an answer without asking for leave': `fetch(url, { mode: 'no-cors' }).then(() => 'answered', () => 'refused')`,
  'to run an answer as a script': `new Promise((resolve) => {
    const script = document.createElement('script')
    script.onload = () => resolve('loaded')
    script.onerror = () => resolve('refused')
    script.src = url
    document.body.append(script)
  })`,
  'to hear the stream': `new Promise((resolve) => {
    const source = new EventSource(stream)
    source.onmessage = () => resolve('heard')
    source.onerror = () => resolve('refused')
  })`,
  'to open the WebSocket': `new Promise((resolve) => {
    const socket = new WebSocket(webSocket)
    socket.onopen = () => resolve('open')
    socket.onerror = () => resolve('refused')
  })`,
} as const

describeInBrowser('a page of another origin', () => {
  const { open } = useBrowser()
  let root: string
  const foreign = createServer(
    (_, response) => void response.setHeader('content-type', 'text/html').end('<body>'),
  )
  let inspector: LiveInspector
  let url: string

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'browser-origin-'))
    foreign.listen(0, '127.0.0.1')
    await once(foreign, 'listening')
    inspector = await inspectLive(await openWorkspace(root, { create: true }))
    url = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}/`
  })
  afterAll(async () => {
    await inspector?.close()
    foreign.close()
    rmSync(root, { recursive: true, force: true })
  })

  test.each(Object.entries(attempts))('is refused when it tries %s', async (_, attempt) => {
    const { page, statuses } = await openForeign()
    const at = (path: string): string => inspector.url.replace('/?', `/${path}?`)
    const names = {
      url: inspector.url,
      stream: at('stream'),
      command: at('triples/1/commands'),
      webSocket: inspector.xstateInspectUrl,
      body: '{"type":"triple.retry"}',
      headers: { 'content-type': 'application/json' },
    }
    const known = Object.entries(names).map(([name, value]) => `const ${name} = ${JSON.stringify(value)}`)
    expect(await page.evaluate(`(() => { ${known.join(';')}; return ${attempt} })()`)).toBe('refused')
    // What the browser asked was turned away at the door, not only hidden from the page.
    for (const status of statuses) expect(status).toBe(403)
  })

  test('cannot show it in a frame', async () => {
    const { page } = await openForeign()
    await page.evaluate(`new Promise((resolve) => {
      const frame = document.createElement('iframe')
      frame.src = ${JSON.stringify(inspector.url)}
      frame.onload = resolve
      document.body.append(frame)
    })`)
    expect(page.frames().map((frame) => frame.url())).toEqual([url, 'chrome-error://chromewebdata/'])
  })

  test('is not what is tried above: the page itself may', async () => {
    const { page } = await open(inspector.url)
    expect(await page.evaluate(`fetch(location.href).then(({ status }) => status)`)).toBe(200)
  })

  async function openForeign() {
    const { page } = await open(url)
    const statuses: number[] = []
    page.on('response', (response) => {
      if (!response.url().startsWith(url)) statuses.push(response.status())
    })
    return { page, statuses }
  }
})
