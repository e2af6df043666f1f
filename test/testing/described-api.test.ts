import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { faults, type FakeBatchServer, type ListeningServer } from '../../src/testing/index.js'
import { chatInput, clientAt, linesOf, stillServer, submit, upload } from './client.js'

const description = fileURLToPath(
  new URL('../../../shared/reference/openapi-batch.patched.yaml', import.meta.url),
)
const require = createRequire(import.meta.url)
const prism = require.resolve('@stoplight/prism-cli/dist/index.js')

/**
 * A proxy of other people's making stands between the client and the fake server and turns every request or
 * answer that the published description of the API does not allow into an error.
 */
describe.skipIf(!existsSync(description))(
  'the answers of the fake server, against the description of the API',
  () => {
    let server: FakeBatchServer
    let listening: ListeningServer
    let proxy: { readonly child: ChildProcess; readonly baseURL: string }
    let client: OpenAI

    beforeAll(async () => {
      server = stillServer({ defaults: { rows: [{ when: 'request-2', answer: 'bad-request' }] } })
      listening = await server.listen()
      proxy = await startProxy(listening.baseURL)
      client = clientAt(proxy.baseURL)
    })

    afterAll(async () => {
      proxy?.child.kill()
      await listening?.close()
    })

    test('hold for uploads, files, their lists and their deletion', async () => {
      const file = await upload(client, chatInput(2))
      expect(await client.files.retrieve(file.id)).toEqual(file)
      expect((await client.files.list({ purpose: 'batch', order: 'asc' })).data).toContainEqual(file)
      expect(await (await client.files.content(file.id)).text()).toBe(chatInput(2))
      expect(await client.files.delete(file.id)).toMatchObject({ deleted: true })
    })

    test('hold for each phase of a batch and both of its files', async () => {
      const { id } = await submit(client, chatInput(3))
      const statuses = []
      for (const ms of [0, 1000, 10_000, 1000]) {
        server.advance(ms)
        statuses.push((await client.batches.retrieve(id)).status)
      }
      expect(statuses).toEqual(['validating', 'in_progress', 'finalizing', 'completed'])
      const batch = await client.batches.retrieve(id)
      expect(await linesOf(client, batch.output_file_id)).toHaveLength(2)
      expect(await linesOf(client, batch.error_file_id)).toHaveLength(1)
      expect(batch.usage?.total_tokens).toBeGreaterThan(0)
    })

    test('hold for batches that expire, fail or are cancelled', async () => {
      server.plan({ ending: { status: 'expired', afterShare: 0.5 } }, {}, {})
      const expired = await submit(client, chatInput(4))
      const failed = await submit(client, `${chatInput(1)}${chatInput(1)}`)
      const cancelled = await submit(client, chatInput(4))
      server.advance(2000)
      expect((await client.batches.cancel(cancelled.id)).status).toBe('cancelling')
      server.finishBatches()
      const statuses = []
      for (const { id } of [expired, failed, cancelled])
        statuses.push((await client.batches.retrieve(id)).status)
      expect(statuses).toEqual(['expired', 'failed', 'cancelled'])
    })

    test('hold for lists of batches, and for an empty page', async () => {
      await submit(client, chatInput(1))
      const page = await client.batches.list({ limit: 2 })
      expect(page.data).toHaveLength(2)
      const oldest = server.batches()[0]?.id ?? ''
      expect((await client.batches.list({ after: oldest })).data).toEqual([])
    })

    test('hold for refusals', async () => {
      await expect(client.batches.retrieve('batch_nobody_knows')).rejects.toMatchObject({ status: 404 })
      await expect(client.files.content('file-nobody-knows')).rejects.toMatchObject({
        status: 404,
        param: 'id',
      })
      await expect(upload(client, 'no json\n')).rejects.toMatchObject({ status: 400 })
      const { id } = await submit(client, chatInput(1))
      server.finishBatches()
      await expect(client.batches.cancel(id)).rejects.toMatchObject({ status: 409 })
    })

    test('would not hold for a server that capitalises its statuses', async () => {
      const { id } = await submit(client, chatInput(1))
      const fault = server.script(faults.capitalisedStatus())
      await expect(client.batches.retrieve(id)).rejects.toMatchObject({ status: 500 })
      fault.stop()
      expect((await client.batches.retrieve(id)).status).toBe('validating')
    })
  },
)

/** Starts the proxy on a free port and waits until it says where it listens. */
async function startProxy(
  upstream: string,
): Promise<{ readonly child: ChildProcess; readonly baseURL: string }> {
  const options = ['--errors', '--port', '0', '--host', '127.0.0.1']
  const child = spawn(process.execPath, [prism, 'proxy', description, upstream, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    const baseURL = /listening on (http:\/\/\S+)/.exec(line)?.[1]
    if (baseURL === undefined) continue
    // nobody reads on, and a full pipe would stop the proxy
    child.stdout.resume()
    return { child, baseURL }
  }
  throw new Error(`the proxy ended before it listened:\n${said.join('\n')}`)
}
