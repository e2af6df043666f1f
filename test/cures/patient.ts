import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import {
  createFakeBatchServer,
  type FakeBatchServer,
  type FakeBatchServerOptions,
} from '../../src/testing/index.js'
import {
  batchReconciler,
  jsonLines,
  jsonSummary,
  temporaryFolder,
  type RunResult,
} from '../cli/command-line.js'
import { putFiles } from '../workspace/support.js'

/** A workspace, a server and a person who has only what is written on the screen. */
export interface Patient {
  readonly server: FakeBatchServer
  /** Absolute; has `workdir/`. */
  readonly root: string
  /** The environment of every command; a cure may change it. */
  readonly env: Record<string, string>
  /** Flags that every `run` gets; a cure may not change them. */
  readonly runFlags: string[]
  run(...flags: readonly string[]): Promise<RunResult>
  command(...words: readonly string[]): Promise<RunResult>
  /** Writes files, by their paths from the root. */
  put(files: Readonly<Record<string, string>>): void
  /** Moves what stands in `workdir/` of an index to another folder; gives its path. */
  takeOut(index: string): string
  remove(path: string): void
  read(path: string): string
  names(folder: string): readonly string[]
}

export const server = 'OPENAI_BASE_URL'
export const key = 'OPENAI_API_KEY'

export async function newPatient(options: FakeBatchServerOptions): Promise<Patient> {
  const fake = createFakeBatchServer({ defaults: { inProgressMs: 3_600_000 }, ...options })
  const { baseURL, close } = await fake.listen()
  onTestFinished(close)
  const folder = await temporaryFolder()
  const root = join(folder, 'my batches')
  mkdirSync(join(root, 'workdir'), { recursive: true })
  const env: Record<string, string> = { [key]: 'sk-of-the-tests', [server]: baseURL }
  const runFlags: string[] = []
  const command = (...words: readonly string[]): Promise<RunResult> =>
    batchReconciler(words, { currentDirectory: folder, env })
  return {
    server: fake,
    root,
    env,
    runFlags,
    command,
    run: (...flags) => command('run', root, '--json', ...runFlags, ...flags),
    put: (files) => putFiles(root, files),
    takeOut(index) {
      const elsewhere = join(folder, `taken-${index}`)
      mkdirSync(elsewhere)
      for (const name of readdirSync(join(root, 'workdir'))) {
        if (name.includes(`_${index}.`)) renameSync(join(root, 'workdir', name), join(elsewhere, name))
      }
      return elsewhere
    },
    remove: (path) => rmSync(join(root, path), { recursive: true }),
    read: (path) => readFileSync(join(root, path), 'utf8'),
    names: (path) => readdirSync(join(root, path)).toSorted(),
  }
}

/** Runs the command of a hint as it stands there, word for word. There must be one that begins so. */
export async function follow(patient: Patient, hint: string, begin: string): Promise<RunResult> {
  const commands = [...hint.matchAll(/batch-reconciler ((?:'[^']*'|[^\s`'])(?:'[^']*'|[^`',;])*)/g)].map(
    ([, words = '']) => wordsOf(words),
  )
  const chosen = commands.find((words) => words.join(' ').startsWith(begin))
  expect(chosen, `a command that begins with ${begin} in: ${hint}`).toBeDefined()
  const result = await patient.command(...(chosen ?? []))
  expect(result.exitCode, result.stderr).toBe(0)
  return result
}

/** As a shell reads them; a full stop behind the last one is the sentence's. */
const wordsOf = (text: string): string[] =>
  [
    ...text
      .trim()
      .replace(/\.$/, '')
      .matchAll(/(?:'[^']*'|[^\s'])+/g),
  ].map(([word]) => word.replaceAll("'", ''))

/** The same server behind a front that knows nothing outside of a path; gives the origin. */
export async function serveBelow(path: string, patient: Patient): Promise<string> {
  const { port } = new URL(patient.env[server] ?? '')
  const front = createServer((request, response) => {
    const { method, headers, url = '' } = request
    if (!url.startsWith(`${path}/`)) return response.writeHead(404).end('Not Found')
    const forward = send({ port, method, headers, path: url }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    return request.pipe(forward)
  })
  onTestFinished(() => void front.close())
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(front.address() as AddressInfo).port}`
}

/** What `--json` said of the triple, or of the only thing that went wrong. */
export function errorOf({ stdout, stderr }: RunResult, index: string): { code: string; hint: string } {
  const rows = jsonLines(stdout)
  const row = rows.find((each) => each['index'] === index) ?? rows[0] ?? jsonSummary({ stdout })
  expect(row?.['error'], `an error in ${stdout}${stderr}`).toBeTruthy()
  return row?.['error'] as { code: string; hint: string }
}

export function writeTo(path: string, text: string): string {
  writeFileSync(path, text)
  return path
}

/** `custom_id outcome` of each row in `target/`, sorted. */
export function answersOf({ root }: Patient): readonly string[] {
  const target = join(root, 'target')
  const names = readdirSync(target).filter((name) => /^batch_results_[^.]+\.jsonl$/.test(name))
  return names
    .flatMap((name) => jsonLines(readFileSync(join(target, name), 'utf8')))
    .map((row) => `${String(row['custom_id'])} ${String(row['outcome'])}`)
    .toSorted()
}
