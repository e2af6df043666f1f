import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import type * as Library from '../../src/index.js'
import type { ReconcileWorkspaceOptions, ReconciledRow, RowContext } from '../../src/index.js'
import type { LineScanner } from '../../src/accounting/scan/line-scanner.js'
import { createWasmScanner } from '../../src/accounting/scan/wasm-scanner.js'
import { PlainScanner } from '../../src/accounting/scan/plain-scanner.js'
import { filesBelow, onDisk, unsyncedFileSystem, withWorkspace } from '../workspace/support.js'
import { pick, randomOf, type Random } from '../accounting/scan/random-rows.js'
import { scannerOfNothing } from '../accounting/scan/scanners.js'
import { randomTriple } from './random-triple.js'
import { answeredTriple } from './lines.js'
import { impatientClock } from './workspaces.js'

interface Build {
  readonly library: typeof Library
  /** Rows that were written without being parsed. */
  readonly written: () => number
  /** Values that were read of rows that were not parsed. */
  readonly read: () => number
}

/** A library with modules of its own: patterns and templates are learned per process, and kept. */
async function buildWith(scanner: LineScanner): Promise<Build> {
  vi.resetModules()
  const { useLineScanner } = await import('../../src/accounting/scan/scanner-of-process.js')
  useLineScanner(scanner)
  const { PlainResults } = await import('../../src/accounting/scan/plain-results.js')
  const { ScannedRows } = await import('../../src/accounting/scan/scanned-rows.js')
  const library = await import('../../src/index.js')
  const canWrite = vi.spyOn(PlainResults.prototype, 'canWrite')
  const flagsOf = vi.spyOn(ScannedRows.prototype, 'flagsOf')
  const written = (): number => canWrite.mock.results.filter(({ value }) => value === true).length
  const build = { library, written, read: () => flagsOf.mock.calls.length }
  // What is loaded with the first run belongs to these modules as well.
  await endOf(build, answeredTriple('1', ['a']), () => ({}))
  return build
}

let parsing: Build
let fast: readonly (readonly [name: string, build: Build])[]

beforeEach(async () => {
  const wasm = createWasmScanner()
  if (wasm === null) throw new Error('WebAssembly does not run here.')
  parsing = await buildWith(scannerOfNothing)
  fast = [
    ['WebAssembly', await buildWith(wasm)],
    ['plain', await buildWith(new PlainScanner())],
  ]
})

afterEach(() => vi.resetModules())

interface SeenRow {
  readonly row: unknown
  readonly line: unknown
  readonly context: RowContext
}

interface Ended {
  readonly files: Readonly<Record<string, string>>
  readonly report: unknown
  readonly seen: readonly SeenRow[]
}

/** Everything a person can see of a run: files, reports, and what their callbacks got. */
async function endOf(
  { library }: Build,
  files: Readonly<Record<string, string>>,
  optionsOf: (see: (row: ReconciledRow, context: RowContext) => void) => ReconcileWorkspaceOptions,
): Promise<Ended> {
  return withWorkspace(files, async (workspace) => {
    const seen: SeenRow[] = []
    const see = (row: ReconciledRow, context: RowContext): void => {
      seen.push({ row: { ...row }, line: row.line, context })
    }
    const options = { clock: impatientClock, ...optionsOf(see) }
    const report = await library.reconcileWorkspace(onDisk(workspace, unsyncedFileSystem), options)
    const names = Object.entries(filesBelow(workspace.root)).filter(
      ([path]) => !path.startsWith('logs/batch_journal_'),
    )
    const withoutRoot = (text: string): string => text.replaceAll(workspace.root, '<root>')
    return {
      files: Object.fromEntries(names.map(([path, text]) => [path, withoutTimes(withoutRoot(text))])),
      report: JSON.parse(withoutTimes(withoutRoot(JSON.stringify(report)))),
      seen,
    }
  })
}

/** The disk says of files that have not changed just now which they are, which is another in each workspace. */
const withoutTimes = (text: string): string => text.replaceAll(/"identity":"[^"]*"/g, '"identity":null')

/** Files and reports first: they say most. */
async function expectSame(
  random: Random,
  optionsOf: Parameters<typeof endOf>[2],
  seed: number,
): Promise<void> {
  const files = randomTriple(random)
  const wanted = await endOf(parsing, files, optionsOf)
  for (const [name, build] of fast) {
    const found = await endOf(build, files, optionsOf)
    const hint = `${name}, seed ${seed}`
    expect(found.files, hint).toEqual(wanted.files)
    expect(found.report, hint).toEqual(wanted.report)
    expect(found.seen, hint).toEqual(wanted.seen)
  }
}

const triples = Number(process.env['PLAIN_TRIPLES'] ?? 80)
const firstSeed = Number(process.env['PLAIN_SEED'] ?? 1)

async function forEachSeed(act: (seed: number) => Promise<void>): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + triples; seed += 1) await act(seed)
}

const upper = z.string().transform((text) => text.toUpperCase())
const short = z.string().max(8)

describe('whether rows are parsed or not', () => {
  test('results, failed items, logs, retries and reports are the same, byte for byte', async () => {
    await forEachSeed((seed) =>
      expectSame(randomOf(seed), () => (seed % 5 === 0 ? { expectedContentType: 'text' } : {}), seed),
    )
    for (const [name, { written }] of fast) expect(written(), name).toBeGreaterThan(triples / 2)
    expect(parsing.written()).toBe(0)
  })

  test('a callback sees the same rows, in every field', async () => {
    await forEachSeed((seed) =>
      expectSame(
        randomOf(seed),
        (see) => ({
          expectedContentType: pick(randomOf(seed), ['text', 'text', 'json'] as const),
          ...(seed % 3 === 0 ? { schema: pick(randomOf(seed), [upper, short]) } : {}),
          ...(seed % 4 === 0 ? { shouldRetry: (row: ReconciledRow) => row.customId.length % 2 === 0 } : {}),
          ...(seed % 7 === 0
            ? {}
            : { processErrors: (row: ReconciledRow, context: RowContext) => see(row, context) }),
          processOutput: (row, context) => {
            see(row, context)
            return row.customId.length % 3 === 0 ? { reject: 'I do not like it.' } : undefined
          },
        }),
        seed,
      ),
    )
    for (const [name, { read }] of fast) expect(read(), name).toBeGreaterThan(triples / 2)
  })

  test('a schema alone changes or refuses the same contents', async () => {
    await forEachSeed((seed) =>
      expectSame(randomOf(seed + 1_000), () => ({ schema: pick(randomOf(seed), [upper, short]) }), seed),
    )
  })
})
