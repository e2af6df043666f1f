import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../accounting/triple-files.js'

// The bench is plain JavaScript; what the tests use of it is described here.
interface Bench {
  readonly kinds: Readonly<Record<string, Kind>>
  readonly jsonChat: Kind
  readonly tiny: Kind
  readonly plantedFaults: Counts
  readonly writeTriple: (root: string, recipe: Recipe) => Triple
  readonly workspaceWith: (root: string, paths: Triple['paths']) => string
  readonly writeSmallTriples: (root: string, count: number) => string
  readonly findDuckDb: () => string | null
  readonly resultsDigest: (path: string) => Promise<{ readonly rows: number; readonly digest: string }>
}
interface Kind {
  readonly answerBytes: number
}
interface Counts {
  readonly missing: number
  readonly unknown: number
  readonly duplicate: number
}
interface Recipe {
  readonly kind: Kind | undefined
  readonly requests: number
  readonly faults?: Counts
}
interface Triple {
  readonly root: string
  readonly paths: Readonly<Record<'input' | 'output' | 'error', string>>
  readonly bytes: Readonly<Record<'input' | 'output' | 'error', number>>
  readonly counts: Counts & { readonly matched: number }
}

const benchPath = fileURLToPath(new URL('.', import.meta.url))
const dist = fileURLToPath(new URL('../../dist', import.meta.url))
const cli = join(dist, 'src/cli/main.js')
const load = async (path: string): Promise<object> => (await import(join(benchPath, path))) as object
const bench = Object.assign(
  {},
  ...(await Promise.all(
    [
      'data/kinds.mjs',
      'data/results-digest.mjs',
      'data/small-triples.mjs',
      'data/workspaces.mjs',
      'data/write-triple.mjs',
      'tools/npm-packages.mjs',
    ].map(load),
  )),
) as Bench
const kinds: Readonly<Record<string, Kind>> = { ...bench.kinds, jsonChat: bench.jsonChat, tiny: bench.tiny }

/** Few, and yet more than a thousand: some stand in the error file. */
const requests = 1_100

describe.each(Object.keys(kinds))('a generated triple of %s', (name) => {
  test('is counted alike by all, with every planted fault, and has lines of the length it names', async () => {
    const { answerBytes = 0 } = kinds[name] ?? {}
    const rows = Math.min(requests, Math.ceil(3.5e7 / answerBytes))
    const recipe = { kind: kinds[name], requests: rows, faults: bench.plantedFaults }
    const triple = bench.writeTriple(await temporaryDirectory(), recipe)
    const { missing, unknown, duplicate } = triple.counts
    expect([missing, unknown, duplicate].every((count) => count > 0)).toBe(true)
    for (const way of ['naive', 'parse-loop', 'library']) {
      const found = await counted(way, triple, join(dist, 'src/index.js'))
      expect({ way, found }).toEqual({ way, found: triple.counts })
    }
    const lines = rows - missing + unknown + duplicate
    expect(Math.abs(triple.bytes.output / lines - answerBytes) / answerBytes).toBeLessThan(0.08)
  })
})

test('DuckDB counts alike', async () => {
  const recipe = { kind: kinds['non-ASCII ids'], requests, faults: bench.plantedFaults }
  const triple = bench.writeTriple(await temporaryDirectory(), recipe)
  expect(await counted('duckdb', triple, bench.findDuckDb() ?? '')).toEqual(triple.counts)
})

test('the same bytes are generated each time', async () => {
  const recipe = { kind: kinds['chat'], requests: 100 }
  const first = bench.writeTriple(await temporaryDirectory(), recipe)
  const second = bench.writeTriple(await temporaryDirectory(), recipe)
  for (const kind of ['input', 'output', 'error'] as const) {
    const [one, other] = [await readFile(first.paths[kind]), await readFile(second.paths[kind])]
    expect(one.equals(other)).toBe(true)
  }
})

describe('the script written by hand', () => {
  test.each([
    ['chat', 'text'],
    ['responses', 'text'],
    ['jsonChat', 'json'],
  ])('has the results of a run: %s as %s', async (name, contentType) => {
    const { paths } = bench.writeTriple(await temporaryDirectory(), { kind: kinds[name], requests })
    const ours = bench.workspaceWith(await temporaryDirectory(), paths)
    const theirs = bench.workspaceWith(await temporaryDirectory(), paths)
    const processor = contentType === 'json' ? ['--processor', contender('processor.mjs')] : []
    node(cli, 'run', '--content-type', contentType, ...processor, ours)
    node(contender('reconcile-by-hand.mjs'), theirs, contentType)
    const found = await bench.resultsDigest(resultsOf(ours, '7'))
    expect(found.rows).toBe(requests)
    expect(found).toEqual(await bench.resultsDigest(resultsOf(theirs, '7')))
  })

  test('and its loop over small triples do what a run does', async () => {
    const ours = bench.writeSmallTriples(await temporaryDirectory(), 3)
    const theirs = bench.writeSmallTriples(await temporaryDirectory(), 3)
    node(cli, 'run', ours)
    node(contender('small-by-hand.mjs'), theirs, '1')
    for (const index of ['1', '2', '3']) {
      const found = await bench.resultsDigest(resultsOf(ours, index))
      expect(found.rows).toBe(10)
      expect(found).toEqual(await bench.resultsDigest(resultsOf(theirs, index)))
    }
  })
})

async function counted(way: string, triple: Triple, module: string): Promise<unknown> {
  const { countIds } = (await load(`contenders/count-${way}.mjs`)) as Way
  return countIds({ ...triple, module })
}

interface Way {
  readonly countIds: (options: Triple & { readonly module: string }) => unknown
}

const contender = (name: string): string => join(benchPath, 'contenders', name)

const resultsOf = (root: string, index: string): string =>
  join(root, 'target', `batch_results_${index}.jsonl`)

function node(...args: readonly string[]): string {
  return execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}
