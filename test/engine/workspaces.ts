import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BatchWorkspace, Clock, TripleReport, WorkspaceReport } from '../../src/index.js'

/** Time that stands still, with timers that are due at once: retries follow each other without a wait. */
export const impatientClock: Clock = {
  now: () => Date.UTC(2026, 0, 1),
  setTimeout: (callback) => setTimeout(callback, 0),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}

/** The names of the files in a directory of the workspace, sorted. */
export const namesIn = ({ root }: BatchWorkspace, directory: string): string[] =>
  readdirSync(join(root, directory)).toSorted()

export const textOf = ({ root }: BatchWorkspace, path: string): string =>
  readFileSync(join(root, path), 'utf8')

export const stands = ({ root }: BatchWorkspace, path: string): boolean => existsSync(join(root, path))

/** The parsed rows of a JSON lines file of the workspace. */
export function rowsOf(workspace: BatchWorkspace, path: string): Record<string, unknown>[] {
  const lines = textOf(workspace, path).split('\n')
  expectFinalLineFeed(path, lines)
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>)
}

function expectFinalLineFeed(path: string, lines: readonly string[]): void {
  if (lines.at(-1) !== '') throw new Error(`${path} does not end with a line feed.`)
}

/** What `target/` says of each request, in the order of the file. */
export function outcomesOf(workspace: BatchWorkspace, rootIndex: string): [unknown, unknown][] {
  return rowsOf(workspace, `target/batch_results_${rootIndex}.jsonl`).map((row) => [
    row['custom_id'],
    row['outcome'],
  ])
}

/**
 * sha256 of every batch file with rows, by name, wherever it stands: `workdir/` or `done/`. A name that stands in
 * both counts once as long as the bytes are the same, and is told apart otherwise.
 */
export function userFiles({ root }: BatchWorkspace): Record<string, string> {
  const found: Record<string, string> = {}
  for (const directory of ['workdir', 'done']) {
    for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
      if (!entry.isFile() || entry.name.startsWith('.')) continue
      if (!/^batch_(input|output|error)_/.test(entry.name)) continue
      const hash = sha256(readFileSync(join(root, directory, entry.name)))
      const known = found[entry.name]
      found[entry.name] = known === undefined || known === hash ? hash : `${known} and ${hash}`
    }
  }
  return found
}

export const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The report of one triple; there must be one. */
export function reportOf(report: WorkspaceReport, index: string): TripleReport {
  const found = report.triples.find((triple) => triple.index === index)
  if (found === undefined) throw new Error(`No report of triple ${index}.`)
  return found
}

/** `index outcome` of every triple, in the report's order. */
export const outcomes = ({ triples }: WorkspaceReport): string[] =>
  triples.map(({ index, outcome }) => `${index} ${outcome.type}`)
