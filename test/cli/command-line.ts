import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import type { CommandLineContext } from '../../src/cli/context.js'
import type { OutputStream } from '../../src/cli/output-stream.js'
import { runCommandLine } from '../../src/cli/run-command-line.js'
import { systemClock, type Clock } from '../../src/clock.js'
import { generateWorkspace } from '../../src/testing/generate-workspace/generate-workspace.js'
import type { TripleRecipe } from '../../src/testing/generate-workspace/recipe.js'

export interface RunResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly currentDirectory?: string
  readonly env?: Readonly<Record<string, string>>
  readonly isTTY?: boolean
  readonly signal?: AbortSignal
  readonly clock?: Clock
  /** What a person types when asked; nobody sits there unless given. */
  readonly answer?: string
}

/** Runs the whole command line in this process and keeps what it printed. */
export async function batchReconciler(
  inputs: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const stdout = recorder(options.isTTY)
  const stderr = recorder(options.isTTY)
  const context: CommandLineContext = {
    process: { stdout: stdout.stream, stderr: stderr.stream, env: options.env ?? {} },
    currentDirectory: options.currentDirectory ?? tmpdir(),
    clock: options.clock ?? systemClock,
    signal: options.signal ?? new AbortController().signal,
    ask: answering(options.answer, stderr.stream),
  }
  const exitCode = await runCommandLine(inputs, context)
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() }
}

function answering(answer: string | undefined, stream: OutputStream): CommandLineContext['ask'] {
  if (answer === undefined) return null
  return (question) => {
    stream.write(question)
    return Promise.resolve(answer)
  }
}

export interface Recorder {
  readonly stream: OutputStream
  readonly text: () => string
}

/** A stream that remembers. As a terminal it is 120 columns wide. */
export function recorder(isTTY = false): Recorder {
  const written: string[] = []
  const write = (text: string): void => void written.push(text)
  return { stream: { write, isTTY, ...(isTTY ? { columns: 120 } : {}) }, text: () => written.join('') }
}

/** Pauses before another try take no time; the limits for an answer, from one minute on, stay as they are. */
export const hurriedClock: Clock = {
  ...systemClock,
  setTimeout: (callback, delayMs) => systemClock.setTimeout(callback, delayMs < 60_000 ? 1 : delayMs),
}

/** An empty folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'batch-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A folder with the triples of these recipes. */
export async function workspaceWith(...recipes: readonly TripleRecipe[]): Promise<string> {
  const root = await temporaryFolder()
  await generateWorkspace(root, { recipes })
  return root
}

/** Writes a processor module beside the tests' workspaces and gives its path. */
export async function processorModule(source: string, name = 'processor.mjs'): Promise<string> {
  const path = join(await temporaryFolder(), name)
  await writeFile(path, source)
  return path
}

/** The objects of `--json` without the last one, which sums up. */
export function jsonLines(text: string): readonly Record<string, unknown>[] {
  return objectsIn(text).filter((object) => !('summary' in object))
}

/** The object that ends the output of `--json`; fails the test when it is not the last, or not the only one. */
export function jsonSummary({ stdout }: Pick<RunResult, 'stdout'>): Record<string, unknown> {
  const summaries = objectsIn(stdout).map((object) => object['summary'])
  expect(summaries.findIndex((summary) => summary !== undefined)).toBe(summaries.length - 1)
  return summaries.at(-1) as Record<string, unknown>
}

function objectsIn(text: string): readonly Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Record<string, unknown> => JSON.parse(line))
}

const done = { outcome: 'done', code: null } as const

/** Small triples of the kinds that the tests of commands need. */
export const recipes = {
  whole: { index: '1', about: 'whole', requests: 20, expected: done },
  retryable: {
    index: '2',
    about: 'some failed for now',
    requests: 10,
    mix: { 'rate-limited': 3, 'bad-request': 1 },
    expected: done,
  },
  withoutInput: {
    index: '3',
    about: 'no input',
    requests: 4,
    files: ['output'],
    expected: { outcome: 'needs-attention', code: 'MissingBatchInputFileButOthersExist' },
  },
  unanswered: {
    index: '4',
    about: 'two answers missing',
    requests: 8,
    mix: { missing: 2 },
    expected: { outcome: 'failed', code: 'RequestIdsMismatch' },
  },
  neverSubmitted: {
    index: '5',
    about: 'input only',
    requests: 5,
    files: ['input'],
    expected: { outcome: 'not-submitted', code: null },
  },
} as const satisfies Record<string, TripleRecipe>
