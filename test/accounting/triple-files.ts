import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import {
  type AccountedTriple,
  type AccountForTripleOptions,
  accountForTriple,
} from '../../src/accounting/account.js'
import { nodeFileSystem } from '../../src/workspace/node-file-system.js'

export interface TripleContent {
  readonly input: string | Uint8Array
  readonly output?: string | Uint8Array | undefined
  readonly error?: string | Uint8Array | undefined
}

export interface TriplePaths {
  readonly input: string
  readonly output: string | null
  readonly error: string | null
}

/** A directory that is removed when the test ends. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'accounting-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export async function writeTriple(content: TripleContent, directory?: string): Promise<TriplePaths> {
  const root = directory ?? (await temporaryDirectory())
  const write = async (kind: string, bytes: string | Uint8Array | undefined): Promise<string | null> => {
    if (bytes === undefined) return null
    const path = join(root, `batch_${kind}_7.jsonl`)
    await writeFile(path, bytes)
    return path
  }
  return {
    input: (await write('input', content.input)) ?? '',
    output: await write('output', content.output),
    error: await write('error', content.error),
  }
}

export const hashOf = async (path: string | null): Promise<string | null> =>
  path === null
    ? null
    : createHash('sha256')
        .update(await readFile(path))
        .digest('hex')

/** Writes the triple, accounts for it, and checks that no byte of it changed. */
export async function account(
  content: TripleContent,
  options: Partial<AccountForTripleOptions> = {},
): Promise<AccountedTriple & { readonly paths: TriplePaths }> {
  const paths = await writeTriple(content)
  const all = [paths.input, paths.output, paths.error]
  const before = await Promise.all(all.map(hashOf))
  const accounted = await accountForTriple({
    fs: nodeFileSystem,
    index: '7',
    isCutShort: false,
    ...paths,
    ...options,
  })
  const after = await Promise.all(all.map(hashOf))
  if (before.join() !== after.join()) throw new Error('Accounting changed a file.')
  return { ...accounted, paths }
}

export const request = (id: unknown, body: unknown = { model: 'm' }): string =>
  JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body })

let answers = 0
/** A success with an envelope id of its own, as servers write them. */
export function success(id: unknown, content: unknown = 'yes'): string {
  answers += 1
  const body = { choices: [{ message: { content }, finish_reason: 'stop' }] }
  const response = { status_code: 200, request_id: `r${answers}`, body }
  return JSON.stringify({ id: `batch_req_${answers}`, custom_id: id, response, error: null })
}

export function failure(id: unknown, code = 'server_error', status = 500): string {
  answers += 1
  const response = { status_code: status, request_id: `r${answers}`, body: { error: { code } } }
  return JSON.stringify({ id: `batch_req_${answers}`, custom_id: id, response, error: null })
}

export const jsonl = (...lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')
