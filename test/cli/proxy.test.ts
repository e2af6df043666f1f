import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createFakeBatchServer, type FakeBatchServer } from '../../src/testing/index.js'
import { idsUpTo, jsonl, requestLine } from '../engine/lines.js'
import { run as runProgram } from '../library/installed-project.js'
import { filesBelow } from '../workspace/support.js'
import { batchReconciler, hurriedClock, jsonLines, temporaryFolder, type RunResult } from './command-line.js'
import { freePort } from '../free-port.js'
import { hostBehindProxy, startProxy, startTls } from './proxy-scene.js'

const hourMs = 3_600_000
const password = 'pass/word@1'

interface Scene {
  readonly server: FakeBatchServer
  readonly folder: string
  readonly port: number
  /** Sends five requests with these variables, to the name behind the proxy. */
  readonly submit: (environment: Readonly<Record<string, string>>) => Promise<RunResult>
}

async function scene(): Promise<Scene> {
  const server = createFakeBatchServer({ defaults: { inProgressMs: hourMs } })
  const { baseURL, close } = await server.listen()
  onTestFinished(close)
  const port = Number(new URL(baseURL).port)
  const folder = await temporaryFolder()
  writeFileSync(join(folder, 'requests.jsonl'), jsonl(...idsUpTo(5).map((id) => requestLine(id))))
  const submit: Scene['submit'] = async (environment) => {
    const env = {
      OPENAI_API_KEY: 'sk-a-key',
      OPENAI_BASE_URL: `http://${hostBehindProxy}:${port}/v1`,
      ...environment,
    }
    const result = await batchReconciler(['submit', 'batches', 'requests.jsonl', '--json'], {
      currentDirectory: folder,
      clock: hurriedClock,
      env,
    })
    const written = [result.stdout, result.stderr, ...Object.values(filesBelow(folder))]
    for (const secret of [password, encodeURIComponent(password)])
      expect(written.filter((text) => text.includes(secret))).toEqual([])
    return result
  }
  return { server, folder, port, submit }
}

const outcomesOf = ({ stdout }: RunResult): unknown[] =>
  jsonLines(stdout).flatMap(({ outcome }) => (outcome === undefined ? [] : [outcome]))

describe('a server behind a proxy', () => {
  test('is out of reach without one', async () => {
    const one = await scene()
    const result = await one.submit({})
    expect(outcomesOf(result)).toEqual(['failed'])
    expect(result.stderr).toContain('NetworkError')
    expect(one.server.batches()).toEqual([])
  })

  test.each(['HTTP_PROXY', 'http_proxy'])('is reached through %s, upload and all', async (variable) => {
    const one = await scene()
    const proxy = await startProxy()
    const result = await one.submit({ [variable]: `http://127.0.0.1:${proxy.port}` })
    expect(outcomesOf(result)).toEqual(['pending'])
    expect(one.server.batches()).toHaveLength(1)
    expect(one.server.requests('files.create')).toHaveLength(1)
    // No tunnel: many proxies open them to port 443 only.
    expect(proxy.tunnels).toEqual([])
    expect(new Set(proxy.calls)).toEqual(new Set([`${hostBehindProxy}:${one.port}`]))
  })

  test('is reached by an address without a scheme, as other programs take it', async () => {
    const one = await scene()
    const proxy = await startProxy()
    expect(outcomesOf(await one.submit({ HTTP_PROXY: `127.0.0.1:${proxy.port}` }))).toEqual(['pending'])
    expect(proxy.calls.length).toBeGreaterThan(0)
  })

  test('is reached with name and password', async () => {
    const one = await scene()
    const proxy = await startProxy(password)
    const address = `http://somebody:${encodeURIComponent(password)}@127.0.0.1:${proxy.port}`
    expect(outcomesOf(await one.submit({ HTTP_PROXY: address }))).toEqual(['pending'])
    expect(proxy.calls.length).toBeGreaterThan(0)
  })

  test.each([
    ['without a password', (port: number) => `http://127.0.0.1:${port}`],
    ['with a wrong one', (port: number) => `http://somebody:pass%2Fword%401x@127.0.0.1:${port}`],
  ])(
    '%s is one for a person: nothing is tried again, and the hint says where it stands',
    async (_, address) => {
      const one = await scene()
      const proxy = await startProxy('another')
      const result = await one.submit({ HTTP_PROXY: address(proxy.port) })
      expect(outcomesOf(result)).toEqual(['needs-attention'])
      // The look for a batch of the same bytes, and the upload: each once.
      expect(proxy.calls).toHaveLength(2)
      expect(result.stderr).toContain('AccessDenied')
      expect(result.stderr).toContain('HTTPS_PROXY=http://name:password@')
    },
  )

  test('whose proxy is away names the variable and the proxy, without its password', async () => {
    const one = await scene()
    const port = await freePort()
    const address = `http://somebody:${encodeURIComponent(password)}@127.0.0.1:${port}`
    const result = await one.submit({ HTTP_PROXY: address })
    expect(outcomesOf(result)).toEqual(['failed'])
    expect(result.stderr).toContain(`with HTTP_PROXY set to http://127.0.0.1:${port}`)
    expect(result.stderr).toContain('ECONNREFUSED')
  })
})

describe('a server that needs no proxy', () => {
  test.each(['127.0.0.1', 'example.org,127.0.0.1', '*'])(
    'is asked without, by NO_PROXY=%s',
    async (noProxy) => {
      const one = await scene()
      const proxy = await startProxy()
      const result = await one.submit({
        HTTP_PROXY: `http://127.0.0.1:${proxy.port}`,
        NO_PROXY: noProxy,
        OPENAI_BASE_URL: `http://127.0.0.1:${one.port}/v1`,
      })
      expect(outcomesOf(result)).toEqual(['pending'])
      expect(proxy.calls).toEqual([])
    },
  )

  test('is asked through the proxy all the same when NO_PROXY names others', async () => {
    const one = await scene()
    const proxy = await startProxy()
    const HTTP_PROXY = `http://127.0.0.1:${proxy.port}`
    expect(outcomesOf(await one.submit({ HTTP_PROXY, NO_PROXY: 'other.example' }))).toEqual(['pending'])
    expect(proxy.calls.length).toBeGreaterThan(0)
  })
})

describe('a variable that names no proxy', () => {
  test.each(['socks5://127.0.0.1:1080', 'http://', `ftp://somebody:${password}@proxy.example`])(
    'is wrong usage before anything is touched: %s',
    async (address) => {
      const one = await scene()
      const result = await one.submit({ HTTPS_PROXY: address })
      expect(result.exitCode).toBe(2)
      expect(result.stderr).toContain('The environment variable HTTPS_PROXY names no proxy')
      expect(existsSync(join(one.folder, 'batches'))).toBe(false)
    },
  )
})

describe('organisation and project', () => {
  test('are sent as the environment has them, with every call', async () => {
    const one = await scene()
    const OPENAI_BASE_URL = `http://127.0.0.1:${one.port}/v1`
    await one.submit({ OPENAI_BASE_URL, OPENAI_ORG_ID: 'org-1', OPENAI_PROJECT_ID: 'proj_2' })
    const sent = one.server
      .requests()
      .map(({ headers }) => [headers['openai-organization'], headers['openai-project']])
    expect(sent.length).toBeGreaterThan(1)
    expect(new Set(sent.map(String))).toEqual(new Set(['org-1,proj_2']))
  })

  test('are not sent when they are not set', async () => {
    const one = await scene()
    const OPENAI_BASE_URL = `http://127.0.0.1:${one.port}/v1`
    await one.submit({ OPENAI_BASE_URL, OPENAI_ORG_ID: '' })
    const names = one.server.requests().flatMap(({ headers }) => Object.keys(headers))
    expect(names).toContain('authorization')
    expect(names.filter((name) => /organization|project/.test(name))).toEqual([])
  })
})

const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
const hasOpenSsl = (() => {
  try {
    return execFileSync('openssl', ['version']).length > 0
  } catch {
    return false
  }
})()

describe.skipIf(!hasOpenSsl)('a server with a certificate of one’s own (needs openssl)', () => {
  test('is reached through a tunnel, with NODE_EXTRA_CA_CERTS', async () => {
    const { result, proxy, server, tunnel } = await submitOverTls(true)
    expect(result.stderr).not.toContain('Error')
    expect(outcomesOf(result)).toEqual(['pending'])
    expect(server.batches()).toHaveLength(1)
    expect(proxy.calls).toEqual([])
    expect(new Set(proxy.tunnels)).toEqual(new Set([tunnel]))
  })

  test('is not trusted without it, which waits for a person and names the variable', async () => {
    const { result, server, proxy } = await submitOverTls(false)
    expect(outcomesOf(result)).toEqual(['needs-attention'])
    expect(result.stderr).toContain('AccessDenied')
    expect(result.stderr).toContain('NODE_EXTRA_CA_CERTS=')
    // The look for a batch of the same bytes, and the upload: each once.
    expect(proxy.tunnels).toHaveLength(2)
    expect(server.requests()).toEqual([])
  })
})

/** The program as it is installed: Node reads the variable before anything of ours runs. */
async function submitOverTls(isTrusted: boolean) {
  if (!existsSync(program)) throw new Error('`npm run build` comes first.')
  const one = await scene()
  const { keyPath, certificatePath } = certificateFor(hostBehindProxy, one.folder)
  const [key, certificate] = [keyPath, certificatePath].map((path) => readFileSync(path, 'utf8'))
  const port = await startTls(one.port, key ?? '', certificate ?? '')
  const proxy = await startProxy(password)
  const environment = {
    PATH: process.env['PATH'] ?? '',
    OPENAI_API_KEY: 'sk-a-key',
    OPENAI_BASE_URL: `https://${hostBehindProxy}:${port}/v1`,
    HTTPS_PROXY: `http://somebody:${encodeURIComponent(password)}@127.0.0.1:${proxy.port}`,
    ...(isTrusted && { NODE_EXTRA_CA_CERTS: certificatePath }),
  }
  const inputs = [program, 'submit', 'batches', 'requests.jsonl', '--json']
  const result = await runProgram(process.execPath, inputs, one.folder, environment)
  return { ...one, result, proxy, tunnel: `${hostBehindProxy}:${port}` }
}

function certificateFor(host: string, folder: string): { keyPath: string; certificatePath: string } {
  const [keyPath, certificatePath] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '2']
  execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', keyPath, '-out', certificatePath], {
    stdio: 'ignore',
  })
  return { keyPath, certificatePath }
}
