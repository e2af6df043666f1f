import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { ReconcileOptions } from '../engine/options.js'
import { reconciliationError, type BatchReconciliationError } from '../errors.js'
import { systemErrorCode } from '../workspace/system-error-code.js'

/** What a processor module may give; the same fields as in the library's options. */
type Processor = Pick<ReconcileOptions, 'processOutput' | 'processErrors' | 'schema' | 'shouldRetry'>

export interface LoadedProcessor {
  readonly processor: Processor
  /** Functions that the module exports and nobody will call; probably misspelt. */
  readonly unusedExports: readonly string[]
}

/**
 * Loads the module of `--processor`. Its top level runs now, before the workspace is touched.
 *
 * @param path absolute
 * @throws WrongUsage when it cannot be loaded or gives nothing to call
 */
export async function loadProcessor(path: string): Promise<LoadedProcessor> {
  const exported = await importModule(path)
  const names = processorNames.filter((name) => name in exported)
  const { expectedOption } = await import('../engine/parse-options.js')
  for (const name of names) {
    const expected = expectedOption(name, exported[name] ?? null)
    if (expected !== null) throw unusable(path, `exports '${name}', which is not ${expected}.`, exportHint)
  }
  if (names.length === 0) throw unusable(path, exportsNothing(exported), exportHint)
  // Checked above as far as it can be; the signatures are the author's.
  const processor = Object.fromEntries(names.map((name) => [name, exported[name]])) as Processor
  return { processor, unusedExports: unusedFunctions(exported) }
}

const processorNames = [
  'processOutput',
  'processErrors',
  'schema',
  'shouldRetry',
] as const satisfies readonly (keyof Processor)[]

const exportHint = `Export any of ${processorNames.join(', ')} by name: export async function processOutput(row, context) { … }`

async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  if (!existsSync(path)) throw unusable(path, 'does not exist.', 'Check the path given with --processor.')
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>
  } catch (cause) {
    if (systemErrorCode(cause) === 'ERR_UNKNOWN_FILE_EXTENSION') throw notJavaScript(path)
    throw unusable(path, `cannot be loaded: ${reasonOf(cause)}`, 'Mend the module, then run again.', cause)
  }
}

function exportsNothing(exported: object): string {
  const names = Object.keys(exported).slice(0, 10)
  return names.length === 0
    ? 'exports nothing.'
    : `exports ${names.join(', ')}; nothing of that is known here.`
}

function unusedFunctions(exported: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(exported).filter(
    (name) => typeof exported[name] === 'function' && !processorNames.some((known) => known === name),
  )
}

// Type stripping is on from Node 22.18 and 23.6 (nodejs.org, "Modules: TypeScript").
function notJavaScript(path: string): BatchReconciliationError {
  const hint = /\.[cm]?tsx?$/.test(path)
    ? `Node ${process.versions.node} loads no TypeScript; Node 22.18 and later do. Or compile it to .js first.`
    : 'Give a .js, .mjs or .cjs file.'
  return unusable(path, 'is of a kind that this version of Node cannot load.', hint)
}

function unusable(path: string, fault: string, hint: string, cause?: unknown): BatchReconciliationError {
  const message = `The processor ${path} ${fault}`
  return reconciliationError({ code: 'WrongUsage', message, hint, facts: { path } }, { cause })
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
